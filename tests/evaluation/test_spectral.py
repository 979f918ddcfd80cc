"""Spectral statistics: the same length for every picture, and sensitive to what they were made
for."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.leaks import baselines
from ml.engine.contract import Pixels
from ml.evaluation import spectral
from tests.lab.face.faces import drawn_store


def noise(seed: int, side: int = 96) -> Pixels:
    random = np.random.default_rng(seed)
    sharp = random.integers(0, 256, (side, side, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(sharp, (0, 0), 1), np.uint8)


def enlarged(picture: Pixels) -> Pixels:
    """Half of the pixels, doubled: the comb that a generator's last layers leave."""
    return np.repeat(np.repeat(picture[::2, ::2], 2, axis=0), 2, axis=1)


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(8, 300),
    width=st.integers(8, 300),
    level=st.integers(0, 255),
)
def test_every_picture_gives_the_same_finite_numbers(height: int, width: int, level: int) -> None:
    """Any size and even a plain surface: as many numbers, none of them infinite."""
    plain = np.full((height, width, 3), level, np.uint8)
    found = spectral.statistics(plain)
    assert found.shape == spectral.statistics(noise(0)).shape
    assert np.isfinite(found).all()


def test_a_comb_is_seen() -> None:
    """Pictures that were enlarged are told from others that a line was not fitted on."""
    pictures = [noise(k) if k % 2 else enlarged(noise(k)) for k in range(40)]
    features = np.stack([spectral.statistics(p) for p in pictures])
    fitted, seen = features[:20], features[20:]
    away = np.linalg.norm((seen - fitted[1::2].mean(axis=0)) / features.std(axis=0), axis=1)
    assert away[::2].min() > away[1::2].max()


def test_elsewhere_is_counted_at_the_bound_of_home() -> None:
    """One in twenty at home; all of what scores higher elsewhere."""
    store = drawn_store(80)
    train, test = list(range(40)), list(range(40, 80))
    values = np.array([[float(item.is_fake)] for item in store.items])
    found = baselines.separability(
        store, train, test, values, {"low": np.zeros((5, 1)) - 1, "high": np.ones((5, 1)) * 9}
    )
    assert found["false_alarms_elsewhere"] == pytest.approx({"low": 0.0, "high": 1.0})
