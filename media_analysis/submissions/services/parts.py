"""Retention of parts: a team's rules remove the original, the copies, the small pictures, the
findings or the personal text of a submission before the whole submission is erased.

A duty of the workers does it. Each removal is one transaction with its event, followed by the
deletion of the bytes; an interrupted run continues with the next submission. Holds, open cases and
appeals, and work in progress keep everything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now
from django.utils.formats import date_format
from django.utils.timezone import localtime

import blobs.services
from accounts.refusals import Refusal
from audit import erasing as audit_erasing
from audit import subjects
from audit.rows import Row
from audit.verbs import Verb
from audit.who import SYSTEM
from blobs.errors import BlobError
from media_analysis.previews.models import Preview
from media_analysis.submissions import hooks
from media_analysis.submissions.models import (
    SENT_WORDS,
    CheckCard,
    Part,
    PartRule,
    Removal,
    Submission,
)
from media_analysis.submissions.services import freeing
from media_analysis.submissions.services.events import record_event
from media_analysis.submissions.services.part_rules import due
from ml import forgetting, metadata, pictures
from ml.models import Analysis, FileMetadata, Thumbnail

log = logging.getLogger("touchstone.erasing")
AT_ONCE = 1000
WHY = "retention"
LABELS = ("shown_name", "remark", "context", "external_id", "language")
"""What the record's commitments to these words are named (`intake`)."""


@dataclass
class Taken:
    """What one removal has done."""

    sizes: dict[str, int] = field(default_factory=dict)
    """By hash: files that had to go, unless another submission needs them."""
    rows: int = 0
    stated: list[Row] = field(default_factory=list)
    """Rows that say something else now, or are gone."""

    @classmethod
    def of(cls, hashes: set[str]) -> Taken:
        """Before anything is deleted."""
        taken = cls()
        taken.add(hashes)
        return taken

    def add(self, hashes: set[str]) -> None:
        self.sizes |= dict(freeing.held(hashes).values_list("pk", "size"))

    @property
    def hashes(self) -> set[str]:
        return set(self.sizes)


def run_due() -> int:
    """A duty of the workers. Returns how many parts were removed."""
    for pk in Removal.objects.filter(ended_at=None).values_list("pk", flat=True)[:AT_ONCE]:
        _guarded(partial(_delete_bytes, pk))
    count = 0
    for rule in PartRule.objects.select_related("team"):
        found = due(rule.team, rule.kind, rule.part, rule.days).values_list("pk", flat=True)
        for submission in list(found[:AT_ONCE]):
            count += _guarded(partial(remove, submission, rule))
    return count


def _guarded(do: Callable[[], bool]) -> bool:
    """What fails is logged and tried again by the next run, and holds up no other removal."""
    try:
        return do()
    except BlobError:  # the store has said why in the log
        return False
    except DatabaseError:
        log.exception("The removal of a part failed and is tried again.")
        connection.close_if_unusable_or_obsolete()
        return False


def remove(submission: UUID, rule: PartRule) -> bool:
    """False if it may no longer be removed, or if another worker is removing it."""
    made = _remove(submission, rule)
    return made is not None and _delete_bytes(made)


@transaction.atomic
def _remove(pk: UUID, rule: PartRule) -> int | None:
    part = Part(rule.part)
    # Locked first, as by every verb that holds it, analyses it or opens a case about it.
    locked = Submission.objects.select_for_update(of=("self",), skip_locked=True)
    if locked.filter(pk=pk).first() is None:
        return None
    submission = due(rule.team, rule.kind, rule.part, rule.days).filter(pk=pk).first()
    if submission is None:
        return None
    taken = _take[part](submission, rule)
    left = freeing.held(taken.hashes)
    gone = sorted(taken.hashes - set(left.values_list("pk", flat=True)))
    made = Removal.objects.create(
        submission=submission, part=part, days=rule.days, rows=taken.rows, blobs=gone,
        bytes=sum(taken.sizes[sha256] for sha256 in gone), shared=len(taken.hashes) - len(gone),
    )  # fmt: skip
    record_event(
        submission, SYSTEM, Verb.SUBMISSION_PART_REMOVED, why=WHY, rows=[made, *taken.stated],
        data={"part": part.value, "days": rule.days, "rows": made.rows, "bytes": made.bytes,
              "files": len(gone), "files_shared": made.shared},
    )  # fmt: skip
    return made.pk


def _take_original(submission: Submission, rule: PartRule) -> Taken:
    taken = Taken.of({submission.blob_id})
    freeing.free_original(submission.blob_id, but=submission.pk)
    return taken


def _take_copies(submission: Submission, rule: PartRule) -> Taken:
    copies = Preview.objects.filter(source=submission.blob_id, film__isnull=False)
    taken = Taken.of(set(copies.values_list("film", flat=True)))
    taken.rows = int(freeing.free_copy(submission.blob_id, but=submission.pk))
    for hook in hooks.copies_removed:
        rows, hashes = hook(submission.pk)
        taken.add(hashes)
        taken.rows += len(rows)
        taken.stated += rows
        for sha256 in sorted(hashes):
            freeing.delete_blob(sha256)
    return taken


def _take_pictures(submission: Submission, rule: PartRule) -> Taken:
    rows = Thumbnail.objects.filter(analysis__chain=submission.pk)
    pks = list(rows.values_list("pk", flat=True))
    taken = Taken.of(pictures.sheets_of(submission.pk))
    taken.rows = len(pks)
    if not pks:
        return taken
    _permit(submission, rule, [(Thumbnail, pks)])
    found: Any = Thumbnail._base_manager.filter(pk__in=pks)
    found._raw_delete(found.db)
    for sha256 in sorted(taken.hashes):
        freeing.delete_blob(sha256)
    taken.stated = list(Analysis.objects.filter(chain=submission.pk))
    return taken


def _take_findings(submission: Submission, rule: PartRule) -> Taken:
    taken = Taken()
    if not (gone := forgetting.found_in(submission.pk)):
        return taken
    taken.rows = sum(len(pks) for _, pks in gone)
    _permit(submission, rule, gone)
    forgetting.remove(gone)
    CheckCard.objects.filter(card=submission.pk).delete()
    taken.stated = list(Analysis.objects.filter(chain=submission.pk))
    return taken


def _take_text(submission: Submission, rule: PartRule) -> Taken:
    """The words, and the file's metadata, which may hold names and places."""
    taken = Taken.of(metadata.sheets_of(submission.pk))
    kept = FileMetadata.objects.filter(analysis__chain=submission.pk)
    if kept.exists():
        taken.rows += kept.delete()[0]
        taken.stated += Analysis.objects.filter(chain=submission.pk)
    for sha256 in sorted(taken.hashes):
        freeing.delete_blob(sha256)
    taken.rows += sum(hook(submission.pk) for hook in hooks.text_removed)
    taken.rows += subjects.forget(submission.pk, LABELS)
    if any(getattr(submission, name) for name in SENT_WORDS):
        _permit(submission, rule, [(Submission, [submission.pk])])
        Submission.objects.filter(pk=submission.pk).update(**dict.fromkeys(SENT_WORDS, ""))
        taken.rows += 1
        taken.stated.append(submission)
    return taken


_take: dict[Part, Callable[[Submission, PartRule], Taken]] = {
    Part.ORIGINAL: _take_original,
    Part.COPIES: _take_copies,
    Part.PICTURES: _take_pictures,
    Part.FINDINGS: _take_findings,
    Part.TEXT: _take_text,
}


def _permit(submission: Submission, rule: PartRule, rows: list[audit_erasing.Gone]) -> None:
    audit_erasing.permit_part(
        chain=submission.pk, who=SYSTEM, object_sha256=submission.blob_id, why=WHY, parts=rows,
        data={"part": rule.part, "days": rule.days},
    )  # fmt: skip


def _delete_bytes(pk: int) -> bool:
    """What a kill or an outage has left. Bytes that came in again since then belong to others."""
    removal = Removal.objects.filter(pk=pk, ended_at=None).first()
    if removal is None:
        return False
    for sha256 in removal.blobs:
        blobs.services.remove_unclaimed(sha256)
    return bool(Removal.objects.filter(pk=pk, ended_at=None).update(ended_at=Now()))


def keeps_text(submission: UUID) -> bool:
    """Whether what an analysis reads of personal text may be kept."""
    return not Removal.objects.filter(submission=submission, part=Part.TEXT).exists()


def require(submission: Submission, part: Part) -> None:
    """Refuses with the date where a rule has removed this part."""
    if when := submission.removed_parts.get(part):
        raise Refusal(f"{part.value}_removed", when=_day(when))


def require_media(submission: Submission) -> None:
    """Refuses a further analysis of media of which a rule has removed a part."""
    if Removal.objects.of_media().filter(submission=submission).exists():
        raise Refusal("media_removed")


def sentences(submission: Submission) -> dict[str, str]:
    """By part: what pages say where it would be."""
    return {
        part: Refusal(f"{part}_removed", when=_day(when)).sentence
        for part, when in submission.removed_parts.items()
    }


def _day(when: datetime) -> str:
    return date_format(localtime(when), "SHORT_DATE_FORMAT")
