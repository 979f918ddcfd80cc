"""Retention of parts: a team's rules remove the original, the copies, the small pictures, the
findings or the personal text of a submission before the whole submission is erased.

A duty of the workers does it. Each removal is one transaction with its event, followed by the
deletion of the bytes; an interrupted run continues with the next submission. Holds, open cases and
appeals, and work in progress keep everything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.db.models.functions import Length, Now
from django.utils.formats import date_format
from django.utils.timezone import localtime

import blobs.services
from accounts.models import Team
from accounts.refusals import Refusal
from audit import erasing as audit_erasing
from audit import subjects
from audit.rows import Row
from audit.verbs import Verb
from audit.who import SYSTEM
from blobs.errors import BlobError
from blobs.models import Blob
from jobs.models import UNDER_WAY
from media_analysis.previews.models import Preview
from media_analysis.submissions import hooks
from media_analysis.submissions.models import (
    SENT_WORDS,
    CheckCard,
    Erasure,
    Hold,
    MediaKind,
    Part,
    PartRule,
    Removal,
    Submission,
)
from media_analysis.submissions.services import freeing
from media_analysis.submissions.services.events import record_event
from ml import forgetting, metadata, pictures
from ml.models import Analysis, FileMetadata, Thumbnail

log = logging.getLogger("touchstone.erasing")
AT_ONCE = 1000
WHY = "retention"
OFFERED = tuple(
    (kind, part)
    for kind in MediaKind
    for part in Part
    if (kind, part) != (MediaKind.IMAGE, Part.COPIES)  # there are none
)
LABELS = ("shown_name", "remark", "context", "external_id", "language")
"""What the record's commitments to these words are named (`intake`)."""

Days = Mapping[tuple[str, str], int | None]
"""Days by kind of media and part; None keeps the part as long as the submission."""


@dataclass(frozen=True)
class Line:
    """What one rule would remove at its first run."""

    kind: str
    part: str
    submissions: int
    kept: int
    """Old enough, and still needed."""
    bytes: int | None
    """None for rows alone, which take next to nothing."""

    @property
    def kind_label(self) -> str:
        return str(MediaKind(self.kind).label)

    @property
    def part_label(self) -> str:
        return str(Part(self.part).label)


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


def rules(team: Team) -> dict[tuple[str, str], int | None]:
    found = PartRule.objects.filter(team=team).values_list("kind", "part", "days")
    days = {(kind, part): number for kind, part, number in found}
    return {(kind.value, part.value): days.get((kind, part)) for kind, part in OFFERED}


def check(days: Days, whole: Mapping[str, int | None], longest: int) -> None:
    for (kind, part), number in days.items():
        if number is None:
            continue
        if (kind, part) not in OFFERED or not 1 <= number <= longest:
            raise Refusal("retention_days", most=longest)
        latest = whole.get(kind)
        if latest is not None and number >= latest:
            raise Refusal("retention_part_days", days=latest)


def dry_run(team: Team, days: Days) -> list[Line]:
    return [
        _line(team, kind, Part(part), number)
        for (kind, part), number in days.items()
        if number is not None
    ]


def _line(team: Team, kind: str, part: Part, days: int) -> Line:
    found = due(team, kind, part.value, days)
    count = found.count()
    erased = Exists(Erasure.objects.filter(submission=OuterRef("pk")))
    old = _old(team, kind, part.value, days).filter(planted=False).exclude(erased).count()
    size = _sizes.get(part)
    return Line(kind, part.value, count, old - count, size and (size(found) if count else 0))


def _of_originals(found: QuerySet[Submission]) -> int:
    return _sum(Blob.objects.filter(pk__in=_last_of(found, Part.ORIGINAL)))


def _of_copies(found: QuerySet[Submission]) -> int:
    copies = Preview.objects.filter(source__in=_last_of(found, Part.COPIES), film__isnull=False)
    return _sum(Blob.objects.filter(pk__in=copies.values("film")))


def _last_of(found: QuerySet[Submission], part: Part) -> QuerySet[Any, Any]:
    """Hashes of originals that no other submission keeps for this part."""
    others = freeing.with_part(part).filter(blob=OuterRef("blob"))
    kept = Exists(others.exclude(pk__in=found.order_by().values("pk")))
    return found.exclude(kept).order_by().values("blob")


def _of_pictures(found: QuerySet[Submission]) -> int:
    mine = Thumbnail.objects.filter(analysis__chain__in=found.order_by().values("pk"))
    stored = _sum(Blob.objects.filter(pk__in=mine.exclude(sheet=None).values("sheet")))
    return stored + (mine.aggregate(size=Sum(Length("png")))["size"] or 0)


def _sum(found: QuerySet[Blob]) -> int:
    return int(found.aggregate(size=Sum("size"))["size"] or 0)


_sizes: dict[Part, Callable[[QuerySet[Submission]], int]] = {
    Part.ORIGINAL: _of_originals,
    Part.COPIES: _of_copies,
    Part.PICTURES: _of_pictures,
}


def due(team: Team, kind: str, part: str, days: int) -> QuerySet[Submission]:
    return _may_go(_old(team, kind, part, days)).order_by("created_at", "pk")


def _old(team: Team, kind: str, part: str, days: int) -> QuerySet[Submission]:
    """Those that still have the part, for longer than the rule says."""
    old = Now() - timedelta(days=days)
    gone = Removal.objects.filter(submission=OuterRef("pk"), part=part)
    found = Submission.objects.filter(team=team, card__kind=kind, card__received_at__lt=old)
    return found.exclude(Exists(gone))


def _may_go(found: QuerySet[Submission]) -> QuerySet[Submission]:
    """Without what a hold, a person or a worker still needs, and what is erased anyway."""
    here = OuterRef("pk")
    found = found.filter(planted=False)
    found = found.exclude(Exists(Hold.objects.in_force().filter(submission=here)))
    found = found.exclude(Exists(Erasure.objects.filter(submission=here)))
    found = found.exclude(Exists(Analysis.objects.filter(chain=here, state__in=UNDER_WAY)))
    copies = Preview.objects.filter(source=OuterRef("blob"), state__in=UNDER_WAY)
    found = found.exclude(Exists(copies))
    for condition in hooks.keeps_media:
        found = found.exclude(condition())
    return found


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
