"""Networks trained without some speakers, a kind of fake or a group of masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lab.common import short
from lab.common.speakers import FOLDS, without_fold
from lab.temporal import fakes, loop
from lab.temporal.baselines import Regression
from lab.temporal.data import Example

Watch = Callable[[str], short.Watch]


def out_of_fold(
    learnt: Sequence[Example], runs: Path, recipe: loop.Recipe, watch: Watch
) -> list[tuple[Example, float]]:
    """Every training example, with the score of a network that was not trained on its speaker."""
    found: list[tuple[Example, float]] = []
    for number in range(FOLDS):
        own, others = without_fold(learnt, number)
        name = f"without fold {number}"
        net = loop.train(others, runs / f"fold{number}", recipe, watch=watch(name))
        scores = loop.scores(loop.served_by(net), own)
        found += [(e, s) for e, s in zip(own, scores, strict=True) if s is not None]
    return found


def held_out(kind: str | None, group: str | None) -> Callable[[Example], bool]:
    """Whether an example is a fake of that kind, or of a mask of that group."""

    def holds(example: Example) -> bool:
        variant = example.variant
        if not variant.fake:
            return False
        return variant.kind == kind if kind else fakes.group_of(variant.family) == group

    return holds


def without(
    learnt: Sequence[Example], runs: Path, recipe: loop.Recipe, watch: Watch
) -> Iterator[tuple[str, Callable[[Example], bool], loop.Scorer, loop.Scorer]]:
    """For each kind and each group of masks: a network and a regression that never met it."""
    every = [*((kind, None) for kind in fakes.KINDS), *((None, g) for g in fakes.GROUPS)]
    for kind, group in every:
        name = f"kind {kind}" if kind else f"masks {group}"
        holds = held_out(kind, group)
        rest = [e for e in learnt if not holds(e)]
        folder = runs / f"without-{name.replace(' ', '-')}"
        net = loop.train(rest, folder, recipe, watch=watch(f"without {name}"))
        yield name, holds, loop.scorer(loop.served_by(net)), Regression(rest).scores
