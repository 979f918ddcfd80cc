"""Erasing a submission: ordered by a request, a retention rule or an operator; done by the worker.

Two steps, so that a kill between them loses nothing. First one transaction: the event that names
every row as gone, the rows, the personal text beside the record with its key, and the rows of media
that no other submission needs. Then the bytes. The event at the end is the proof; the chain keeps
hashes and ids and still verifies.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.db.models.functions import Now

import blobs.services
import ml.services
from accounts.actors import Actor
from accounts.roles import Permission
from audit import erasing, rows
from audit.erasing import Gone
from audit.services import record
from audit.subjects import erase_subject
from audit.verbs import Verb
from audit.who import SYSTEM, Who
from blobs.errors import BlobError
from jobs.models import UNDER_WAY
from media_analysis.care.models import Exposure
from media_analysis.previews.models import Preview
from media_analysis.submissions import hooks
from media_analysis.submissions.models import (
    CheckCard,
    DeletionRequest,
    Erasure,
    Hold,
    IndexCard,
    Removal,
    SearchText,
    Submission,
)
from media_analysis.submissions.services import freeing
from media_analysis.submissions.services.events import record_event
from ml import metadata, pictures
from ml.models import Analysis, FileMetadata, FindingRow, Thumbnail

log = logging.getLogger("touchstone.erasing")
AT_ONCE, MOST_LISTED = 100, 50


def order(submission: Submission, who: Who, because: str) -> Erasure:
    """In the caller's transaction. A request can be withdrawn until the erasure is due."""
    delay = settings.ERASURE_DELAY_SECONDS if because == "request" else 0
    made = Erasure.objects.create(
        team_id=submission.team_id, submission=submission.pk, because=because,
        ordered_by=who.ref, due_at=Now() + timedelta(seconds=delay),
    )  # fmt: skip
    _event(made, Verb.SUBMISSION_ERASURE_ORDERED, who, submission.blob_id)
    return made


def call_off(submission: Submission, who: Who) -> bool:
    """In the caller's transaction. False when it is too late, or none was ordered."""
    not_begun = Erasure.objects.not_begun().select_for_update()
    ordered = not_begun.filter(submission=submission.pk).first()
    if ordered is None:
        return False
    Erasure.objects.filter(pk=ordered.pk).delete()
    verb = Verb.SUBMISSION_ERASURE_CALLED_OFF
    record_event(submission, who, verb, rows=[(Erasure, ordered.pk)])
    return True


def ordered_for(submission: Submission) -> Erasure | None:
    return Erasure.objects.filter(submission=submission.pk).first()


def was_erased(actor: Actor, permission: Permission, pk: uuid.UUID) -> bool:
    """For the team that had it. Its sender is erased too, so this is always False for a key that
    reads only what its own partner sent."""
    if actor.reads_own_only:
        return False
    gone = Erasure.objects.filter(submission=pk, deleted_at__isnull=False)
    return gone.filter(team_id__in=actor.team_ids(permission)).exists()


def run_due() -> int:
    """A duty of the workers, and `manage.py erase run`. Returns how many erasures ended."""
    due = Erasure.objects.filter(ended_at__isnull=True, due_at__lte=Now()).exclude(waits="held")
    return sum(
        carry_out(pk) for pk in due.order_by("due_at").values_list("pk", flat=True)[:AT_ONCE]
    )


def carry_out(pk: uuid.UUID) -> bool:
    """As far as it goes now; True when the submission is erased. What fails is logged and tried
    again by the next run, and holds up no other erasure."""
    try:
        return _delete_rows(pk) and _delete_bytes(pk)
    except BlobError:  # the store has said why in the log
        Erasure.objects.filter(pk=pk, ended_at__isnull=True).update(waits="store")
    except DatabaseError:
        log.exception("The erasure %s failed and is tried again.", pk)
        connection.close_if_unusable_or_obsolete()
    return False


@transaction.atomic
def _delete_rows(pk: uuid.UUID) -> bool:
    """False while something prevents the erasure; the row then states what."""
    # The submission first, as every verb about it does: nobody waits for the other.
    about = Erasure.objects.filter(pk=pk).values("submission")
    submission = Submission.objects.select_for_update(of=("self",)).filter(pk__in=about).first()
    erasure = Erasure.objects.select_for_update().filter(pk=pk, ended_at__isnull=True).first()
    if erasure is None:
        return False  # called off, or ended by another worker
    if erasure.deleted_at is not None:
        return True
    assert submission is not None  # deleted_at and its row go together
    if Hold.objects.in_force().filter(submission=submission).exists():
        return _wait(erasure, "held")
    analyses = list(Analysis.objects.select_for_update().filter(chain=submission.pk))
    if not _all_ended(submission, analyses):
        return _wait(erasure, "under_way")
    for hook in hooks.erasure_begins:
        hook(submission, erasure.because)
    hashes = {submission.blob_id, *(one.blob_id for one in analyses)}
    films = set(
        Preview.objects.filter(source__in=hashes, film__isnull=False).values_list("film", flat=True)
    )
    sheets = pictures.sheets_of(submission.pk) | metadata.sheets_of(submission.pk)
    sheets = sheets.union(*(hook(submission.pk) for hook in hooks.blobs_erased_with))
    counts = _delete_about(submission, erasure)
    shared = _free_media(hashes)
    for sheet in sorted(sheets):
        _delete_blob(sheet)
    stored = hashes | films | sheets
    left = set(freeing.held(stored).values_list("pk", flat=True))
    Erasure.objects.filter(pk=pk).update(
        deleted_at=Now(), waits="", blobs=sorted(stored - left), counts=counts,
        shared=shared,
    )  # fmt: skip
    return True


def _all_ended(submission: Submission, analyses: Sequence[Analysis]) -> bool:
    """Cancels those that are under way. False while a worker still has one."""
    busy = [one for one in analyses if one.state in UNDER_WAY]
    for one in busy:
        ml.services.cancel(one.pk, SYSTEM)
    if not busy:
        return True
    return not Analysis.objects.filter(chain=submission.pk, state__in=UNDER_WAY).exists()


def _delete_about(submission: Submission, erasure: Erasure) -> dict[str, int]:
    """Deletes every row and the personal text, with the event that permits it. Returns how many
    rows by table."""
    gone = [(model, pks) for model, pks in _rows_of(submission) if pks]
    counts = {model._meta.db_table: len(pks) for model, pks in gone}
    on_record = {table.model for table in rows.tables()}
    erasing.permit(
        chain=submission.pk, who=SYSTEM, object_sha256=submission.blob_id, why=erasure.because,
        rows=[one for one in gone if one[0] in on_record],
        parts=[one for one in gone if one[0] in (FindingRow, Thumbnail)],
        data={"ordered_by": erasure.ordered_by, "counts": counts},
    )  # fmt: skip
    for model, pks in gone:
        _delete(model, pks)
    erase_subject(submission.pk, who=SYSTEM, why=erasure.because, chain=submission.pk)
    return counts


def _free_media(hashes: Collection[str]) -> int:
    """Deletes the media that no other submission has. Returns how many others still need; they
    may have parted with theirs before."""
    kept = [sha256 for sha256 in sorted(hashes) if not _delete_blob(sha256)]
    shared = sum(not freeing.free_original(sha256) for sha256 in kept)
    for sha256 in kept:
        freeing.free_copy(sha256)
    return shared


def _wait(erasure: Erasure, why: str) -> bool:
    Erasure.objects.filter(pk=erasure.pk).update(waits=why)
    return False


def _rows_of(submission: Submission) -> list[Gone]:
    """Every row about it, those of the apps above us included."""
    key, of_analyses = submission.pk, {"analysis__chain": submission.pk}
    own = [
        DeletionRequest.objects.filter(submission=key),
        Hold.objects.filter(submission=key),
        Removal.objects.filter(submission=key),
        Exposure.objects.filter(submission=key),
        SearchText.objects.filter(pk=key),
        CheckCard.objects.filter(card=key),
        IndexCard.objects.filter(pk=key),
        FindingRow.objects.filter(**of_analyses),
        Thumbnail.objects.filter(**of_analyses),
        FileMetadata.objects.filter(**of_analyses),
        Submission.objects.filter(pk=key),
        Analysis.objects.filter(chain=key),
    ]
    above = [one for hook in hooks.erased_with for one in hook(key)]
    return [(found.model, list(found.values_list("pk", flat=True))) for found in [*above, *own]]


def _delete(model: type[Model], pks: Sequence[Any]) -> None:
    """Past Django's own cascade, which would look for rows that are gone or go with this one. The
    database checks every reference at the end of the transaction."""
    found: Any = model._base_manager.filter(pk__in=pks)
    found._raw_delete(found.db)


def _delete_blob(sha256: str) -> bool:
    return freeing.delete_blob(sha256, why="its_submission_was_erased")


def _delete_bytes(pk: uuid.UUID) -> bool:
    """What a kill or an outage has left. Bytes that came in again since then belong to others."""
    erasure = Erasure.objects.get(pk=pk)
    for sha256 in erasure.blobs:
        blobs.services.remove_unclaimed(sha256)
    with transaction.atomic():
        if not Erasure.objects.filter(pk=pk, ended_at__isnull=True).update(
            ended_at=Now(), waits=""
        ):
            return False
        erasure.refresh_from_db()
        _event(
            erasure, Verb.SUBMISSION_ERASED, SYSTEM, "", rows=sum(erasure.counts.values()),
            files=len(erasure.blobs), files_shared=erasure.shared,
        )  # fmt: skip
    return True


def _event(erasure: Erasure, verb: Verb, who: Who, sha256: str, **data: int) -> None:
    record(
        chain=erasure.submission, verb=verb, who=who, object_type="submission",
        object_id=erasure.submission, object_sha256=sha256, why=erasure.because, data=data,
        rows=[erasure],
    )  # fmt: skip


def listed(actor: Actor) -> list[Erasure]:
    """The newest in the teams in which the actor may ask for deletion."""
    mine = Erasure.objects.for_actor(actor, Permission.REQUEST_DELETION)
    return list(mine.select_related("team")[:MOST_LISTED])
