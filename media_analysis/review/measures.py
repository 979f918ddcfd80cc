"""Figures with their number of cases and their interval: agreement of two people, and weighted
shares. 95 % everywhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z = 1.959963984540054
"""The normal quantile of a two-sided interval of 95 %."""


FEWEST_PAIRS = 20
"""For a large-sample interval."""


@dataclass(frozen=True)
class Measure:
    value: float | None
    """None where it is not defined."""
    low: float | None
    high: float | None
    n: int


def kappa(pairs: Sequence[tuple[str, str]]) -> Measure:
    """Cohen's kappa of (first, second), with the large-sample interval of Fleiss, Cohen and Everitt
    (1969): none of few pairs, nor of full agreement, where it would claim to be certain. Undefined
    where both only ever said one and the same thing."""
    n = len(pairs)
    counts = Counter(pairs)
    outcomes = sorted({one for pair in pairs for one in pair})
    if n == 0:
        return Measure(None, None, None, 0)
    first = {a: sum(counts[a, b] for b in outcomes) / n for a in outcomes}
    second = {b: sum(counts[a, b] for a in outcomes) / n for b in outcomes}
    observed = sum(counts[a, a] for a in outcomes) / n
    expected = sum(first[a] * second[a] for a in outcomes)
    if expected == 1:
        return Measure(None, None, None, n)
    value = (observed - expected) / (1 - expected)
    same = sum(
        counts[a, a] / n * ((1 - expected) - (first[a] + second[a]) * (1 - observed)) ** 2
        for a in outcomes
    )
    other = (1 - observed) ** 2 * sum(
        counts[a, b] / n * (second[a] + first[b]) ** 2 for a in outcomes for b in outcomes if a != b
    )
    left = (observed * expected - 2 * expected + observed) ** 2
    error = math.sqrt(max(same + other - left, 0.0) / n) / (1 - expected) ** 2
    if n < FEWEST_PAIRS or error == 0:
        return Measure(value, None, None, n)
    return Measure(value, max(value - Z * error, -1.0), min(value + Z * error, 1.0), n)


@dataclass(frozen=True)
class Weights:
    """The number of cases, the sum of their weights, and the sum of squared weights."""

    n: int = 0
    sum: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Weights) -> Weights:
        return Weights(self.n + other.n, self.sum + other.sum, self.squares + other.squares)


def total(parts: Iterable[Weights]) -> Weights:
    return sum(parts, Weights())


def share(part: Weights, whole: Weights) -> Measure:
    """The share of the weight of `part` in that of `whole`, with Wilson's interval at the effective
    number of cases (Kish), which is smaller than n if weights differ."""
    if whole.sum <= 0:
        return Measure(None, None, None, whole.n)
    value = part.sum / whole.sum
    n = whole.sum**2 / whole.squares
    middle = (value + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * math.sqrt(value * (1 - value) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return Measure(value, max(middle - half, 0.0), min(middle + half, 1.0), whole.n)
