"""The benefit of a second network: combined with it by half, measured on other people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.image_encoders.altered_report import SWAPS, Part, Together, as_text, gained
from lab.image_encoders.beside_forgery import auc


def _part(seed: int, *, tells: float, people: int = 40, each: int = 12) -> Part:
    """Half of everybody's faces are swapped; the second network tells them by so much."""
    random = np.random.default_rng(seed)
    count = people * each
    fake = np.arange(count) % 2 == 1
    return Part(
        small=random.normal(fake * 1.5, 1.0),
        large=random.normal(fake * tells, 1.0),
        kind=np.where(fake, SWAPS, ""),
        source=np.array(["dfdc"] * count),
        person=np.array([f"dfdc {n // each}" for n in range(count)]),
        number=np.arange(count),
        degraded=np.zeros(count, bool),
    )


def test_a_second_network_that_tells_more_shows_a_gain() -> None:
    """Its interval excludes zero; one that knows nothing takes from the first and gains nothing."""
    for tells, some in ((1.5, True), (0.0, False)):
        val, test = _part(1, tells=tells), _part(2, tells=tells)
        low, high = gained(test, test.small, Together.fitted(val)(test), auc)
        assert (low > 0) == some and high < 0.2


def test_each_network_counts_half_whatever_its_scale() -> None:
    val = _part(1, tells=1.5)
    wide = replace(val, large=val.large * 10)
    ranked = [np.argsort(Together.fitted(part)(part)) for part in (val, wide)]
    assert np.mean(ranked[0] == ranked[1]) > 0.95


def test_the_page_names_every_figure() -> None:
    """Both networks, both together, the gain, and false alarms by source."""
    text = as_text(_part(1, tells=1.5), _part(2, tells=1.5), _part(3, tells=0.5))
    for words in ("alone |", "gained by both", "met no picture", "| dfdc | 240 |"):
        assert words in text
