"""Asks the decoder about stretches of a sound, spread evenly, so that a long one costs no more."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ml.engine.contract import Samples, Spans, no_progress
from ml.engine.detectors.sound_marks.perth import LEAST_SECONDS, RATE, Decoder
from ml.engine.media.audio import SANDBOX_RATE, at_rate

SECONDS = 10.0
MOST = 6
"""A minute of sound at most."""


@dataclass(frozen=True, slots=True)
class Stretch:
    start: float
    end: float
    confidence: float


def places(seconds: float, speech: Spans) -> list[tuple[float, float]]:
    """Start and end of each: those with enough speech, spread evenly where there are too many. In
    pure tones and chords the decoder takes chance for a mark."""
    count = max(1, math.ceil(seconds / SECONDS))
    step = (seconds - SECONDS) / (count - 1) if count > 1 else 0.0
    whole = [(number * step, min(number * step + SECONDS, seconds)) for number in range(count)]
    spoken = [one for one in whole if _seconds_of(speech, *one) >= LEAST_SECONDS]
    if len(spoken) <= MOST:
        return spoken
    return [spoken[round(k * (len(spoken) - 1) / (MOST - 1))] for k in range(MOST)]


def _seconds_of(speech: Spans, start: float, end: float) -> float:
    return sum(max(0.0, min(b, end) - max(a, start)) for a, b in speech)


def examine(
    decoder: Decoder,
    samples: Samples,
    speech: Spans,
    advance: Callable[[float], None] = no_progress,
) -> list[Stretch]:
    """How sure the decoder is of each stretch of a 16 kHz sound in which enough is spoken."""
    found = []
    wanted = places(len(samples) / SANDBOX_RATE, speech)
    for number, (start, end) in enumerate(wanted):
        part = samples[round(start * SANDBOX_RATE) : round(end * SANDBOX_RATE)]
        confidence = decoder.confidence(at_rate(part, RATE))
        if confidence is not None:
            found.append(Stretch(start, end, confidence))
        advance((number + 1) / len(wanted))
    return found
