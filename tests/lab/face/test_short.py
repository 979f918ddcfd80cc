"""Short trainings: the schedule, nothing kept of a failed run, speakers kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest

from lab.common import short, speakers
from lab.common.ahead import ahead


@dataclass(frozen=True)
class Recipe:
    steps: int = 20
    rate: float = 0.1
    decay: float = 0.0


@dataclass(frozen=True)
class Clip:
    split: str
    speaker: str


@dataclass(frozen=True)
class Talk:
    clip: Clip


def line() -> keras.Model:
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.compile(optimizer=short.optimizer(Recipe()), loss="mse")
    return network


def test_the_rate_climbs_and_falls() -> None:
    """Highest after a tenth of the way; all but nothing at the end."""
    rates = [short.learning_rate(step, Recipe()) for step in range(20)]
    assert max(rates) == rates[1] == rates[2] == pytest.approx(0.1)
    assert rates[0] < rates[1] and rates[2:] == sorted(rates[2:], reverse=True)
    assert 0 < rates[-1] < 0.01


def test_each_step_is_its_own_loss() -> None:
    """A line learns to double: as many losses as steps, the last far below the first."""
    x = np.linspace(-1, 1, 16, dtype=np.float32)[:, None]
    losses = short.losses(line(), ahead(lambda step: (x, 2 * x), 0, 20), Recipe(), lambda s: s)
    assert len(losses) == 20 and losses[-1] < losses[0] / 2


def test_a_broken_run_stops_at_once() -> None:
    """A loss that is no number names its step."""
    x = np.ones((4, 1), np.float32)
    batches = ahead(lambda step: (x, x if step < 3 else x * np.nan), 0, 20)
    with pytest.raises(FloatingPointError, match="step 3"):
        short.losses(line(), batches, Recipe(), lambda s: s)


def test_a_folder_holds_only_its_own_training(tmp_path: Path) -> None:
    """What was kept is found again by its recipe, and by no other."""
    assert not short.holds(tmp_path, {"steps": 3})
    short.keep(tmp_path, {"steps": 3}, [0.25])
    assert short.holds(tmp_path, {"steps": 3}) and not short.holds(tmp_path, {"steps": 4})


def test_batches_come_in_order() -> None:
    """However many are made ahead, and from wherever a run goes on."""
    assert list(ahead(lambda step: step * step, 2, 11)) == [step * step for step in range(2, 11)]


def test_no_speaker_stands_on_both_sides() -> None:
    """Folds part the speakers; what is tested on is never learnt from."""
    talks = [Talk(Clip("test" if n % 5 == 0 else "train", f"s{n % 7}")) for n in range(40)]
    met: list[int] = []
    for number in range(speakers.FOLDS):
        own, others = speakers.without_fold(talks, number)
        assert {t.clip.speaker for t in own}.isdisjoint(t.clip.speaker for t in others)
        assert len(own) + len(others) == len(talks)
        met += map(id, own)
    assert sorted(met) == sorted(map(id, talks))
    learnt, tested = speakers.learnt_from(talks), speakers.tested_on(talks)
    assert {t.clip.split for t in tested} == {"test"} and len(learnt) + len(tested) == len(talks)
