"""The speaker encoder: gets the input it was trained on, agrees with another runtime on the same
file, and stores no more than intended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ml.engine.audio_encoders import speakers, speech
from ml.engine.media.spectra import RATE
from tests.lab.voice.test_word_encoder import _siren
from tests.lab.voice.voices import speech_like

GIVEN_BY_KALDI = (9.94304, 0.22744, 0.9094, 1.69664)
"""kaldi-native-fbank 1.23.0 on `_siren`: frames 0, 100, 200, 397 of bands 5, 20, 40, 79."""
GIVEN_BY_ONNX_RUNTIME = {
    "speakers 2": ((0.61726, 1.00128, 0.95837, 0.09707), (0.86899, 0.23992, 0.44707, 0.18917)),
    "speakers 3": ((0.56952, 0.52267, 0.26457, 0.08706), (0.24702, 0.1829, 0.12268, 0.09537)),
}
"""ONNX Runtime 1.32.0 on the same: mean and spread of channels 3, 300, 700 and 1250."""


def test_is_given_the_features_that_it_was_trained_on() -> None:
    """Kaldi's own bands of the same sound; silence and the shortest window are finite."""
    seen = speakers.picture(speech.levelled(_siren()))
    assert seen.shape == (398, speakers.BANDS)
    assert seen[[0, 100, 200, 397], [5, 20, 40, 79]] == pytest.approx(GIVEN_BY_KALDI, abs=2e-3)
    assert np.isfinite(speakers.picture(np.zeros(RATE // 4, np.float32))).all()


def test_hears_what_another_runtime_hears() -> None:
    """Both stages, pooled: the same numbers as ONNX Runtime, and as many for a shorter sound."""
    encoder = speakers.served()
    numbers = encoder.numbers(speech.levelled(_siren()))
    assert list(numbers) == list(GIVEN_BY_ONNX_RUNTIME)
    for name, (mean, spread) in GIVEN_BY_ONNX_RUNTIME.items():
        third = len(numbers[name]) // 3
        channels = np.array([3, 300, 700, 1250])
        assert numbers[name][channels] == pytest.approx(mean, abs=1e-3)
        assert numbers[name][third + channels] == pytest.approx(spread, abs=1e-3)
    short = encoder.numbers(np.zeros(RATE // 4, np.float32))
    assert {k: v.shape for k, v in short.items()} == {k: v.shape for k, v in numbers.items()}
    assert all(np.isfinite(line).all() for line in short.values())


def test_two_that_ask_at_once_are_answered_as_one_after_the_other() -> None:
    """One network in memory answers threads side by side without mixing them up."""
    sounds = [speech.levelled(speech_like(1.0 + n / 2, seed=n)) for n in range(6)]
    encoder = speakers.served()
    alone = [encoder.numbers(sound)["speakers 3"] for sound in sounds]
    with ThreadPoolExecutor(3) as threads:
        beside = list(threads.map(encoder.numbers, sounds))
    assert all(
        np.array_equal(one, other["speakers 3"]) for one, other in zip(alone, beside, strict=True)
    )
