"""Kappa and weighted shares equal those of others, or those computed by hand."""

from __future__ import annotations

import random

import pytest
from sklearn.metrics import cohen_kappa_score, precision_score, recall_score

from media_analysis.review.measures import Weights, kappa, share, total

WORDS = ("manipulated", "not_manipulated", "unclear")


def simulated(seed: int, n: int = 400, right: float = 0.8) -> list[tuple[str, str]]:
    """Two people who each see the truth with a probability, and guess otherwise."""
    rng = random.Random(seed)
    pairs = []
    for _ in range(n):
        truth = rng.choice(WORDS)
        seen = [truth if rng.random() < right else rng.choice(WORDS) for _ in range(2)]
        pairs.append((seen[0], seen[1]))
    return pairs


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    pairs = simulated(seed)
    found = kappa(pairs)
    assert found.value == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)), abs=1e-12)
    assert found.n == 400


def test_kappa_by_hand_and_its_interval_by_the_delta_method() -> None:
    """100 cases of three answers: kappa is 0.23 / 0.34. Its standard error equals that of the delta
    method, whose slopes are found numerically."""
    table = {("p", "p"): 75, ("p", "n"): 1, ("p", "o"): 4, ("n", "p"): 5, ("n", "n"): 4,
             ("n", "o"): 1, ("o", "o"): 10}  # fmt: skip
    found = kappa([pair for pair, times in table.items() for _ in range(times)])
    assert found.value == pytest.approx(0.23 / 0.34) and found.n == 100
    assert found.low is not None and found.high is not None
    error = (found.high - found.low) / (2 * 1.959963984540054)
    shares = {pair: times / 100 for pair, times in table.items()}
    slopes = {pair: _slope(shares, pair) for pair in shares}
    mean = sum(shares[pair] * slopes[pair] for pair in shares)
    spread = sum(shares[pair] * (slopes[pair] - mean) ** 2 for pair in shares)
    assert error == pytest.approx((spread / 100) ** 0.5, rel=1e-5)


def _slope(
    shares: dict[tuple[str, str], float], pair: tuple[str, str], step: float = 1e-6
) -> float:
    def value(by: float) -> float:
        p = {**shares, pair: shares[pair] + by}
        observed = sum(share for (a, b), share in p.items() if a == b)
        expected = sum(
            share * other for (a, _), share in p.items() for (_, b), other in p.items() if a == b
        )
        return (observed - expected) / (1 - expected)

    return (value(step) - value(-step)) / (2 * step)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of 300 simulated samples, about 95 % of the intervals hold the value of a large one."""
    truth = kappa(simulated(99, n=200_000)).value
    assert truth is not None
    held = 0
    for seed in range(300):
        found = kappa(simulated(seed, n=200))
        assert found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    assert 0.91 <= held / 300 <= 0.985


def test_kappa_of_full_agreement_and_where_it_is_not_defined() -> None:
    """1 where both always say the same of two things; none where there was only one to say."""
    assert kappa([("a", "a"), ("b", "b")] * 20).value == 1
    assert kappa([("a", "a")] * 5).value is None and kappa([("a", "a")] * 5).n == 5
    assert kappa([]).value is None


def test_kappa_claims_no_certainty_that_it_does_not_have() -> None:
    """No interval of a few pairs, and none where all agree: its formula would say "exactly"."""
    for pairs in ([("a", "b")], simulated(1, n=19), [("a", "a"), ("b", "b")] * 20):
        found = kappa(pairs)
        assert found.value is not None and found.low is None and found.high is None
    assert kappa(simulated(1, n=20)).low is not None


def test_weighted_precision_and_recall_are_those_of_scikit_learn() -> None:
    """With weights of one over the probability of being sampled."""
    rng = random.Random(7)
    cases = [
        (rng.random() < 0.4, rng.random() < 0.5, rng.choice([1.0, 4.0, 50.0])) for _ in range(500)
    ]

    def weigh(wanted: object) -> Weights:
        return total(Weights(1, w, w * w) for truth, found, w in cases if (truth, found) == wanted)

    both, only_found, only_true = weigh((True, True)), weigh((False, True)), weigh((True, False))
    columns = [list(column) for column in zip(*cases, strict=True)]
    expected = precision_score(columns[0], columns[1], sample_weight=columns[2])
    assert share(both, both + only_found).value == pytest.approx(expected)
    expected = recall_score(columns[0], columns[1], sample_weight=columns[2])
    assert share(both, both + only_true).value == pytest.approx(expected)


def test_wilsons_interval_by_hand_and_wider_where_weights_differ() -> None:
    """8 of 10: 0.490 to 0.943. The same share from cases of unequal weight is less certain."""
    even = share(Weights(8, 8, 8), Weights(10, 10, 10))
    assert even.value == 0.8 and even.n == 10
    assert even.low == pytest.approx(0.4902, abs=1e-4)
    assert even.high == pytest.approx(0.9433, abs=1e-4)
    uneven = share(Weights(8, 80, 2000), Weights(10, 100, 2500))
    assert uneven.value == 0.8 and uneven.low is not None and even.low is not None
    assert uneven.low < even.low
    assert share(Weights(), Weights()).value is None
