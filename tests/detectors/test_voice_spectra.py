"""Spectra of sound: right on known signals, finite on broken ones, the same bits every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ml.engine.media import spectra
from tests.lab.voice.voices import speech_like

Feature = Callable[[NDArray[Any]], NDArray[np.float32]]
FEATURES: tuple[Feature, ...] = (spectra.log_mel, spectra.mfcc)


def test_a_tone_lights_its_own_band() -> None:
    """The loudest band of a tone is one of the two that hold its frequency."""
    time = np.arange(spectra.RATE) / spectra.RATE
    bins = np.linspace(0.0, spectra.RATE / 2, spectra.POINTS // 2 + 1)
    for frequency in (500.0, 1500.0, 6000.0):
        logs = spectra.log_mel(np.sin(2 * np.pi * frequency * time), bands=64)
        own = spectra.mel_filters(64)[:, np.abs(bins - frequency).argmin()]
        assert int(logs.mean(axis=0).argmax()) in np.flatnonzero(own)


def test_bands_are_complete_and_of_equal_weight() -> None:
    """Every band has weight one; white noise is flat over the bands."""
    for filters in (spectra.mel_filters(64), spectra.mel_filters(128)):
        assert np.allclose(filters.sum(axis=1), 1.0)
        assert (filters >= 0).all()
    noise = np.random.default_rng(0).normal(size=10 * spectra.RATE)
    powers = np.exp(spectra.log_mel(noise, bands=40)).mean(axis=0)
    assert np.ptp(np.log(powers[1:])) < 0.3


@pytest.mark.parametrize("feature", FEATURES)
def test_level_does_not_show(feature: Feature) -> None:
    """The same sound forty decibels down gives the same picture."""
    sound = speech_like(2.0).astype(np.float64)
    assert np.allclose(feature(sound), feature(sound * 0.01), atol=1e-4)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.ones(1),
        np.zeros(16_000),
        np.full(16_000, np.nan),
        np.array([np.inf, -np.inf] * 500),
        np.full(16_000, 1e30),
    ],
    ids=["empty", "one sample", "silence", "nan", "infinite", "huge"],
)
def test_broken_sound_gives_finite_pictures(feature: Feature, sound: NDArray[np.float64]) -> None:
    """Whatever goes in, what comes out can be computed with."""
    picture = feature(sound)
    assert picture.dtype == np.float32
    assert len(picture) >= 1
    assert np.isfinite(picture).all()


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=2000),
)
@settings(max_examples=50, deadline=None)
def test_any_numbers_are_survived(numbers: list[float]) -> None:
    """No list of floats, however odd, makes a picture that is not finite."""
    assert np.isfinite(spectra.mfcc(np.array(numbers, np.float32))).all()


def test_the_same_samples_give_the_same_bits() -> None:
    """Training and serving call one function; calling it again changes no bit."""
    sound = speech_like(4.0)
    for feature in FEATURES:
        assert feature(sound).tobytes() == feature(sound.copy()).tobytes()
