"""From scores to a protocol's figures: by generator, by genuine source, by hard row.

Nothing is pooled over generators: a set of many easy ones would hide the one that is not seen.
Shares are of all files, also of those without a score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Outcome
from ml.evaluation import metrics
from ml.evaluation.scoring import FEWEST_REALS

LIMIT = 0.05
"""Share of false alarms that a frozen bound allows."""
DRAWS = 1000
PLAIN = ""
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
ANSWERS = (Outcome.MANIPULATION_FOUND, Outcome.NO_MANIPULATION_FOUND)


@dataclass(frozen=True)
class Row:
    """One file as it was examined."""

    fake: bool
    source: str
    method: str
    group: str
    matched: tuple[str, ...] = ()
    """Genuine sources of the same content."""
    hard: str = PLAIN
    """Name of the hard row."""
    laundered: str = PLAIN
    """What it went through on its way."""
    of: int = -1
    """Number of the file that it was made from."""

    @property
    def plain(self) -> bool:
        return not self.hard and not self.laundered


@dataclass(frozen=True)
class Examinee:
    """What is measured, with its answer for every row."""

    name: str
    scores: Floats
    """NaN where there is none."""
    failed: Bools
    flagged: Sequence[bool | None] | None = None
    """At the point that was frozen before; None for whoever has none."""
    outcomes: Sequence[Outcome | None] | None = None
    ratios: Floats | None = None
    """Logarithms of likelihood ratios, where the scores have that meaning."""
    without: Mapping[str, Floats] = field(default_factory=dict)
    """Scores by one that has not met this generator, where it learnt from the others."""
    note: str = ""

    def against(self, method: str) -> Floats:
        return self.without.get(method, self.scores)


def measured(rows: Sequence[Row], one: Examinee, *, draws: int = DRAWS) -> dict[str, Any]:
    """All figures of one examinee."""
    table = Table(rows, draws)
    return {
        "note": one.note,
        "scored": int(np.isfinite(one.scores).sum()),
        "failed": int(one.failed.sum()),
        "generators": {m: _generator(table, one, m) for m in table.methods},
        "genuine": {s: _genuine(table, one, s) for s in table.sources},
        "hard": {h: _hard(table, one, h) for h in table.hard},
        "laundered": _laundered(table, one),
        "summary": _summary(table, one),
    }


class Table:
    """The rows, with what is asked of them again and again."""

    def __init__(self, rows: Sequence[Row], draws: int = DRAWS) -> None:
        self.rows, self.draws = rows, draws
        self.fake = np.array([row.fake for row in rows], bool)
        self.plain = np.array([row.plain for row in rows], bool)
        self.groups = np.array([row.group for row in rows])
        self.methods = sorted({row.method for row in rows if row.fake and row.plain})
        self.sources = sorted({row.source for row in rows if not row.fake and row.plain})
        self.hard = list(dict.fromkeys(row.hard for row in rows if row.hard))
        self.ways = list(dict.fromkeys(row.laundered for row in rows if row.laundered))

    def where(self, test: Callable[[Row], bool]) -> Bools:
        return np.array([test(row) for row in self.rows], bool)

    def of_method(self, method: str, way: str = PLAIN) -> Bools:
        return self.where(
            lambda row: row.fake and row.method == method and not row.hard and row.laundered == way
        )

    def genuine(self, sources: Sequence[str] | None = None, way: str = PLAIN) -> Bools:
        return self.where(
            lambda row: (
                not row.fake
                and not row.hard
                and row.laundered == way
                and (sources is None or row.source in sources)
            )
        )

    def matched(self, method: str) -> list[str]:
        """The genuine sources here that show what this generator shows."""
        named = {name for row in self.rows if row.fake and row.method == method
                 for name in row.matched}  # fmt: skip
        return [source for source in self.sources if source in named]


# === A generator ===


def _generator(table: Table, one: Examinee, method: str) -> dict[str, Any]:
    fakes, matched = table.of_method(method), table.matched(method)
    scores = one.against(method)
    return {
        "n": int(fakes.sum()),
        "groups": len(set(table.groups[fakes])),
        "scored": int((fakes & np.isfinite(scores)).sum()),
        "failed": int((fakes & one.failed).sum()),
        "matched_sources": matched,
        "auc_matched": _area(table, scores, fakes, table.genuine(matched)) if matched else None,
        "auc_all": _area(table, scores, fakes, table.genuine()),
        "cllr": _cost(table, one, fakes | table.genuine(matched or None)),
        "found": _flagged(table, one, fakes),
        **_outcomes(table, one, fakes),
        "frozen_elsewhere": left_out(table, scores, method),
    }


def _area(table: Table, scores: Floats, fakes: Bools, reals: Bools) -> dict[str, Any]:
    use = (fakes | reals) & np.isfinite(scores)
    labels, values = table.fake[use], scores[use]
    area = metrics.auc(labels, values)
    interval = (
        metrics.auc_interval(labels, values, table.groups[use], draws=table.draws)
        if area is not None
        else None
    )
    shares = [float(np.isfinite(scores[rows]).mean()) if rows.any() else 0.0
              for rows in (fakes, reals)]  # fmt: skip
    return {
        "auc": area,
        "low": interval[0] if interval else None,
        "high": interval[1] if interval else None,
        "unscored_by_luck": metrics.auc_with_unscored(area, *shares)
        if fakes.any() and reals.any()
        else None,
        "fakes": int((fakes & use).sum()),
        "reals": int((reals & use).sum()),
    }


def left_out(table: Table, scores: Floats, method: str) -> dict[str, Any]:
    """Bounds that were frozen on all other generators and on the genuine sources that are not
    matched with this one, and what they give here. False alarms are those of the matched ones."""
    matched = table.matched(method)
    elsewhere = [source for source in table.sources if source not in matched]
    here, reals = table.of_method(method), table.genuine(matched)
    known = np.isfinite(scores)
    others = table.genuine(elsewhere) & known
    other_fakes = table.where(lambda row: row.fake and row.plain and row.method != method) & known
    found: dict[str, Any] = {"sources": elsewhere, "limit": LIMIT}
    enough = int(others.sum()) >= FEWEST_REALS[LIMIT]
    bound = metrics.threshold_at_fpr(table.fake[others], scores[others], LIMIT) if enough else None
    found["bound"] = _at(table, scores, bound, here, reals)
    use = others | other_fakes
    point = metrics.balanced_threshold(table.fake[use], scores[use])
    balanced = _at(table, scores, point, here, reals)
    if balanced and balanced["false_alarms"]:
        hits, alarms = balanced["found"]["share"], balanced["false_alarms"]["share"]
        balanced["balanced_accuracy"] = (hits + 1.0 - alarms) / 2.0
    found["balanced"] = balanced
    return found


def _at(
    table: Table, scores: Floats, bound: float | None, fakes: Bools, reals: Bools
) -> dict[str, Any] | None:
    if bound is None:
        return None
    over = np.nan_to_num(scores, nan=-np.inf) >= bound
    return {
        "value": bound if np.isfinite(bound) else None,
        "found": share(table, over, fakes),
        "false_alarms": share(table, over, reals),
    }


# === Genuine media ===


def _genuine(table: Table, one: Examinee, source: str) -> dict[str, Any]:
    rows = table.genuine([source])
    others = [name for name in table.sources if name != source]
    fakes = table.where(lambda row: row.fake and row.plain)
    figures = _of_genuine(table, one, rows, table.genuine(others))
    return figures | {"cllr": _cost(table, one, rows | fakes)}


def _hard(table: Table, one: Examinee, name: str) -> dict[str, Any]:
    """The bound is frozen on all plain genuine files."""
    rows = table.where(lambda row: row.hard == name)
    return _of_genuine(table, one, rows, table.genuine())


def _of_genuine(table: Table, one: Examinee, rows: Bools, others: Bools) -> dict[str, Any]:
    known = np.isfinite(one.scores)
    use = others & known
    bound = None
    if int(use.sum()) >= FEWEST_REALS[LIMIT]:
        bound = metrics.threshold_at_fpr(table.fake[use], one.scores[use], LIMIT)
    over = np.nan_to_num(one.scores, nan=-np.inf) >= (np.inf if bound is None else bound)
    return {
        "n": int(rows.sum()),
        "groups": len(set(table.groups[rows])),
        "scored": int((rows & known).sum()),
        "failed": int((rows & one.failed).sum()),
        "false_alarms": _flagged(table, one, rows),
        "false_alarms_frozen_elsewhere": share(table, over, rows) if bound is not None else None,
        **_outcomes(table, one, rows),
    }


def _cost(table: Table, one: Examinee, rows: Bools) -> float | None:
    """Cllr of these rows; None for whoever gives no ratios, and without both classes."""
    if one.ratios is None:
        return None
    use = rows & np.isfinite(one.ratios)
    return metrics.cllr(table.fake[use], one.ratios[use])


# === After laundering ===


def _laundered(table: Table, one: Examinee) -> dict[str, Any]:
    """By way and generator, beside the same files untouched; both classes went the same way."""
    return {
        way: {
            method: _after(table, one, way, method)
            for method in table.methods
            if table.of_method(method, way).any()
        }
        for way in table.ways
    }


def _after(table: Table, one: Examinee, way: str, method: str) -> dict[str, Any]:
    scores, matched = one.against(method), table.matched(method) or None
    fakes, reals = table.of_method(method, way), table.genuine(matched, way)
    untouched = [np.zeros(len(table.rows), bool) for _ in range(2)]
    for rows, before in zip((fakes, reals), untouched, strict=True):
        before[[table.rows[int(n)].of for n in np.flatnonzero(rows)]] = True
    return {
        "n": int(fakes.sum()),
        "content_matched": matched is not None,
        "auc": _area(table, scores, fakes, reals),
        "auc_untouched": _area(table, scores, *untouched)["auc"],
        "found": _flagged(table, one, fakes),
        "false_alarms": _flagged(table, one, reals),
        **_outcomes(table, one, fakes),
    }


# === All generators, each counted once ===


def _summary(table: Table, one: Examinee) -> dict[str, Any]:
    """Means over generators and the worst of them; only those with enough files."""
    areas = {}
    hits = {}
    for method in table.methods:
        if table.of_method(method).sum() < FEWEST_FAKES:
            continue
        scores, matched = one.against(method), table.matched(method)
        fakes = table.of_method(method)
        if matched:
            use = (fakes | table.genuine(matched)) & np.isfinite(scores)
            areas[method] = metrics.auc(table.fake[use], scores[use])
        bound = left_out(Table(table.rows, 0), scores, method)["bound"]
        hits[method] = bound["found"]["share"] if bound else None
    return {
        "fewest": FEWEST_FAKES,
        "auc_matched": _mean_and_worst(areas),
        "found_frozen_elsewhere": _mean_and_worst(hits),
    }


FEWEST_FAKES = 10
"""Files of a generator that count in a mean over generators."""


def _mean_and_worst(found: Mapping[str, float | None]) -> dict[str, Any] | None:
    known = {name: value for name, value in found.items() if value is not None}
    if not known:
        return None
    worst = min(known, key=lambda name: known[name])
    return {
        "mean": float(np.mean(list(known.values()))),
        "worst": known[worst],
        "worst_of": worst,
        "generators": len(known),
    }


# === Shares with intervals ===


def share(table: Table, flags: Bools, rows: Bools) -> dict[str, Any] | None:
    """How many of these rows, with a 95 % interval by group."""
    if not rows.any():
        return None
    values = flags[rows].astype(float)
    interval = metrics.mean_interval(values, table.groups[rows], draws=table.draws)
    return {
        "share": float(values.mean()),
        "low": interval[0] if interval else None,
        "high": interval[1] if interval else None,
        "n": int(rows.sum()),
    }


def _flagged(table: Table, one: Examinee, rows: Bools) -> dict[str, Any] | None:
    if one.flagged is None:
        return None
    return share(table, np.array([bool(flag) for flag in one.flagged], bool), rows)


def _outcomes(table: Table, one: Examinee, rows: Bools) -> dict[str, Any]:
    if one.outcomes is None:
        return {"called_clear": None, "answered": None, "declared": None}
    clear = np.array([o is Outcome.NO_MANIPULATION_FOUND for o in one.outcomes], bool)
    answered = np.array([o in ANSWERS for o in one.outcomes], bool)
    declared = np.array([o is Outcome.DECLARED_GENERATED for o in one.outcomes], bool)
    return {
        "called_clear": share(table, clear, rows),
        "answered": share(table, answered, rows),
        "declared": share(table, declared, rows),
    }
