"""A complete upload leaves quarantine: read as a stream, and submitted like any other media. Run by
the worker's couriers, for it waits for the network."""

from __future__ import annotations

import hashlib
import json
from typing import BinaryIO, cast

from django.db import transaction

import blobs.errors
from accounts.actors import ANONYMOUS, sender_again
from accounts.refusals import Refusal
from blobs import quarantine
from jobs.claims import Claim
from jobs.errors import LeaseLost
from jobs.failpoints import failpoint
from jobs.models import State
from jobs.services import finish, postpone
from jobs.timing import growing_pause
from media_analysis.submissions.services import intake
from media_analysis.uploads.direct_models import DirectUpload
from media_analysis.uploads.services.announcing import forget
from media_analysis.uploads.services.uploading import FOR_NOW, as_submission

OUTAGE_SECONDS = 5.0
"""About so long until it is tried again, as often as it takes."""


def run(claim: Claim) -> None:
    whole = DirectUpload.objects.select_related("team", "service", "api_key", "user")
    upload = whole.get(pk=claim.pk)
    claim.raise_if_stopped()
    try:
        if upload.completed_at is None:
            _expire(claim, upload)
            return
        _receive(claim, upload)
    except blobs.errors.StoreUnavailable:
        _later(claim)
        return
    except (quarantine.NotThere, quarantine.PartsDiffer) as error:
        _refuse(claim, Refusal(error.code))
    except Refusal as refusal:
        if refusal.code in FOR_NOW:
            _later(claim)
            return
        _refuse(claim, refusal)
    failpoint("upload_received")
    forget(upload.name, upload.store_upload)


def _receive(claim: Claim, upload: DirectUpload) -> None:
    again = sender_again(upload.user, upload.service, upload.api_key, via="upload")
    actor = again or ANONYMOUS
    parts = [
        quarantine.Part(number, size, etag)
        for number, (size, etag) in enumerate(zip(upload.sizes, upload.etags, strict=True), 1)
    ]
    quarantine.put_together(upload.name, upload.store_upload, parts)
    failpoint("upload_put_together")
    name, words = as_submission(actor, upload.words)

    def done(received: intake.Received) -> None:
        """Inside the transaction that writes the submission: a worker that lost its lease writes
        neither, so an upload becomes one submission at most."""
        finish(claim, State.DONE, submission=received.submission)

    with quarantine.opened(upload.name) as body:
        stream = cast(BinaryIO, _Announced(body, upload, claim))
        intake.submit(actor, upload.team, stream, name, also=done, **words)


class _Announced:
    """The bytes, as long as they are those that were announced."""

    def __init__(self, body: BinaryIO, upload: DirectUpload, claim: Claim) -> None:
        self._body, self._upload, self._claim = body, upload, claim
        self._hasher, self._read = hashlib.sha256(), 0

    def read(self, size: int) -> bytes:
        self._claim.raise_if_stopped()
        chunk = self._body.read(size)
        self._read += len(chunk)
        self._claim.progress(self._read / self._upload.length)
        if self._upload.sha256:
            self._hasher.update(chunk)
        if self._read > self._upload.length or (not chunk and self._read < self._upload.length):
            raise Refusal("parts_changed")
        if not chunk and self._upload.sha256 not in ("", self._hasher.hexdigest()):
            raise Refusal("digest_differs")
        return chunk


def _expire(claim: Claim, upload: DirectUpload) -> None:
    """As if it had never been announced; its key may be used again."""
    quarantine.forget(upload.name, upload.store_upload)
    mine = DirectUpload.objects.filter(pk=claim.pk, fence=claim.fence, state=State.RUNNING)
    if not mine.delete()[0]:
        raise LeaseLost(f"{claim.pk} is no longer ours")


def _later(claim: Claim) -> None:
    postpone(claim, growing_pause(1, OUTAGE_SECONDS, OUTAGE_SECONDS), "{}", "transient")


def _refuse(claim: Claim, refusal: Refusal) -> None:
    reason = json.dumps(refusal.data, sort_keys=True, default=str)
    with transaction.atomic():
        finish(claim, State.REJECTED, reason_code=refusal.code, reason=reason)
