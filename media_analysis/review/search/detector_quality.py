"""How good the checks are, held against what people decided, and what each person decided.

Each case counts as many times as files like it came to review: once where a rule sent it, more
where it was drawn as a spot check (one over the probability, `Case.sampled_with`). So the figures
speak of all files, not of those that were suspicious enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case as DbCase
from django.db.models import Count, F, FloatField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth

from accounts.models import ServiceAccount, User
from media_analysis.review.measures import Measure, Weights, share, total
from media_analysis.review.models import CaseState, Decision
from media_analysis.submissions.outcomes import DecisionOutcome
from ml import media_kinds
from ml.engine.contract import Outcome, Status
from ml.models import FindingRow

FOUND, CLEARED, NEITHER = "found", "cleared", "neither"
MANIPULATED, GENUINE = DecisionOutcome.MANIPULATED.value, DecisionOutcome.GENUINE.value
Cells = dict[tuple[str, str], Weights]
"""By what the check answered and what the person decided."""


NOTHING = Measure(None, None, None, 0)


@dataclass(frozen=True)
class Quality:
    detector: str
    kind: str
    precision: Measure
    """The share of flagged files that people decided to be manipulated."""
    recall: Measure
    """The share of files decided to be manipulated that the check flagged."""
    inconclusive: Measure
    """The share of examined files that it neither flagged nor cleared."""
    override: Measure
    """The share of its answers that the decision contradicts."""
    mean_probability: float | None = None
    """The mean of the probabilities that it gave; None where it gave none."""
    decided: Measure = NOTHING
    """The share of those cases that people decided to be manipulated. It is near
    `mean_probability` if the check is calibrated."""


def in_force(teams: Collection[UUID]) -> QuerySet[Decision]:
    """The decision that stands, of each decided case."""
    rows: QuerySet[Decision] = Decision.objects.filter(
        team__in=teams,
        case__state=CaseState.DECIDED,
        fence=Coalesce("case__standing_fence", "case__fence"),
    )
    return rows.order_by()


def months(teams: Collection[UUID]) -> list[Any]:
    """In which something was decided, the newest first."""
    found = in_force(teams).annotate(month=TruncMonth("created_at"))
    return list(found.values_list("month", flat=True).distinct().order_by("-month")[:24])


def partners(teams: Collection[UUID]) -> list[ServiceAccount]:
    """Those about whose media something was decided."""
    sent = in_force(teams).values("case__submission__submitted_by_service")
    return list(ServiceAccount.objects.filter(pk__in=sent).order_by("name"))


def of(teams: Collection[UUID], month: Any, partner: ServiceAccount | None = None) -> list[Quality]:
    """Figures of each check and kind in the decisions of that month, optionally for one partner's
    media."""
    decided = in_force(teams).annotate(month=TruncMonth("created_at")).filter(month=month)
    if partner is not None:
        decided = decided.filter(case__submission__submitted_by_service=partner)
    calibrated = _calibration(decided)
    return [
        replace(_quality(*name, one), **calibrated.get(name, {}))
        for name, one in sorted(_cells(decided).items())
    ]


def _calibration(decided: QuerySet[Decision]) -> dict[tuple[str, str], dict[str, Any]]:
    """Calibration by check and kind, from findings with a probability in cases with a clear
    decision."""
    rows = _weighted(decided.filter(outcome__in=(MANIPULATED, GENUINE)))
    given = rows.exclude(probability_manipulated=None)
    was = Q(decided=MANIPULATED)
    square = F("weight") * F("weight")
    counted = (
        given.order_by()
        .values("detector", "media")
        .annotate(
            n=Count("pk"),
            sum=Sum("weight"),
            squares=Sum(square),
            mean_probability=Sum(F("weight") * F("probability_manipulated")),
            was_n=Count("pk", filter=was),
            was_sum=Coalesce(Sum("weight", filter=was), 0.0),
            was_squares=Coalesce(Sum(square, filter=was), 0.0),
        )
    )
    return {
        (row["detector"], row["media"]): {
            "mean_probability": row["mean_probability"] / row["sum"],
            "decided": share(
                Weights(row["was_n"], row["was_sum"], row["was_squares"]),
                Weights(row["n"], row["sum"], row["squares"]),
            ),
        }
        for row in counted
    }


def between(
    teams: Collection[UUID], since: datetime, until: datetime
) -> dict[tuple[str, str], Cells]:
    """By check and kind, of decisions from one moment to before another."""
    return _cells(in_force(teams).filter(created_at__gte=since, created_at__lt=until))


def _cells(decided: QuerySet[Decision]) -> dict[tuple[str, str], Cells]:
    cells: dict[tuple[str, str], Cells] = defaultdict(dict)
    for row in _counted(decided):
        mine = cells[row["detector"], row["media"]]
        where = row["answer"], row["decided"]
        mine[where] = mine.get(where, Weights()) + Weights(row["n"], row["sum"], row["squares"])
    return cells


def _counted(decided: QuerySet[Decision]) -> Iterable[Any]:
    """Counted by the database: a check, a kind of media, an answer and a decision a row."""
    answer = DbCase(
        When(evidence__contains=_supports(Outcome.MANIPULATION_FOUND), then=Value(FOUND)),
        When(evidence__contains=_supports(Outcome.NO_MANIPULATION_FOUND), then=Value(CLEARED)),
        default=Value(NEITHER),
    )
    counted = (
        _weighted(decided)
        .annotate(answer=answer)
        .order_by()
        .values("detector", "media", "answer", "decided")
    )
    rows: Iterable[Any] = counted.annotate(
        n=Count("pk"), sum=Sum("weight"), squares=Sum(F("weight") * F("weight"))
    )
    return rows


def _weighted(decided: QuerySet[Decision]) -> QuerySet[Any]:
    """The findings of those cases, each with its weight, its kind of media and the decision."""
    rows = FindingRow.objects.filter(
        status=Status.RAN, analysis__submission__case__decisions__in=decided
    )
    return rows.annotate(
        weight=Value(1.0, output_field=FloatField())
        / F("analysis__submission__case__sampled_with"),
        media=media_kinds.at("analysis"),
        decided=F("analysis__submission__case__decisions__outcome"),
    )


def _supports(outcome: Outcome) -> list[dict[str, str]]:
    return [{"supports": outcome.value}]


def _quality(detector: str, kind: str, cells: Cells) -> Quality:
    figures: dict[str, Any] = {name: share(*one) for name, one in parts(cells).items()}
    return Quality(detector, kind, **figures)


def parts(cells: Cells) -> dict[str, tuple[Weights, Weights]]:
    """The numerator and denominator of each figure."""

    def weigh(*answers: str, decided: Collection[str] = (MANIPULATED, GENUINE)) -> Weights:
        return total(cells.get((a, d), Weights()) for a in answers for d in decided)

    everything = total(cells.values())
    neither = total(w for (answer, _), w in cells.items() if answer == NEITHER)
    right = weigh(FOUND, decided=[MANIPULATED])
    wrong = weigh(FOUND, decided=[GENUINE]) + weigh(CLEARED, decided=[MANIPULATED])
    return {
        "precision": (right, weigh(FOUND)),
        "recall": (right, weigh(FOUND, CLEARED, NEITHER, decided=[MANIPULATED])),
        "inconclusive": (neither, everything),
        "override": (wrong, weigh(FOUND, CLEARED)),
    }


def outcomes_of(person: User, month: Any) -> dict[str, int]:
    """How often this person decided what, in that month."""
    made = Decision.objects.filter(decided_by=person).annotate(month=TruncMonth("created_at"))
    rows = made.filter(month=month).order_by().values("outcome").annotate(n=Count("pk"))
    found = {row["outcome"]: row["n"] for row in rows}
    return {outcome: found.get(outcome, 0) for outcome in DecisionOutcome.values}


def overrides_of(person: User, month: Any) -> Measure:
    """The share of this person's clear decisions on media with a clear verdict that contradict
    it."""
    made = Decision.objects.filter(decided_by=person).annotate(month=TruncMonth("created_at"))
    verdict = "case__submission__analysis__outcome"
    found = Q(**{verdict: Outcome.MANIPULATION_FOUND.value})
    clear = Q(**{verdict: Outcome.NO_MANIPULATION_FOUND.value})
    both = made.filter(month=month).filter(found | clear, outcome__in=(MANIPULATED, GENUINE))
    n = both.count()
    against = both.filter((found & Q(outcome=GENUINE)) | (clear & Q(outcome=MANIPULATED))).count()
    return share(Weights(against, against, against), Weights(n, n, n))
