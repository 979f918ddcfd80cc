"""One address: fetched, and submitted like any other media. Run by the worker's couriers."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction

import blobs.errors
from accounts.actors import Actor, sender_again
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.sealing import Unreadable, unseal
from jobs.claims import Claim
from jobs.errors import Outage
from jobs.models import Priority, State
from jobs.services import finish, postpone
from jobs.timing import growing_pause
from media_analysis.batches import reasons
from media_analysis.batches.models import BatchItem
from media_analysis.batches.services import completing
from media_analysis.batches.services.receiving import PURPOSE
from media_analysis.batches.services.sources import is_allowed
from media_analysis.submissions.services import intake, quotas, spool
from outbound.fetching import Fetched, TooLarge, fetch
from outbound.sending import Failed, Refused, retry_after

MOST_TRIES = 6
LONGEST_PAUSE = 7200.0
LONGEST_WISH = 600.0
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
MISSING = "missing"
"""For a test key, the name of a file whose address answers 404."""
PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def run(claim: Claim) -> None:
    whole = BatchItem.objects.select_related(
        "batch__team", "batch__service", "batch__api_key", "batch__user"
    )
    item = whole.get(pk=claim.pk)
    claim.raise_if_stopped()
    batch = item.batch
    actor = sender_again(batch.user, batch.service, batch.api_key, via="batch")
    if actor is None or not actor.can(Permission.SUBMIT_MEDIA, item.batch.team_id):
        _refuse(claim, item, "sender_gone")
        return
    try:
        _take(claim, item, actor)
    except Refused as refused:
        _refuse(claim, item, refused.code)
    except TooLarge:
        refusal = intake.too_large()
        _refuse(claim, item, refusal.code, **refusal.data)
    except Unreadable:
        _refuse(claim, item, "unreadable")
    except Failed as failed:
        _again(claim, item, failed.code)
    except Refusal as refusal:
        if refusal.code in intake.OUTAGES:
            raise Outage(blobs.errors.StoreUnavailable.code) from refusal
        _refuse(claim, item, refusal.code, **refusal.data)


def _take(claim: Claim, item: BatchItem, actor: Actor) -> None:
    if item.batch.team.is_test:
        _take_canned(claim, item, actor)
        return
    team = item.batch.team
    quotas.require_room(actor, team)
    with spool.unnamed() as file:
        got = fetch(
            unseal(item.sealed_url, purpose=PURPOSE),
            file,
            seconds=settings.FETCH_SECONDS,
            most_bytes=settings.MAX_UPLOAD_BYTES,
            allowed=settings.OUTBOUND_ALLOWED_NETWORKS,
            may_ask=lambda host: is_allowed(team.pk, host),
        )
        if got.status != 200:
            _not_there(claim, item, got)
            return
        claim.raise_if_stopped()
        file.seek(0)
        _submit(claim, item, actor, file)


def _submit(claim: Claim, item: BatchItem, actor: Actor, file: BinaryIO) -> None:
    intake.submit(
        actor, item.batch.team, file, item.filename, note=item.note,
        policy_context=item.policy_context, external_id=item.external_id, language=item.language,
        priority=Priority.BATCH,
        also=lambda received: _done(claim, item, received),
    )  # fmt: skip


def _take_canned(claim: Claim, item: BatchItem, actor: Actor) -> None:
    """For test keys nothing is fetched. One small picture replaces every file."""
    if item.filename.partition(".")[0].lower() == MISSING:
        _refuse(claim, item, "refused", status=404)
        return
    _submit(claim, item, actor, BytesIO(PICTURE))


def _not_there(claim: Claim, item: BatchItem, got: Fetched) -> None:
    if got.status in AGAIN:
        wish = retry_after(got.wish, LONGEST_WISH)
        _again(claim, item, "refused", wish, status=got.status)
    else:
        _refuse(claim, item, "refused", status=got.status)


def _done(claim: Claim, item: BatchItem, received: intake.Received) -> None:
    """Inside the transaction that writes the submission: a worker that lost its lease writes
    neither, so an address becomes one submission at most."""
    finish(claim, State.DONE, submission=received.submission, sealed_url="")
    completing.look(item.batch_id)


def _refuse(claim: Claim, item: BatchItem, code: str, **data: Any) -> None:
    reason = reasons.as_text(data)
    with transaction.atomic():
        finish(claim, State.REJECTED, reason_code=code, reason=reason, sealed_url="")
        completing.look(item.batch_id)


def _again(claim: Claim, item: BatchItem, code: str, wish: float = 0.0, **data: Any) -> None:
    """After 5, 20, 80 s and so on, each times 0.5 to 1.5; after the last try it is refused."""
    tries = item.tries + 1
    if tries >= MOST_TRIES:
        _refuse(claim, item, code, tries=tries, **data)
        return
    pause = growing_pause(tries, settings.FETCH_BACKOFF_SECONDS, LONGEST_PAUSE)
    postpone(claim, max(pause, wish), reasons.as_text(data), code, tries=tries)
