"""Long sounds are processed in pieces, so that memory does not grow with their length."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from ml.engine.contract import Samples
from ml.engine.media import spectra, voice_activity
from ml.engine.media.spectra import RATE, log_mel, mfcc
from ml.engine.media.voice_activity import find_speech, loud_stretches


def bands(samples: Samples) -> object:
    return log_mel(samples, 24)


@pytest.mark.parametrize("listen", [bands, find_speech, loud_stretches])
def test_two_minutes_cost_little_more_than_the_samples(listen: Callable[[Samples], object]) -> None:
    """At most twice the samples themselves; as doubles, their frames alone would be twenty times
    as much."""
    samples = np.random.default_rng(3).normal(0, 0.1, 120 * RATE).astype(np.float32)
    listen(samples[: 4 * RATE])  # what is made once and kept
    tracemalloc.start()
    try:
        listen(samples)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * samples.nbytes, f"{most / samples.nbytes:.1f} times the samples"


def test_pieces_and_whole_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found does not depend on how many frames are made at a time."""
    samples = np.random.default_rng(4).normal(0, 0.1, 9 * RATE + 77).astype(np.float32)
    in_pieces = (mfcc(samples), find_speech(samples))
    for module in (spectra, voice_activity):
        monkeypatch.setattr(module, "BLOCK", 10**6)
    np.testing.assert_array_equal(mfcc(samples), in_pieces[0])
    assert find_speech(samples) == in_pieces[1]
