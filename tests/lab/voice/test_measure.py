"""The measurement is right on scores with an answer computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.voice import baselines, measure
from lab.voice.data import FOLDS
from lab.voice.store import CLIP, Row


def _rows(count: int, split: str = "train") -> list[Row]:
    labels = ("real", "fake")
    return [
        Row(CLIP, labels[n % 2], split, f"s{n % 3}", "y", f"p{n}", n, 0, 0) for n in range(count)
    ]


def test_perfect_and_inverted_scores() -> None:
    """Fakes above all reals: AUC 1 and no error; the other way round: AUC 0."""
    rows = _rows(40)
    good = {n: (1.0 if row.is_fake else -1.0) for n, row in enumerate(rows)}
    assert measure.summary(good, rows) == {"auc": 1.0, "eer": 0.0, "reals": 20, "fakes": 20}
    assert measure.summary({n: -v for n, v in good.items()}, rows)["auc"] == 0.0


def test_scores_without_meaning_cost_a_bit() -> None:
    """A likelihood ratio of one for everything has Cllr 1, a confident wrong one far more."""
    rows = _rows(40)
    as_it_is = {"slope": 1.0, "offset": 0.0}
    assert measure.cllr(dict.fromkeys(range(40), 0.0), rows, as_it_is) == pytest.approx(1.0)
    wrong = {n: (-5.0 if row.is_fake else 5.0) for n, row in enumerate(rows)}
    cost = measure.cllr(wrong, rows, as_it_is)
    assert cost is not None and cost > 5


def test_calibration_finds_what_the_scores_mean() -> None:
    """Scores that are natural log likelihood ratios times two plus one are turned back; the test
    split has no say in it, and the bound flags the share of reals that was fixed."""
    rng = np.random.default_rng(0)
    rows = _rows(8000)
    ratio = {
        n: float(rng.normal(1.0 if r.is_fake else -1.0, math.sqrt(2))) for n, r in enumerate(rows)
    }
    scores = {n: 2 * value + 1 for n, value in ratio.items()}
    used = measure.calibrated(scores, rows)
    assert used["slope"] * math.log(10) == pytest.approx(0.5, abs=0.05)
    assert used["offset"] * math.log(10) == pytest.approx(-0.5, abs=0.08)
    flagged = [scores[n] >= used["found_at"] for n, r in enumerate(rows) if not r.is_fake]
    assert np.mean(flagged) == pytest.approx(measure.FOUND_ALPHA, abs=0.002)
    assert used["clear_at"] <= 1.0 + 0.2, "nothing passes while the odds are for the contrary"
    strangers = [*rows, *_rows(100, split="test")]
    with_test = scores | {8000 + n: 100.0 for n in range(100)}
    assert measure.calibrated(with_test, strangers) == used


def test_too_few_clips_for_a_bound_are_bounded_by_their_highest() -> None:
    """Thirty genuine clips cannot carry three in a hundred: only what is above all is flagged."""
    rows = _rows(60)
    used = measure.calibrated({n: float(n % 7) + row.is_fake for n, row in enumerate(rows)}, rows)
    assert used["found_at"] == 6.0


def test_flags_are_counted_a_source_each() -> None:
    """Label and source are told apart, with how many clips there were."""
    rows = _rows(6)
    found = measure.by_source(dict.fromkeys(range(6), 2.0), rows, 1.0, 3.0)
    assert found["real s0"] == {"asked": 1.0, "decided": 0.0, "clips": 1}
    assert sum(entry["clips"] for entry in found.values()) == 6


def test_no_source_lies_above_the_bound_that_decides() -> None:
    """One in a hundred over all; and one loud source raises the bound until no more of it are above
    than chance allows, if it has as many sounds as can tell."""
    rng = np.random.default_rng(3)
    many = [float(value) for value in rng.normal(size=400)]
    quiet = measure.decides({"many": many})
    assert 0 < quiet["above"]["many"]["share"] <= measure.DECIDE_ALPHA
    loud = [value + 5.0 for value in many[:40]]
    bounds = measure.decides({"many": many, "loud": loud, "few": [99.0]})
    assert bounds["above"]["loud"] == {"share": 2 / 40, "of": 40}
    assert [measure.allowed_above(count) for count in (20, 40, 400)] == [1, 2, 8]
    assert bounds["above"]["few"]["share"] == 1.0, "too few to tell"
    assert bounds["genuine"] == 441


def test_a_baseline_sees_only_what_it_may() -> None:
    """With features that give the class away it scores; what it judges was not in its training."""
    rows = _rows(60)
    values = np.array([[float(row.is_fake), 0.0] for row in rows])
    scores = baselines.fitted_scores(
        values, rows, lambda row: row.source != "s0", lambda row: row.source == "s0"
    )
    assert {rows[n].source for n in scores} == {"s0"}
    assert measure.summary(scores, rows)["auc"] == 1.0


def test_every_fold_name_makes_a_folder_of_its_own() -> None:
    """Folds keep their scores apart."""
    folders = {fold.name.replace(" ", "_") for fold in FOLDS}
    assert len(folders) == len(FOLDS)


def test_silence_is_measured_in_seconds() -> None:
    """Half a second before, one after, three and a half in all."""
    from tests.lab.voice.voices import speech_like

    sound = np.concatenate(
        [np.zeros(8000, np.float32), speech_like(2.0), np.zeros(16_000, np.float32)]
    )
    before, after, whole = baselines.silence(sound)
    assert before == pytest.approx(0.5, abs=0.15)
    assert after == pytest.approx(1.0, abs=0.3)
    assert whole == pytest.approx(3.5)
