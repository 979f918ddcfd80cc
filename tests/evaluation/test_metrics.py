"""The metrics compared with scikit-learn, and with answers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import isotonic
from sklearn import metrics as theirs

from ml.evaluation import calibration, metrics

LABELS_AND_SCORES = st.integers(2, 60).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.bool_, n),
        hnp.arrays(np.float64, n, elements=st.integers(-8, 8).map(float)),
    )
)


@settings(max_examples=150, deadline=None)
@given(LABELS_AND_SCORES)
def test_ranking_metrics_agree_with_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    """AUC and AP equal scikit-learn's, with many ties; one class only answers None."""
    fake, scores = case
    if fake.all() or not fake.any():
        assert metrics.auc(fake, scores) is None
        assert metrics.average_precision(fake, scores) is None
        return
    assert metrics.auc(fake, scores) == pytest.approx(theirs.roc_auc_score(fake, scores))
    ours = metrics.average_precision(fake, scores)
    assert ours == pytest.approx(theirs.average_precision_score(fake, scores))
    alarms, hits, _ = theirs.roc_curve(fake, scores, drop_intermediate=False)
    for limit in (0.01, 0.05, 0.5):
        best = hits[alarms <= limit].max()
        assert metrics.tpr_at_fpr(fake, scores, limit) == pytest.approx(best)


@settings(max_examples=100, deadline=None)
@given(LABELS_AND_SCORES)
def test_isotonic_agrees_with_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    """Pooled frequencies equal those of scikit-learn's isotonic regression."""
    fake, scores = case
    model = isotonic.IsotonicRegression()
    assert metrics.isotonic(fake, scores) == pytest.approx(
        model.fit_transform(scores, fake.astype(float))
    )


def test_equal_error_rate_by_hand() -> None:
    """Four of each, one of each on the wrong side: a quarter."""
    labels = [0, 0, 0, 1, 0, 1, 1, 1]
    assert metrics.eer(labels, range(8)) == pytest.approx(0.25)


def test_brier_agrees_with_scikit_learn() -> None:
    """Mean squared distance of probability and truth."""
    random = np.random.default_rng(1)
    fake, predicted = random.random(200) < 0.4, random.random(200)
    assert metrics.brier(fake, predicted) == pytest.approx(theirs.brier_score_loss(fake, predicted))


def test_calibration_error_sees_overconfidence_and_not_honesty() -> None:
    """Probabilities that come true cost nearly nothing; the same ones sharpened cost much."""
    random = np.random.default_rng(2)
    predicted = random.random(50_000)
    fake = random.random(50_000) < predicted
    honest, loud = metrics.ece(fake, predicted), metrics.ece(fake, np.round(predicted))
    assert honest is not None and loud is not None
    assert honest < 0.01 and loud > 0.2


def test_cllr_of_knowing_nothing_is_one_bit() -> None:
    """A ratio of 1 for all costs 1; perfect ratios cost nothing; wrong ones cost more than 1."""
    labels = [0, 0, 1, 1]
    assert metrics.cllr(labels, [0, 0, 0, 0]) == pytest.approx(1.0)
    assert metrics.cllr(labels, [-9, -9, 9, 9]) == pytest.approx(0.0, abs=1e-6)
    assert (metrics.cllr(labels, [2, 2, -2, -2]) or 0) > 1.0


@settings(max_examples=100, deadline=None)
@given(LABELS_AND_SCORES)
def test_min_cllr_is_never_above_cllr(case: tuple[np.ndarray, np.ndarray]) -> None:
    """Perfect calibration of the same ranking cannot be worse than the one that is there."""
    fake, scores = case
    if fake.all() or not fake.any():
        return
    best, as_is = metrics.min_cllr(fake, scores), metrics.cllr(fake, scores / 4)
    assert best is not None and as_is is not None
    assert 0.0 <= best <= as_is + 1e-9


def test_interval_knows_that_frames_of_one_video_are_not_independent() -> None:
    """The same scores, every one ten times: groups keep the interval, single items narrow it."""
    random = np.random.default_rng(3)
    fake = np.arange(80) % 2 == 0
    scores = random.normal(size=80) + fake
    group = np.arange(80)
    ten = (np.repeat(fake, 10), np.repeat(scores, 10))
    wide = metrics.auc_interval(*ten, np.repeat(group, 10), draws=400)
    narrow = metrics.auc_interval(*ten, np.arange(800), draws=400)
    single = metrics.auc_interval(fake, scores, group, draws=400)
    assert wide and narrow and single
    assert wide == pytest.approx(single, abs=0.02)
    assert narrow[1] - narrow[0] < 0.6 * (wide[1] - wide[0])
    assert metrics.auc_interval(fake, scores, np.zeros(80)) is None


def test_a_score_that_is_not_a_number_is_refused() -> None:
    """A failed item must be counted as failed, not ranked."""
    with pytest.raises(ValueError, match="finite"):
        metrics.auc([0, 1], [0.0, np.nan])


@pytest.mark.parametrize(("n", "ratio"), [(100, 34), (300, 101), (1000, 334), (3000, 1002)])
def test_ratio_is_capped_by_the_size_of_the_calibration_set(n: int, ratio: int) -> None:
    """n items without an error support a ratio of about n / 3."""
    assert round(10 ** calibration.lr_cap(n)) == ratio


def test_calibrated_ratios_are_what_the_classes_make_them() -> None:
    """Two normal classes one apart have log LR = x - 1/2, whatever the share of fakes."""
    random = np.random.default_rng(4)
    scores = np.concatenate([random.normal(0, 1, 20_000), random.normal(1, 1, 4_000)])
    labels = np.arange(24_000) >= 20_000
    line = calibration.fit_platt(labels, scores)
    assert line.slope * np.log(10) == pytest.approx(1.0, abs=0.06)
    assert line.offset * np.log(10) == pytest.approx(-0.5, abs=0.06)
    ratios = line.log10_lr(scores)
    found, best = metrics.cllr(labels, ratios), metrics.min_cllr(labels, scores)
    assert found is not None and best is not None
    assert found == pytest.approx(best, abs=0.02)
    assert line.log10_lr([1e9])[0] == line.cap


def test_separable_scores_still_give_a_finite_line() -> None:
    """Twenty items without an overlap must not promise certainty."""
    line = calibration.fit_platt([0] * 10 + [1] * 10, range(20))
    assert abs(line.log10_lr([100.0])[0]) <= calibration.lr_cap(10) < 0.6
