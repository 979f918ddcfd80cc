"""What a backfill will cost, before it starts: counted and measured, never assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, F, QuerySet, Sum

from jobs.models import WorkerHeartbeat
from jobs.timing import InSeconds
from media_analysis.backfill.models import Backfill
from media_analysis.backfill.selection import TO_DO, Selection, with_reasons

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Estimate:
    files: dict[str, int]
    """To analyse, by kind of media."""
    seconds: dict[str, float]
    """How long a slot works on them, by kind of media."""
    unmeasured: int
    """The number of files of a kind that was never analysed here. They are not in `seconds`."""
    skipped: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.files.values())

    @property
    def total_seconds(self) -> float:
        return sum(self.seconds.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "files": self.files, "seconds": self.seconds, "unmeasured": self.unmeasured,
            "skipped": self.skipped,
        }  # fmt: skip

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Estimate:
        return cls(values["files"], values["seconds"], values["unmeasured"], values["skipped"])


def estimate(run: Backfill) -> Estimate:
    """From how long the same files took when they were last analysed. The engine of today may need
    more or less; a running backfill measures that itself (`seconds_left`)."""
    found = with_reasons(Selection.of_json(run.selection).submissions(run.team_id), run)
    reasons = found.order_by().values("why_not").annotate(n=Count("pk"))
    skipped = {row["why_not"]: row["n"] for row in reasons if row["why_not"] != TO_DO}
    files, seconds, unmeasured = _measured(found.filter(why_not=TO_DO))
    return Estimate(files, seconds, unmeasured, skipped)


def _measured(to_do: QuerySet[Any]) -> tuple[dict[str, int], dict[str, float], int]:
    """Those without a duration of their own count as the mean of their kind."""
    files: dict[str, int] = {}
    seconds: dict[str, float] = {}
    unmeasured = 0
    kinds = to_do.order_by().values(kind=F("card__kind"))
    for row in kinds.annotate(
        n=Count("pk"), timed=Count("analysis__seconds"), seconds=Sum("analysis__seconds")
    ).order_by("kind"):
        files[row["kind"]] = row["n"]
        if row["timed"]:
            seconds[row["kind"]] = row["seconds"] * row["n"] / row["timed"]
        else:
            unmeasured += row["n"]
    return files, seconds, unmeasured


def hours(estimate: Estimate, slots: int, per_hour: int | None) -> float:
    """On an otherwise idle site: slots work side by side, and the rate may be what limits."""
    by_work = estimate.total_seconds / SECONDS_PER_HOUR / max(slots, 1)
    by_rate = estimate.total / per_hour if per_hour else 0.0
    return max(by_work, by_rate)


def slots_now() -> int:
    """Those that were seen within a minute."""
    return WorkerHeartbeat.objects.filter(kind="slot", seen_at__gt=InSeconds(-60)).count()


def seconds_left(run: Backfill, left: int) -> float | None:
    """By what this run's own analyses took; None before the first."""
    mean = run.items.filter(after__isnull=False).aggregate(mean=Avg("after__seconds"))["mean"]
    return None if mean is None else mean * left
