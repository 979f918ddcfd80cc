"""Speech is found where it is, and nothing else is taken for it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import resample_poly

from ml.engine.media.spectra import RATE
from ml.engine.media.voice_activity import find_speech, loud_stretches, trimmed
from tests.lab.voice.voices import speech_like

TIME = np.arange(4 * RATE) / RATE
NOISE = np.random.default_rng(3).normal(size=4 * RATE)


def _note(frequency: float, seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * frequency * k * time) / k for k in range(1, 8)) * np.exp(
        -3 * time
    )


NOT_SPEECH = {
    "tone of 220 Hz": 0.3 * np.sin(2 * np.pi * 220 * TIME),
    "tone of 3 kHz": 0.3 * np.sin(2 * np.pi * 3000 * TIME),
    "tone that beats": 0.3 * np.sin(2 * np.pi * 200 * TIME) * (1 + np.sin(2 * np.pi * 4 * TIME)),
    "sweep": 0.3 * np.sin(2 * np.pi * (100 * TIME + 40 * TIME**2)),
    "siren": 0.3 * np.sin(2 * np.pi * np.cumsum(250 + 100 * np.sin(2 * np.pi * 0.7 * TIME)) / RATE),
    "white noise": 0.1 * NOISE,
    "noise that beats": 0.1 * NOISE * (1 + np.sin(2 * np.pi * 4 * TIME)),
    "mains hum": 0.2 * sum(np.sin(2 * np.pi * 50 * k * TIME) / k for k in range(1, 10)),
    "clicks": 0.9 * (np.arange(4 * RATE) % 4000 == 0),
    "melody": 0.2 * np.concatenate([_note(220 * 2 ** (k / 12), 0.25) for k in (0, 4, 7, 12) * 4]),
    "chords": 0.1
    * np.concatenate(
        [sum(_note(f * 2 ** (k / 12), 0.5) for k in (0, 4, 7)) for f in (131, 175, 196, 131) * 2]
    ),
    "constant": np.full(4 * RATE, 0.5),
}


@pytest.mark.parametrize("name", NOT_SPEECH)
def test_what_is_no_speech_is_given_a_reason(name: str) -> None:
    """Tones, noise, bells and chords are not speech, and a sentence says why."""
    reason = find_speech(NOT_SPEECH[name].astype(np.float32)).reason
    assert reason is not None
    assert reason.endswith(".")


@pytest.mark.parametrize("seed", range(4))
def test_speech_is_speech(seed: int) -> None:
    """A voice of 4 s is found nearly whole."""
    activity = find_speech(speech_like(4.0, seed=seed, pitch=100 + 40 * seed))
    assert activity.reason is None
    assert activity.seconds > 3.0
    assert loud_stretches(speech_like(4.0, seed=seed, pitch=100 + 40 * seed)) == activity.segments


def test_segments_lie_where_the_speech_is() -> None:
    """Silence before, between and after is left out, to a tenth of a second."""
    quiet = np.zeros(2 * RATE, np.float32)
    sound = np.concatenate([quiet, speech_like(3.0), quiet, speech_like(2.0, seed=1), quiet])
    activity = find_speech(sound)
    assert activity.reason is None
    starts = [round(start, 1) for start, _ in activity.segments]
    assert min(starts) == pytest.approx(2.0, abs=0.15)
    assert any(abs(start - 7.0) < 0.15 for start in starts)
    assert not any(5.3 < start < 6.8 for start in starts)
    assert activity.segments[-1][1] == pytest.approx(9.0, abs=0.3)
    assert len(trimmed(sound, activity.segments)) / RATE == pytest.approx(7.0, abs=0.4)


@pytest.mark.parametrize("length", [0, 1, 100, 1599])
def test_hardly_any_samples(length: int) -> None:
    """No sample, one sample and a tenth of a second end in a reason, not in an error."""
    activity = find_speech(np.ones(length, np.float32))
    assert activity.reason == "The sound is shorter than a tenth of a second."
    assert len(trimmed(np.ones(length), activity.segments)) == 0


def test_silence_and_nothing_but_nan() -> None:
    """Digital silence, near silence and NaN throughout are silent."""
    for sound in (np.zeros(RATE), np.full(RATE, np.nan), NOISE[:RATE] * 1e-6):
        assert find_speech(sound).reason == "The sound is silent."


def test_nan_and_infinity_among_speech_are_survived() -> None:
    """Some broken samples do not hide the speech around them, and no measure is NaN."""
    sound = speech_like(4.0)
    sound[1000:1100] = np.nan
    sound[30_000] = np.inf
    activity = find_speech(sound)
    assert activity.reason is None
    assert all(np.isfinite(value) for value in activity.measures.values())


def test_too_little_speech() -> None:
    """Half a second of voice is speech, but too little to judge."""
    sound = np.concatenate([np.zeros(RATE), speech_like(0.6, seed=2), np.zeros(RATE)])
    reason = find_speech(sound).reason
    assert reason is not None
    assert "speech" in reason


def test_telephone_and_studio_rates_give_the_same_stretches() -> None:
    """8 kHz telephone speech is speech still; so is what was recorded at 192 kHz."""
    sound = speech_like(4.0)
    telephone = resample_poly(resample_poly(sound, 1, 2), 2, 1)
    studio = resample_poly(resample_poly(sound, 12, 1), 1, 12)
    for other in (telephone, studio):
        activity = find_speech(other)
        assert activity.reason is None
        assert activity.seconds == pytest.approx(find_speech(sound).seconds, abs=0.3)


def test_several_channels_become_one() -> None:
    """Eight equal channels, in either layout, are heard as their mean."""
    sound = speech_like(3.0)
    one = find_speech(sound).segments
    assert find_speech(np.tile(sound[:, None], (1, 8))).segments == one
    assert find_speech(np.tile(sound[None, :], (8, 1))).segments == one


def test_quiet_and_loud_are_judged_alike() -> None:
    """Thirty decibels of gain change nothing about where speech is found."""
    sound = speech_like(4.0)
    assert find_speech(sound * 0.03).seconds == pytest.approx(find_speech(sound).seconds, abs=0.2)
