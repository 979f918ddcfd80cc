"""The verbs of looking at a film: have a copy prepared, make it, open it.

The row is a job in the background: a verdict never waits for it. Bytes first, row second: the copy
lies in the vault before the transaction that speaks of it, and a worker that is killed before
leaves nothing that anybody could see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models import ProtectedError

import blobs.services
from audit.rows import Row
from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM, Who, worker
from blobs.models import Blob
from jobs.bell import ring_on_commit
from jobs.claims import Claim
from jobs.errors import Interrupted, Why
from jobs.failpoints import failpoint
from jobs.models import State
from jobs.registry import Move
from jobs.runner import through_outage
from jobs.services import finish, requeue_parked
from media_analysis.previews.models import PRIORITY, Preview
from media_analysis.previews.services.rendering import Made, Stopped, make
from media_analysis.previews.yield_timer import should_stop
from ml.engine.contract import Result
from ml.failures import classify_failures
from ml.models import Analysis
from sandbox.types import Rejected

KINDS = ("video", "audio")


def may_be_made(media: Mapping[str, Any] | None) -> bool:
    """A film or a sound, not longer than copies are made of here."""
    if not media or media.get("kind") not in KINDS:
        return False
    longest: int = settings.PREVIEW_MAX_SECONDS
    return longest > 0 and (media.get("duration") or 0.0) <= longest


def after_analysis(analysis: Analysis, _result: Result) -> None:
    """In the transaction that ends the analysis; a rejected one has no media."""
    if may_be_made(analysis.media):
        order(analysis.blob)


def order(blob: Blob) -> bool:
    """In the caller's transaction. False when there is one, whatever became of it."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a copy is ordered with what it is for")
    made = Preview.objects.bulk_create(
        [Preview(source=blob, priority=PRIORITY)], ignore_conflicts=True
    )[0]
    if not Preview.objects.filter(pk=made.pk).exists():
        return False
    ring_on_commit(made)
    return True


def order_again(blob: Blob, who: Who) -> bool:
    """A person asks: for one that was never made, or that was set aside."""
    with transaction.atomic():
        if order(blob):
            return True
        found = Preview.objects.get(source=blob)
        if not requeue_parked(Preview, found.pk, by=who):
            return False
        ring_on_commit(found)
    return True


def run(claim: Claim) -> None:
    """Make the copy that was claimed. Registered with `jobs` as the runner."""
    source = Preview.objects.select_related("source").get(pk=claim.pk).source
    with TemporaryFile() as copy:
        try:
            made = _make(claim, source, cast(BinaryIO, copy))
        except Rejected as refusal:
            reason = refusal
            through_outage(lambda: _refused(claim, source, reason), claim.lease_seconds)
            return
        copy.seek(0)
        with classify_failures(claim, "the copy"):
            stored = blobs.services.store(cast(BinaryIO, copy))
    failpoint("preview_stored")
    through_outage(lambda: _conclude(claim, source, stored, made), claim.lease_seconds)


def _make(claim: Claim, source: Blob, copy: BinaryIO) -> Made:
    try:
        with classify_failures(claim, "the copy"), blobs.services.opened(source) as file:
            return make(
                file,
                copy,
                max_seconds=settings.PREVIEW_MAX_SECONDS or 1,
                progress=lambda share: claim.progress(share, "preparing the film"),
                should_stop=should_stop(claim, Preview),
            )
    except Stopped as error:
        raise Interrupted(Why.SHUTDOWN) from error


@transaction.atomic
def _conclude(claim: Claim, source: Blob, stored: blobs.services.Stored, made: Made) -> None:
    film = blobs.services.register(stored, made.media_type, who=worker(claim.worker))
    finish(claim, State.DONE, film=film, seconds=made.seconds, fps=made.fps, made_in=made.took)
    _event(source, Verb.PREVIEW_MADE, worker(claim.worker), rows=[(Preview, claim.pk)],
           film=film.pk, size=film.size)  # fmt: skip
    failpoint("preview_before_commit")


@transaction.atomic
def _refused(claim: Claim, source: Blob, refusal: Rejected) -> None:
    finish(claim, State.REJECTED, reason_code=refusal.code, reason=refusal.sentence)
    _event(source, Verb.PREVIEW_NOT_MADE, worker(claim.worker), why=refusal.code)


def moved(move: Move) -> None:
    """Set aside: on the record of the original. The other moves change nothing that is kept."""
    if move.state is State.PARKED:
        source = Preview.objects.select_related("source").get(pk=move.pk).source
        _event(source, Verb.PREVIEW_NOT_MADE, worker(str(move.by)), why=move.code)


def forget_film(instance: Preview, **_: Any) -> None:
    """After a row was deleted: its film too, unless somebody sent the very same bytes."""
    if instance.film_id is None:
        return
    with transaction.atomic():
        record(
            chain=blobs.services.blob_chain(instance.source_id), verb=Verb.PREVIEW_REMOVED,
            who=SYSTEM, object_type="blob", object_id=instance.source_id,
            object_sha256=instance.source_id, why="its_original_was_deleted",
            rows=[(Preview, instance.pk)],
        )  # fmt: skip
        try:
            with transaction.atomic():
                blobs.services.delete(instance.film_id, who=SYSTEM, why="its_original_was_deleted")
        except ProtectedError:
            return


def _event(
    source: Blob, verb: Verb, who: Who, why: str = "", rows: Sequence[Row] = (), **data: Any
) -> None:
    record(
        chain=blobs.services.blob_chain(source.pk),
        verb=verb,
        who=who,
        object_type="blob",
        object_id=source.pk,
        object_sha256=source.pk,
        why=why,
        data=data,
        rows=rows,
    )
