"""What a backfill found: how far it is, which verdicts changed, and which decisions of people the
new verdict contradicts. It reads only; nobody's decision moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case as Choice
from django.db.models import CharField, Count, F, Q, QuerySet, Value, When

from jobs.models import State
from media_analysis.backfill.models import Backfill, BackfillItem, BackfillItemQuerySet
from media_analysis.backfill.services.estimating import Estimate
from media_analysis.submissions.models import UNDECIDED
from media_analysis.submissions.outcomes import DecisionOutcome
from ml.engine.contract import Outcome

COLUMNS = (
    "submission", "team", "kind", "verdict_before", "probability_before", "engine_before",
    "verdict_after", "probability_after", "engine_after", "decision", "contradicts_decision",
)  # fmt: skip
NEWLY, ALREADY = "newly", "already"
AT_ONCE = 2000


@dataclass(frozen=True)
class Progress:
    planned: int
    """To look at, as counted when it was planned."""
    done: int
    failed: int
    running: int
    waiting: int
    left_out: dict[str, int]
    """By reason: before they were queued, or when their turn came."""
    erased: int
    """Were queued, and erased since."""

    @property
    def handled(self) -> int:
        return self.done + self.failed + self.erased + sum(self.left_out.values())

    @property
    def percent(self) -> int:
        return min(100, 100 * self.handled // self.planned) if self.planned else 100

    @property
    def left(self) -> int:
        return max(self.planned - self.handled, 0)


def progress(run: Backfill) -> Progress:
    return progress_of([run])[run.pk]


def progress_of(runs: Sequence[Backfill]) -> dict[UUID, Progress]:
    """By the run's id; two questions to the database, however many runs."""
    mine = BackfillItem.objects.filter(run__in=runs).order_by()
    states: dict[UUID, Counter[str]] = {run.pk: Counter() for run in runs}
    left_out = {run.pk: Counter(run.skipped) for run in runs}
    for run_id, state, n in mine.values_list("run", "state").annotate(n=Count("pk")):
        states[run_id][state] = n
    ended = mine.filter(state=State.CANCELLED).values_list("run", "reason_code")
    for run_id, why, n in ended.annotate(n=Count("pk")):
        left_out[run_id][why] += n
    return {run.pk: _progress(run, states[run.pk], dict(left_out[run.pk])) for run in runs}


def _progress(run: Backfill, states: Counter[str], left_out: dict[str, int]) -> Progress:
    counted = Estimate.of_json(run.estimate)
    return Progress(
        planned=counted.total + sum(counted.skipped.values()),
        done=states[State.DONE],
        failed=states[State.PARKED],
        running=states[State.RUNNING],
        waiting=states[State.QUEUED],
        left_out=left_out,
        erased=run.ordered - states.total(),
    )


@dataclass(frozen=True)
class Change:
    before: str
    after: str
    n: int


def _answered(items: BackfillItemQuerySet) -> QuerySet[Any]:
    """Done, with the verdict that people saw until now as `was`: parked is inconclusive."""
    outcome = Choice(
        When(before__state=State.PARKED, then=Value(Outcome.INCONCLUSIVE.value)),
        When(before__outcome__isnull=False, then=F("before__outcome")),
        default=Value(""),
        output_field=CharField(),
    )
    return items.filter(state=State.DONE).annotate(was=outcome)


def changes(items: BackfillItemQuerySet) -> list[Change]:
    """Every pair of verdicts that came up, the most frequent first; unchanged ones too."""
    pairs = _answered(items).order_by().values("was", "after__outcome").annotate(n=Count("pk"))
    found = [Change(row["was"], row["after__outcome"], row["n"]) for row in pairs]
    return sorted(found, key=lambda one: (-one.n, one.before, one.after))


def contradictions(items: BackfillItemQuerySet) -> QuerySet[Any]:
    """Decided cases whose new verdict says the opposite of the decision in force; those that the
    earlier verdict did not contradict come first."""
    found, none = Outcome.MANIPULATION_FOUND.value, Outcome.NO_MANIPULATION_FOUND.value
    against = Q(submission__card__decision=DecisionOutcome.GENUINE, after__outcome=found) | Q(
        submission__card__decision=DecisionOutcome.MANIPULATED, after__outcome=none
    )
    already = Choice(
        When(was=F("after__outcome"), then=Value(ALREADY)), default=Value(NEWLY),
        output_field=CharField(),
    )  # fmt: skip
    whole: QuerySet[Any] = _answered(items).filter(against).annotate(contradicts=already)
    return whole.select_related("submission__card", "before", "after").order_by(
        "-contradicts", "submission__created_at", "pk"
    )


def rows(items: BackfillItemQuerySet) -> Iterator[tuple[Any, ...]]:
    """In the order of `COLUMNS`; ids and codes alone, no name and no text."""
    against = dict(contradictions(items).values_list("pk", "contradicts"))
    found = _answered(items).order_by("submission").values_list(
        "pk", "submission", "submission__team", "kind", "was", "before__probability_manipulated",
        "before__engine_version", "after__outcome", "after__probability_manipulated",
        "after__engine_version", "submission__card__decision",
    )  # fmt: skip
    for pk, *row, decision in found.iterator(chunk_size=AT_ONCE):
        yield (*row, "" if decision == UNDECIDED else decision, against.get(pk, ""))
