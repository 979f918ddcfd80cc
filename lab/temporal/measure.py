"""Measures what the network detects and how often it is wrong about real talks, on unseen
speakers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lab.temporal import fakes
from lab.temporal.data import AS_IT_IS, Example
from lab.temporal.loop import Scorer
from ml.evaluation import metrics
from ml.evaluation.cards import rounded


def auc(examples: Sequence[Example], scores: Sequence[float | None]) -> dict[str, Any]:
    """With an interval from resampled speakers."""
    known = [(e, s) for e, s in zip(examples, scores, strict=True) if s is not None]
    fake = [e.variant.fake for e, _ in known]
    values = [s for _, s in known]
    interval = metrics.auc_interval(fake, values, [e.clip.speaker for e, _ in known], draws=500)
    return {
        "auc": rounded(metrics.auc(fake, values)),
        "low": rounded(interval[0]) if interval else None,
        "high": rounded(interval[1]) if interval else None,
        "reals": len(fake) - sum(fake),
        "fakes": sum(fake),
    }


def compared_with(examples: Sequence[Example]) -> list[Example]:
    """The real clips that are compared with fakes, re-encoded like them, so that the encoder
    carries no information."""
    return [e for e in examples if not e.variant.fake and e.variant.kind != AS_IT_IS]


def auc_of(tested: Sequence[Example], score: Scorer, which: Callable[[Example], bool]) -> Any:
    """The fakes that `which` holds for, against all real ones that were encoded again."""
    chosen = [*compared_with(tested), *(e for e in tested if which(e))]
    return auc(chosen, score(chosen))


def by_what_it_met(tested: Sequence[Example], score: Scorer) -> dict[str, Any]:
    """A network that met all kinds and masks, by each of them."""
    found = {"all": auc_of(tested, score, lambda e: e.variant.fake)}
    for kind in fakes.KINDS:
        found[f"kind {kind}"] = auc_of(
            tested,
            score,
            lambda e, kind=kind: e.variant.fake and e.variant.kind == kind,  # type: ignore[misc]  # mypy infers no lambda with a default
        )
    for group in fakes.GROUPS:
        found[f"masks {group}"] = auc_of(
            tested,
            score,
            lambda e, group=group: e.variant.fake and fakes.group_of(e.variant.family) == group,  # type: ignore[misc]  # mypy infers no lambda with a default
        )
    return found


def false_alarms(
    tested: Sequence[Example], score: Scorer, found_at: float, even_at: float
) -> dict[str, dict[str, Any]]:
    """Real talks by what they went through: how many are asked about at the frozen bound, and for
    how many the odds are raised at all."""
    reals = [e for e in tested if not e.variant.fake]
    scores = score(reals)
    found = {}
    for name in sorted({e.variant.condition for e in reals}, key=_order):
        own = [s for e, s in zip(reals, scores, strict=True) if e.variant.condition == name]
        seen = [s for s in own if s is not None]
        alarms = sum(s >= found_at for s in seen)
        found[name] = {
            "clips": len(own),
            "judged": len(seen),
            "alarms": alarms,
            "share": rounded(alarms / len(seen)) if seen else None,
            "raised": rounded(sum(s > even_at for s in seen) / len(seen)) if seen else None,
        }
    return found


def _order(name: str) -> tuple[int, str]:
    return (0 if name == AS_IT_IS else 1 if name.startswith("H.264") else 2, name)


def caught(tested: Sequence[Example], score: Scorer, found_at: float) -> dict[str, float | None]:
    """Share of each kind of fake that lies above the frozen bound."""
    shares = {}
    for kind in fakes.KINDS:
        own = [e for e in tested if e.variant.fake and e.variant.kind == kind]
        seen = [s for s in score(own) if s is not None]
        shares[kind] = rounded(float(np.mean([s >= found_at for s in seen]))) if seen else None
    return shares
