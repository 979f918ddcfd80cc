"""The rules of retention by part: what a team chose, what a choice would remove, what is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.db.models.functions import Length, Now

from accounts.models import Team
from accounts.refusals import Refusal
from blobs.models import Blob
from jobs.models import UNDER_WAY
from media_analysis.previews.models import Preview
from media_analysis.submissions import hooks
from media_analysis.submissions.models import (
    Erasure,
    Hold,
    MediaKind,
    Part,
    PartRule,
    Removal,
    Submission,
)
from media_analysis.submissions.services import freeing
from ml.models import Analysis, Thumbnail

OFFERED = tuple(
    (kind, part)
    for kind in MediaKind
    for part in Part
    if (kind, part) != (MediaKind.IMAGE, Part.COPIES)  # there are none
)

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
