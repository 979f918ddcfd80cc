"""How good the checks are, held against what people decided, and what each person decided.

Each case counts as many times as files like it came to review: once where a rule sent it, more
where it was drawn as a spot check (one over the probability, `Case.sampled_with`). So the figures
speak of all files, not of those that were suspicious enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Calibration:
    """Of the files with a probability on which people gave a clear decision."""

    said: float | None
    """The mean probability of manipulation that the check gave."""
    was: Measure
    """The share that people decided to be manipulated."""


@dataclass(frozen=True)
class Quality:
    detector: str
    kind: str
    precision: Measure
    """Of what the check found, what people decided to be manipulated."""
    recall: Measure
    """Of what people decided to be manipulated, what the check found."""
    inconclusive: Measure
    """Of all that it examined, where it neither found nor cleared."""
    override: Measure
    """Of its answers, those that the decision contradicts."""
    calibration: Calibration


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


def senders(teams: Collection[UUID]) -> list[ServiceAccount]:
    """Partners on whose files something was decided."""
    sent = in_force(teams).values("case__submission__submitted_by_service")
    return list(ServiceAccount.objects.filter(pk__in=sent).order_by("name", "pk"))


def of(teams: Collection[UUID], month: Any, sender: UUID | None = None) -> list[Quality]:
    """Of each check and kind, in decisions of that month; only on files of one partner if named."""
    decided = in_force(teams).annotate(month=TruncMonth("created_at")).filter(month=month)
    if sender:
        decided = decided.filter(case__submission__submitted_by_service=sender)
    calibrated = _calibrations(decided)
    return [
        _quality(*name, one, calibrated.get(name, NOT_CALIBRATED))
        for name, one in sorted(_cells(decided).items())
    ]


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


NOT_CALIBRATED = Calibration(None, Measure(None, None, None, 0))


def _calibrations(decided: QuerySet[Decision]) -> dict[tuple[str, str], Calibration]:
    rows = _findings(decided).filter(
        probability_manipulated__isnull=False, decided__in=(MANIPULATED, GENUINE)
    )
    counted = (
        rows.order_by()
        .values("detector", "media", "decided")
        .annotate(
            n=Count("pk"),
            sum=Sum("weight"),
            squares=Sum(F("weight") * F("weight")),
            said=Sum(F("weight") * F("probability_manipulated")),
        )
    )
    cells: dict[tuple[str, str], dict[str, tuple[Weights, float]]] = defaultdict(dict)
    for row in counted:
        weights = Weights(row["n"], row["sum"], row["squares"])
        cells[row["detector"], row["media"]][row["decided"]] = weights, row["said"]
    return {name: _calibration(one) for name, one in cells.items()}


def _calibration(cells: dict[str, tuple[Weights, float]]) -> Calibration:
    whole = total(weights for weights, _ in cells.values())
    manipulated, _ = cells.get(MANIPULATED, (Weights(), 0.0))
    said = sum(one for _, one in cells.values())
    return Calibration(said / whole.sum, share(manipulated, whole))


def _findings(decided: QuerySet[Decision]) -> QuerySet[Any]:
    """Of checks that ran, each with its case's weight, the kind of media and the decision."""
    rows = FindingRow.objects.filter(
        status=Status.RAN, analysis__submission__case__decisions__in=decided
    )
    return rows.annotate(
        weight=Value(1.0, output_field=FloatField())
        / F("analysis__submission__case__sampled_with"),
        media=media_kinds.at("analysis"),
        decided=F("analysis__submission__case__decisions__outcome"),
    )


def _counted(decided: QuerySet[Decision]) -> Iterable[Any]:
    """Counted by the database: a check, a kind of media, an answer and a decision a row."""
    answer = DbCase(
        When(evidence__contains=_supports(Outcome.MANIPULATION_FOUND), then=Value(FOUND)),
        When(evidence__contains=_supports(Outcome.NO_MANIPULATION_FOUND), then=Value(CLEARED)),
        default=Value(NEITHER),
    )
    named = _findings(decided).annotate(answer=answer)
    counted = named.order_by().values("detector", "media", "answer", "decided")
    found: Iterable[Any] = counted.annotate(
        n=Count("pk"), sum=Sum("weight"), squares=Sum(F("weight") * F("weight"))
    )
    return found


def _supports(outcome: Outcome) -> list[dict[str, str]]:
    return [{"supports": outcome.value}]


def _quality(detector: str, kind: str, cells: Cells, calibration: Calibration) -> Quality:
    shares = {name: share(*one) for name, one in parts(cells).items()}
    return Quality(detector, kind, calibration=calibration, **shares)


def parts(cells: Cells) -> dict[str, tuple[Weights, Weights]]:
    """Of each figure what counts, and of what."""

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
    """Of this person's clear decisions on media with a clear verdict, those that contradict it."""
    made = Decision.objects.filter(decided_by=person).annotate(month=TruncMonth("created_at"))
    verdict = "case__submission__analysis__outcome"
    found = Q(**{verdict: Outcome.MANIPULATION_FOUND.value})
    clear = Q(**{verdict: Outcome.NO_MANIPULATION_FOUND.value})
    both = made.filter(month=month).filter(found | clear, outcome__in=(MANIPULATED, GENUINE))
    n = both.count()
    against = both.filter((found & Q(outcome=GENUINE)) | (clear & Q(outcome=MANIPULATED))).count()
    return share(Weights(against, against, against), Weights(n, n, n))
