"""Drawings of a sound: which frequencies at which moment, aligned with the timeline."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ml.engine.contract import Heard, Kind, MediaInfo, Scene, Scenes
from ml.engine.media import sound_pictures
from ml.engine.media.sound_pictures import BINS, COLUMNS, GROUND, TALL, drawn, pictures
from ml.engine.media.spectra import RATE


def decoded(webp: bytes) -> NDArray[np.uint8]:
    whole = cv2.imdecode(np.frombuffer(webp, np.uint8), cv2.IMREAD_COLOR)
    assert whole is not None
    return np.asarray(cv2.cvtColor(whole, cv2.COLOR_BGR2RGB), np.uint8)


def tone(hertz: float, seconds: float, loud: float = 0.5) -> NDArray[np.float32]:
    return (loud * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(
        np.float32
    )


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(int(seconds * RATE), np.float32)


@pytest.mark.parametrize("hertz", [500, 2000, 6000])
def test_a_tone_lies_at_its_frequency_and_its_time(hertz: int) -> None:
    """A second of silence, a second of a tone, two of silence: bright there and nowhere else."""
    sound = np.concatenate([silence(1), tone(hertz, 1), silence(2)])
    light = decoded(pictures(sound, 4.0)["spectrogram"]).sum(axis=2).astype(int)
    assert light.shape == (BINS, COLUMNS)
    rows, columns = np.nonzero(light > light.max() // 2)
    quarter = COLUMNS // 4
    assert quarter - 12 <= columns.min() and columns.max() <= 2 * quarter + 12
    wanted = BINS - 1 - hertz / (RATE / 2) * BINS
    assert abs(np.median(rows) - wanted) <= 2


def test_the_waveform_is_as_wide_as_the_timeline_and_as_high_as_the_loudest() -> None:
    """The quieter second is half as high as the louder one; without sound there is nothing."""
    sound = np.concatenate([tone(200, 1, 0.2), tone(200, 1, 0.1)])
    picture = decoded(pictures(sound, 4.0)["waveform"])
    assert picture.shape[:2] == (TALL, COLUMNS)
    drawn_rows = (picture != GROUND).any(axis=2).sum(axis=0)
    loud, quiet, none = (drawn_rows[COLUMNS * n // 8] for n in (1, 3, 5))
    assert loud >= TALL - 2 and abs(quiet - TALL / 2) <= 3 and none == 0


def test_what_is_longer_than_the_timeline_ends_with_it() -> None:
    """No column is of another time than the lanes above it."""
    both = np.concatenate([tone(1000, 2), tone(5000, 8)])
    within = decoded(pictures(both, 2.0)["spectrogram"])
    assert within[BINS // 4 : BINS // 2, : COLUMNS - 20].max() < within.max()


@pytest.mark.parametrize(
    "sound",
    [np.full(RATE, np.nan, np.float32), np.full(RATE, np.inf, np.float32), silence(1),
     tone(300, 1, 1e6), np.ones(1, np.float32)],
)  # fmt: skip
def test_damaged_and_silent_samples_are_drawn(sound: NDArray[np.float32]) -> None:
    """Whatever comes out of a decoder gives two pictures of the right size."""
    made = pictures(sound, 1.0)
    assert decoded(made["waveform"]).shape == (TALL, COLUMNS, 3)
    assert decoded(made["spectrogram"]).shape == (BINS, COLUMNS, 3)


def test_no_sound_has_no_drawing() -> None:
    assert pictures(None, 3.0) == {} == pictures(np.empty(0, np.float32), 3.0)
    assert pictures(tone(300, 1), 0.0) == {}


def test_a_fault_in_drawing_costs_no_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    info = MediaInfo("0" * 64, 1, Kind.AUDIO, "wav", duration=1.0)
    assert set(drawn(tone(300, 1), info, None)) == {"waveform", "spectrogram"}
    monkeypatch.setattr(sound_pictures, "_spectrogram", lambda *_: 1 / 0)
    assert drawn(tone(300, 1), info, None) == {}


def test_the_drawing_is_as_long_as_what_was_heard() -> None:
    """A container that promises less than its sound has: the timeline is as long as the sound."""
    scene = Scene(0.0, 4.0, None, None, Heard.SOUND, ())
    info = MediaInfo("0" * 64, 1, Kind.AUDIO, "wav", duration=1.0)
    assert sound_pictures.span(info, Scenes((scene,))) == 4.0
    assert sound_pictures.span(info, None) == 1.0
