"""Finds bounds that keep fakes from being cleared, and counts how many of each kind they clear.

The bounds of all checks of one scenario correspond to one quantile of the genuine scores, with all
sources weighted equally. Among the quantiles that clear no more than FROZEN_AT of any kind of fake,
the one that clears most genuine files is used. So one number is fitted for each scenario, not for
each check: a check is strict even if no known kind of fake required it, where the other checks of
the scenario are.

Strongly compressed videos are left out and never cleared: in them a fake is as calm as a genuine
face, and bounds that hold for them would clear hardly any other video.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.clearing.films import LIPS
from ml.engine.contract import Kind
from ml.engine.manifest import manifest_of
from ml.evaluation import manifest, metrics
from ml.evaluation.manifest import Case

FROZEN_AT, MUST = 0.02, 0.03
"""The share of a kind of fake that may be cleared, when bounds are frozen and when they are
reported."""
LEAST_GENUINE = 0.1
"""Share of genuine files that bounds must clear to be worth having."""
USUAL = 0.5
"""Share of genuine files that a check judges, if it is to have a bound."""
TELLS_AT = 0.75
"""The AUC from which a check counts as detecting a kind of fake."""
MOST_COMPRESSED = 29.0
"""The mean quantiser above which a video (H.264) is never cleared. It lies between videos of the
set that were encoded at CRF 23 and those at CRF 28."""
WORTH = 0.02
"""The further share of genuine files that more bounds must clear. Less is chance: `val` has about
300 genuine pictures."""
SHARES = np.linspace(1.0, 0.02, 50)
NEVER_MEASURED = {
    Kind.IMAGE: ("retouching outside the face", "pictures by other generators"),
    Kind.VIDEO: (LIPS, "videos generated as a whole"),
}
"""Kinds that are stated as not seen, unless the manifest contains them."""


@dataclass(frozen=True)
class Examined:
    case: manifest.Case
    split: str
    scores: Mapping[str, float]
    clearable: bool
    """Every check that may clear saw nothing, and no other check anything."""
    answered: bool
    """Something was found, so the bounds do not matter."""
    in_the_way: tuple[str, ...] = ()
    """Checks that saw something, so that the file is not clearable."""
    too_compressed: bool = False


def not_too_compressed(every: Sequence[Examined]) -> list[Examined]:
    return [one for one in every if not one.too_compressed]


def usual(every: Sequence[Examined]) -> list[str]:
    """Checks that judge most genuine files: a bound on one that seldom runs would clear nothing."""
    genuine = [one for one in every if one.split == "val" and not one.case.fake]
    ran = Counter(name for one in genuine for name in one.scores)
    return sorted(name for name, count in ran.items() if count > USUAL * len(genuine))


def chosen_groups(every: Sequence[Examined]) -> list[tuple[str, ...]]:
    """Scenarios of which a check detects some kind of fake: a bound on the others would fit chance.
    Of their checks those alone that may clear, or all if their bounds clear WORTH more genuine
    files of `val`. A check that only asks needs no bound: it stands in the way by asking."""
    scenarios = [group for group in by_scenario(usual(every)) if tells(every, group)]
    firm = [tuple(n for n in group if manifest_of(n).may_clear) for group in scenarios]
    fewer = [group for group in firm if group]
    gained = genuine_cleared(every, scenarios) - genuine_cleared(every, fewer)
    return scenarios if gained > WORTH else fewer


def tells(every: Sequence[Examined], group: Sequence[str]) -> bool:
    """Whether one of its checks ranks some kind of fake of `val` above the genuine files."""
    known = [one for one in every if one.split == "val"]
    return any(
        (metrics.auc([one.case.fake for one in some], [one.scores[name] for one in some]) or 0.0)
        >= TELLS_AT
        for name in group
        for kind in {one.case.method for one in known if one.case.fake}
        for some in [[o for o in known if name in o.scores and o.case.method in ("", kind)]]
    )


def genuine_cleared(every: Sequence[Examined], groups: Sequence[Sequence[str]]) -> float:
    """Share of `val`, each source weighing as much as any other."""
    bounds = frozen(every, groups)
    by_source: dict[str, list[bool]] = {}
    for one in every:
        if one.split == "val" and not one.case.fake and bounds is not None:
            by_source.setdefault(one.case.source, []).append(clears(one, bounds))
    return float(np.mean([np.mean(each) for each in by_source.values()])) if by_source else 0.0


def by_scenario(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Checks that look for the same kind of making, together."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(manifest_of(name).scenario or name, []).append(name)
    return [tuple(group) for group in groups.values()]


def frozen(every: Sequence[Examined], groups: Sequence[Sequence[str]]) -> dict[str, float] | None:
    """Bounds by check, from the split `val`; None where those that are strict enough clear hardly
    any genuine file, so that the checks do not tell it from some kind of fake."""
    known = [one for one in every if one.split == "val"]
    genuine = [one for one in known if not one.case.fake]
    if not genuine or not groups:
        return None
    sources = Counter(one.case.source for one in genuine)
    weights = np.array(
        [0 if one.case.fake else 1 / sources[one.case.source] / len(sources) for one in known]
    )
    kinds = [
        np.array([one.case.method == kind for one in known])
        for kind in sorted({one.case.method for one in known if one.case.fake})
    ]
    held = [
        np.stack([_held(known, _bounds(genuine, group, share)) for share in SHARES])
        for group in groups
    ]
    clearable = np.array([one.clearable for one in known])
    best: tuple[float, tuple[int, ...]] = (-1.0, ())
    for at in itertools.product(range(len(SHARES)), repeat=len(groups) - 1):
        others = [one[level] for one, level in zip(held, at, strict=False)]
        clear = held[-1] & np.logical_and.reduce([clearable, *others])
        strict = np.logical_and.reduce([clear[:, kind].mean(1) <= FROZEN_AT for kind in kinds])
        shares = np.where(strict, clear @ weights, -1.0)
        last = int(shares.argmax())  # of equal ones the loosest
        if shares[last] > best[0]:
            best = (float(shares[last]), (*at, last))
    if best[0] < LEAST_GENUINE:
        return None
    chosen = zip(groups, best[1], strict=True)
    return {
        name: bound
        for group, level in chosen
        for name, bound in _bounds(genuine, group, SHARES[level]).items()
    }


def _bounds(genuine: Sequence[Examined], names: Sequence[str], share: float) -> dict[str, float]:
    return {name: _quantile(genuine, name, share) for name in names}


def _held(some: Sequence[Examined], bounds: Mapping[str, float]) -> NDArray[np.bool_]:
    return np.array([_within(one, bounds) for one in some])


def _quantile(genuine: Sequence[Examined], name: str, share: float) -> float:
    """Of the genuine scores, each source weighing as much as any other; the highest of all where a
    scenario need not be strict, so that its checks must have run at least."""
    by_source: dict[str, list[float]] = {}
    for one in genuine:
        if name in one.scores:
            by_source.setdefault(one.case.source, []).append(one.scores[name])
    if share >= 1:
        return max(max(values) for values in by_source.values())
    return float(np.mean([np.quantile(values, share) for values in by_source.values()]))


def clears(one: Examined, bounds: Mapping[str, float]) -> bool:
    return one.clearable and not one.too_compressed and _within(one, bounds)


def _within(one: Examined, bounds: Mapping[str, float]) -> bool:
    return all(name in one.scores and one.scores[name] <= bound for name, bound in bounds.items())


def cleared(some: Sequence[Examined], bounds: Mapping[str, float]) -> float:
    return float(np.mean([clears(one, bounds) for one in some])) if some else 0.0


def measured(
    every: Sequence[Examined], bounds: Mapping[str, float] | None, split: str
) -> dict[str, Any]:
    """Shares cleared by kind of fake, and of genuine files cleared and answered by source. Fakes
    that are too compressed to be cleared are left out: they would make a share look small."""
    of_split = [one for one in every if one.split == split]
    some = [one for one in of_split if not (one.case.fake and one.too_compressed)]
    shares: dict[str, Any] = {"fakes": {}, "genuine": {}}
    keys: dict[str, Callable[[Case], str]] = {
        "fakes": lambda case: case.method,
        "genuine": lambda case: case.source,
    }
    for part, key in keys.items():
        for name in sorted({key(one.case) for one in some if one.case.fake == (part == "fakes")}):
            these = [
                one for one in some if one.case.fake == (part == "fakes") and key(one.case) == name
            ]
            before = [one.clearable for one in these]
            now = [bounds is not None and clears(one, bounds) for one in these]
            shares[part][name] = {
                "files": len(these),
                "cleared_without_bounds": round(float(np.mean(before)), 4),
                "cleared": round(float(np.mean(now)), 4),
                "answered": round(
                    float(np.mean([a or one.answered for a, one in zip(now, these, strict=True)])),
                    4,
                ),
            }
    return shares


def conditions_of(
    kind: Kind, every: Sequence[Examined], groups: Sequence[Sequence[str]]
) -> dict[str, Any] | None:
    """None where there are no files. Bounds are null where none keep fakes from being cleared."""
    if not every or not groups:
        return None
    judged = not_too_compressed(every)
    bounds = frozen(judged, groups)
    on_val, on_test = (measured(every, bounds, split) for split in ("val", "test"))
    seen = seen_in(on_val, on_test, bounded=bounds is not None)
    others = [name for name in on_test["fakes"] if name not in seen]
    bounded = {name for group in groups for name in group}
    at_most = {name: round(bound, 4) for name, bound in bounds.items()} if bounds else None
    return {
        "at_most": at_most if seen else None,
        "quantiser_at_most": MOST_COMPRESSED if kind is Kind.VIDEO else None,
        "asked": [name for name in usual(judged) if name not in bounded],
        "looked_for": seen,
        "not_seen": [
            *others,
            *(name for name in NEVER_MEASURED.get(kind, ()) if name not in on_test["fakes"]),
        ],
        "checks": sorted(bounded),
        "in_the_way": in_the_way(every),
        "frozen_on": on_val,
        "measured_on": on_test,
    }


def in_the_way(every: Sequence[Examined]) -> dict[str, dict[str, int]]:
    """By source of both splits, genuine files, and those that each check keeps from being cleared
    whatever its bound is."""
    counts: dict[str, Counter[str]] = {}
    for one in every:
        if not one.case.fake:
            counts.setdefault(one.case.source, Counter()).update(("files", *one.in_the_way))
    return {source: dict(counted) for source, counted in sorted(counts.items())}


def seen_in(on_val: Mapping[str, Any], on_test: Mapping[str, Any], *, bounded: bool) -> list[str]:
    """Kinds of which hardly any is cleared, on either half."""
    share = "cleared" if bounded else "cleared_without_bounds"

    def most(name: str) -> float:
        lines = (half["fakes"].get(name) for half in (on_val, on_test))
        return max(float(line[share]) for line in lines if line)

    return [name for name in on_test["fakes"] if most(name) <= MUST]
