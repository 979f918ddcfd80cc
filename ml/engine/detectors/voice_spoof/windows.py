"""Cuts a sound into windows for the encoders, in training and in serving.

Silence before and after the speech is removed first. The rest is cut into adjacent windows of four
seconds; shorter speech gives one shorter window. It is not repeated to fill a window, because the
joins sound like a machine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.audio_encoders import speech
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE
from ml.engine.media.voice_activity import trimmed

SECONDS = 4.0
STEP_SECONDS = 4.0
"""The encoders cost a quarter of a second for each window, so windows do not overlap."""
WINDOW = int(SECONDS * RATE)
SHORTEST = RATE // 4
"""The least number of samples for the encoders. Speech shorter than a second is not judged
anyway."""
REMAINDER = 0.5
"""Seconds at the end that are not worth a window of their own."""
LEAST_SPEECH = 0.5
"""Share of a window that must be speech for it to be scored, unless it is the only one."""

Segments = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Window:
    start: float
    end: float
    sound: Samples
    """At the level of all; the last window may be shorter."""


def first(wave: NDArray[Any]) -> NDArray[Any]:
    """One window at most: the beginning of a longer sound."""
    return wave[:WINDOW] if wave.size >= SHORTEST else np.pad(wave, (0, SHORTEST - wave.size))


def given(wave: NDArray[Any]) -> Samples:
    """The encoders' input from a sound: one window of it, at a common level."""
    return speech.levelled(first(wave))


def windows(samples: NDArray[Any], segments: Segments) -> list[Window]:
    """The windows of a 16 kHz mono sound that hold speech."""
    if not segments:
        return []
    wave = trimmed(samples, segments)
    first = segments[0][0]
    length = wave.size / RATE
    count = max(1, 1 + int(np.ceil((length - SECONDS - REMAINDER) / STEP_SECONDS)))
    starts = [min(k * STEP_SECONDS, max(0.0, length - SECONDS)) for k in range(count)]
    shares = [_share(segments, first + start, first + start + SECONDS) for start in starts]
    least = min(LEAST_SPEECH, max(shares))
    found = []
    for start, share in zip(starts, shares, strict=True):
        if share >= least:
            begin = round(start * RATE)
            end = first + min(start + SECONDS, length)
            piece = wave[begin : begin + WINDOW]
            found.append(Window(first + start, end, given(piece)))
    return found


def _share(segments: Segments, start: float, end: float) -> float:
    inside = sum(max(0.0, min(end, b) - max(start, a)) for a, b in segments)
    return inside / (end - start)
