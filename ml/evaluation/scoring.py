"""From records to figures: per detector, and of the verdict that all of them give together.

The score of a detector is its calibrated log10 likelihood ratio; a detector that has none is ranked
by its raw score, and nothing is reported about its calibration. Ratios that meet at a bound are
ordered by the raw score where only their order counts, verdicts by that of the check that speaks
loudest. A failure is counted and never scored. A figure that cannot be computed is None.

"Declared generated" is what the file says, not what a check found. It counts as no hit, no false
alarm and no decision; `declared` says how many files got that answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Outcome, Status
from ml.engine.fusion.calibration import probability
from ml.evaluation import metrics
from ml.evaluation.manifest import Case
from ml.evaluation.records import Answer, Record

FUSED = "fused"
RATIO, RAW = "log10_lr", "score"
DECIDED = {Outcome.MANIPULATION_FOUND: True, Outcome.NO_MANIPULATION_FOUND: False}
EVEN = 0.5
"""Probabilities and ratios are turned into each other at even odds."""
CERTAIN = 1e-9
FEWEST_REALS = {0.01: 100, 0.05: 20}
"""With fewer genuine items, not even one false alarm would stay within the limit."""
FEWEST_FOR_ECE = 30
KEYS = (
    "n", "coverage", "scored", "reals", "fakes", "scale", "auc", "auc_low", "auc_high", "ap", "eer",
    "tpr_at_1_fpr", "tpr_at_5_fpr", "balanced_accuracy", "tpr", "fpr", "brier", "ece", "cllr",
    "min_cllr", "decided_share", "decided_accuracy", "cleared_fakes", "answered_reals",
    "not_applicable", "failed", "unscored",
    "declared", "fpr_by_source", "reals_by_source", "cllr_by_source", "auc_by_method",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """What one detector, or the fusion, answered for every case, in the order of the manifest."""

    scale: str | None
    scores: NDArray[np.float64]
    """NaN where there is none."""
    probabilities: NDArray[np.float64]
    flagged: Sequence[bool | None]
    """Over the operating point that was frozen before; None where nothing can be flagged."""
    decided: Sequence[Outcome | None]
    not_applicable: int = 0
    failed: int = 0
    declared: int = 0
    """Answered with what the file says of itself."""
    ties: NDArray[np.float64] | None = None
    """They rank equal scores."""

    @property
    def order(self) -> NDArray[np.float64]:
        """A number a case that ranks as the scores do, and within equal scores as `ties` do."""
        if self.ties is None:
            return self.scores
        _, place = np.unique(np.stack([self.scores, self.ties]), axis=1, return_inverse=True)
        return np.where(self.scored, place.reshape(-1).astype(np.float64), np.nan)

    @property
    def scored(self) -> NDArray[np.bool_]:
        return np.isfinite(self.scores)


@dataclass(frozen=True)
class Evaluation:
    """Cases, their records, and what follows from them."""

    cases: Sequence[Case]
    records: Sequence[Record]
    names: Sequence[str]
    columns: Mapping[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        columns = {name: detector_column(self.records, name) for name in self.names}
        object.__setattr__(self, "columns", columns | {FUSED: fused_column(self.records)})

    @property
    def fake(self) -> NDArray[np.bool_]:
        return np.array([case.fake for case in self.cases], bool)

    def figures(self, name: str, *, draws: int = 2000) -> dict[str, Any]:
        return figures(self.cases, self.columns[name], draws=draws)

    def as_json(self) -> dict[str, Any]:
        return {
            "detectors": {name: self.figures(name) for name in self.names},
            FUSED: self.figures(FUSED),
        }


# === Columns ===


def detector_column(records: Sequence[Record], name: str) -> Column:
    answers = [record.answers.get(name) for record in records]
    ran = [a if a is not None and a.status == Status.RAN else None for a in answers]
    scale = next(
        (one for one in (RATIO, RAW) if any(a and getattr(a, one) is not None for a in ran)), None
    )
    return Column(
        scale=scale,
        scores=_numbers([getattr(a, scale) if a and scale else None for a in ran]),
        probabilities=_numbers([_probability(a) if a else None for a in ran]),
        flagged=[_is_flagged(a) if a else None for a in ran],
        decided=[None if a is None or a.alone is None else Outcome(a.alone) for a in ran],
        not_applicable=sum(a is not None and a.status == Status.NOT_APPLICABLE for a in answers),
        failed=sum(a is None or a.status == Status.FAILED for a in answers),
        ties=np.nan_to_num(_numbers([None if a is None else a.score for a in ran])),
    )


def fused_column(records: Sequence[Record]) -> Column:
    """The verdict. Flagged is what a person would be shown as manipulated."""
    outcomes = [None if r.outcome is None else Outcome(r.outcome) for r in records]
    failed = [o is None or o is Outcome.REJECTED for o in outcomes]
    probabilities = [
        None if lost else record.probability for record, lost in zip(records, failed, strict=True)
    ]
    ratios = [None if p is None else _ratio(p) for p in probabilities]
    nothing = [
        bool(r.answers) and all(a.status == Status.NOT_APPLICABLE for a in r.answers.values())
        for r in records
    ]
    return Column(
        scale=RATIO if any(ratio is not None for ratio in ratios) else None,
        scores=_numbers(ratios),
        probabilities=_numbers(probabilities),
        flagged=[
            None if lost else outcome is Outcome.MANIPULATION_FOUND
            for outcome, lost in zip(outcomes, failed, strict=True)
        ],
        decided=[None if lost else o for o, lost in zip(outcomes, failed, strict=True)],
        not_applicable=sum(nothing),
        failed=sum(failed),
        declared=sum(o is Outcome.DECLARED_GENERATED for o in outcomes),
        ties=np.nan_to_num(_numbers([_loudest(record) for record in records])),
    )


def _loudest(record: Record) -> float | None:
    """The raw score of the check that speaks most for manipulation."""
    speak = [a for a in record.answers.values() if a.log10_lr is not None]
    return max(speak, key=lambda a: a.log10_lr or 0.0).score if speak else None


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _ratio(probability: float) -> float:
    kept = min(max(probability, CERTAIN), 1.0 - CERTAIN)
    return float(np.log10(kept / (1.0 - kept)) - np.log10(EVEN / (1.0 - EVEN)))


def _probability(answer: Answer) -> float | None:
    if answer.probability is None and answer.log10_lr is not None:
        return probability(answer.log10_lr)
    return answer.probability


def _is_flagged(answer: Answer) -> bool | None:
    """At its frozen bound, or else by its ratio."""
    if answer.threshold is not None and answer.score is not None:
        return answer.score >= answer.threshold
    return None if answer.log10_lr is None else answer.log10_lr > 0.0


# === Figures ===


def figures(cases: Sequence[Case], column: Column, *, draws: int = 2000) -> dict[str, Any]:
    """All keys of KEYS, in their order."""
    fake = np.array([case.fake for case in cases], bool)
    use = column.scored
    labels, scores, order = fake[use], column.scores[use], column.order[use]
    reals, fakes = int((~labels).sum()), int(labels.sum())
    found: dict[str, Any] = dict.fromkeys(KEYS)
    found |= {
        "n": len(cases),
        "coverage": float(use.mean()) if len(cases) else None,
        "scored": int(use.sum()),
        "reals": reals,
        "fakes": fakes,
        "scale": column.scale,
        "not_applicable": column.not_applicable,
        "failed": column.failed,
        "declared": column.declared,
        "unscored": len(cases) - int(use.sum()) - column.not_applicable - column.failed,
        "auc": metrics.auc(labels, order),
        "ap": metrics.average_precision(labels, order),
        "eer": metrics.eer(labels, order),
        "auc_by_method": _auc_by_method(cases, column),
    }
    if reals and fakes:
        groups = np.array([case.group for case in cases])[use]
        interval = metrics.auc_interval(labels, order, groups, draws=draws)
        found["auc_low"], found["auc_high"] = interval or (None, None)
    for limit, fewest in FEWEST_REALS.items():
        if reals >= fewest:
            key = f"tpr_at_{round(limit * 100)}_fpr"
            found[key] = metrics.tpr_at_fpr(labels, order, limit)
    if column.scale == RATIO:
        found["cllr"] = metrics.cllr(labels, scores)
        found["min_cllr"] = metrics.min_cllr(labels, scores)
        found["cllr_by_source"] = _cllr_by_source(cases, column)
    known = np.isfinite(column.probabilities)
    found["brier"] = metrics.brier(fake[known], column.probabilities[known])
    if known.sum() >= FEWEST_FOR_ECE:
        found["ece"] = metrics.ece(fake[known], column.probabilities[known])
    return found | _flags(cases, column) | _decisions(cases, column)


def _flags(cases: Sequence[Case], column: Column) -> dict[str, Any]:
    """At the frozen operating point: what is missed and what is falsely flagged, and where."""
    if column.scale is None and not any(column.flagged):
        return {}
    pairs = [(c, f) for c, f in zip(cases, column.flagged, strict=True) if f is not None]
    hits = [flag for case, flag in pairs if case.fake]
    alarms = [flag for case, flag in pairs if not case.fake]
    tpr = float(np.mean(hits)) if hits else None
    fpr = float(np.mean(alarms)) if alarms else None
    both = tpr is not None and fpr is not None
    flagged: Counter[str] = Counter(case.source for case, flag in pairs if not case.fake and flag)
    seen: Counter[str] = Counter(case.source for case, flag in pairs if not case.fake)
    named = {source: count for source, count in sorted(seen.items()) if source}
    return {
        "tpr": tpr,
        "fpr": fpr,
        "balanced_accuracy": (tpr + 1.0 - fpr) / 2.0 if both else None,  # type: ignore[operator]
        "fpr_by_source": {s: flagged[s] / count for s, count in named.items()} or None,
        "reals_by_source": named or None,
    }


def _decisions(cases: Sequence[Case], column: Column) -> dict[str, Any]:
    right = [
        DECIDED[outcome] == case.fake
        for case, outcome in zip(cases, column.decided, strict=True)
        if outcome in DECIDED
    ]
    return {
        "decided_share": len(right) / len(cases) if cases else None,
        "decided_accuracy": float(np.mean(right)) if right else None,
        "cleared_fakes": _share(cases, column, fake=True, of={Outcome.NO_MANIPULATION_FOUND}),
        "answered_reals": _share(cases, column, fake=False, of=set(DECIDED)),
    }


def _share(cases: Sequence[Case], column: Column, *, fake: bool, of: set[Outcome]) -> float | None:
    """Of the fakes, or of the genuine files, how many got one of these outcomes."""
    got = [o in of for case, o in zip(cases, column.decided, strict=True) if case.fake == fake]
    return float(np.mean(got)) if got else None


def _cllr_by_source(cases: Sequence[Case], column: Column) -> dict[str, float | None] | None:
    """The genuine files of each source against all fakes: a mean hides the source whose files are
    given wrong odds."""
    sources = sorted({case.source for case in cases if not case.fake and case.source})
    fake = np.array([case.fake for case in cases], bool)
    found = {}
    for source in sources:
        of_it = np.array([case.source == source for case in cases], bool)
        use = column.scored & (fake | of_it)
        found[source] = metrics.cllr(fake[use], column.scores[use])
    return found if any(value is not None for value in found.values()) else None


def _auc_by_method(cases: Sequence[Case], column: Column) -> dict[str, float | None] | None:
    """Each kind of manipulation against all genuine items."""
    methods = sorted({case.method for case in cases if case.fake and case.method})
    fake = np.array([case.fake for case in cases], bool)
    found, order = {}, column.order
    for method in methods:
        of_it = np.array([case.method == method for case in cases], bool)
        use = column.scored & (~fake | of_it)
        found[method] = metrics.auc(fake[use], order[use])
    return found if any(value is not None for value in found.values()) else None


def warnings(
    cases: Sequence[Case], records: Sequence[Record], report: Mapping[str, Any]
) -> list[str]:
    """What should be looked at before any figure is believed."""
    sentences = []
    by_content: dict[str, set[bool]] = {}
    for case, record in zip(cases, records, strict=True):
        if record.sha256:
            by_content.setdefault(record.sha256, set()).add(case.fake)
    copies = sum(bool(r.sha256) for r in records) - len(by_content)
    if copies:
        sentences.append(f"{copies} files have the same content as another file of the manifest.")
    if both := sum(len(labels) == 2 for labels in by_content.values()):
        sentences.append(f"{both} contents are labelled real in one row and fake in another.")
    for name, found in (*report["detectors"].items(), (FUSED, report[FUSED])):
        calibrated = found["scale"] == RATIO and found["auc_high"] is not None
        if calibrated and found["auc_high"] < 0.5:
            sentences.append(f"{name} ranks the wrong way round: genuine items score higher.")
    return sentences
