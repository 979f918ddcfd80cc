"""Reads the watermark of Resemble's Perth: how sure its decoder is that a sound carries it.

The decoder is a network in PyTorch that the package `resemble-perth` ships (MIT). Its weights are
one of the model files that set-up downloads. Here it is computed with NumPy: three stacks of
convolutions look at the spectrogram below 2 kHz, stretched by a quarter, as it is, and shortened by
a quarter, and each says for every hundredth of a second how sure it is, and how much it counts.
`tests/detectors/test_sound_marks.py` holds it against numbers that PyTorch computed.

The file is a zip archive: one pickle with names, and the bare numbers of each tensor. The pickle is
never read, because a pickle is a program. The digest fixes the file, so the place of each tensor
is known beforehand.
"""

from __future__ import annotations

import functools
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.engine.audio_encoders.model_files import Carried
from ml.engine.contract import Samples

CARRIED = Carried(
    model="perth_decoder",
    sha256="a15bce457ebc53ce5e6c9c3f11df78cf7ee2bf9cdab0a798902135b4c4027670",
)
RATE, POINTS, HOP = 32_000, 2048, 320
BANDS = 128
"""Of 15.6 Hz: the mark lies below 2 kHz."""
LEAST_SECONDS = 2.0
"""Of what can be heard. The result is a mean over moments; over few of them it is chance."""
QUIETEST_DB, LOUDEST_DB = -180.0, 15.0
AUDIBLE = 0.05
"""Of the loudest moment: what is quieter was not marked."""
Shape = tuple[int, int, int]
"""Of a weight: what goes out, what comes in, neighbours in time."""
WIDTH, REACH = 256, 7
SHAPES: tuple[Shape, ...] = ((WIDTH, BANDS, 1), *[(WIDTH, WIDTH, REACH)] * 5, (2, WIDTH, 1))
SPEEDS = (1.25, 1.0, 0.75)
FIRST = 2 * len(SHAPES)
"""Tensors before the decoder's: those of the encoder, which writes the mark."""
SLOPE = 0.01
"""Of the leaky rectifier below zero."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    taps: tuple[Array, ...]
    """One matrix for each neighbour in time: what comes in x what goes out."""
    bias: Array


def stacks(content: bytes) -> tuple[tuple[Layer, ...], ...]:
    """The decoder's three stacks of layers, in the order of SPEEDS."""
    return tuple(stack(content, FIRST * (1 + number), SHAPES) for number in range(len(SPEEDS)))


def stack(content: bytes, first: int, shapes: Sequence[Shape]) -> tuple[Layer, ...]:
    """Layers whose tensors, weight and bias in turn, begin at one number in the file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:

        def tensor(number: int, shape: tuple[int, ...]) -> Array:
            return np.frombuffer(archive.read(f"archive/data/{number}"), "<f4").reshape(shape)

        def layer(number: int, shape: Shape) -> Layer:
            weight, bias = tensor(number, shape), tensor(number + 1, shape[:1])
            taps = [np.ascontiguousarray(weight[:, :, k].T) for k in range(shape[2])]
            return Layer(tuple(taps), bias)

        return tuple(layer(first + 2 * n, shape) for n, shape in enumerate(shapes))


class Decoder:
    def __init__(self, content: bytes) -> None:
        self._stacks = stacks(content)

    def confidence(self, samples: Samples) -> float | None:
        """How sure it is that samples at 32 kHz carry the mark, from 0 to 1; None where too little
        can be heard in them."""
        if len(samples) < LEAST_SECONDS * RATE:
            return None
        picture = in_decibels(spectrum(samples))
        is_audible = audible(picture)
        if is_audible.sum() * HOP < LEAST_SECONDS * RATE:
            return None
        low = picture[:, :BANDS]
        outputs = np.stack([self._output(n, low, is_audible) for n in range(len(SPEEDS))])
        counts = np.exp(outputs[:, 0] - outputs[:, 0].max())
        return float(np.clip((outputs[:, 1] * counts).sum() / counts.sum(), 0.0, 1.0))

    def _output(self, number: int, low: Array, is_audible: NDArray[np.bool_]) -> Array:
        """What one stack says of the moments at which something is heard: how much that counts, and
        how sure it is."""
        moments = int(len(low) * SPEEDS[number])
        outputs = through(self._stacks[number], stretched(low, moments))
        nearest = np.arange(moments) * len(low) // moments
        return np.asarray(outputs[is_audible[nearest]].mean(axis=0))


@functools.cache
def served() -> Decoder:
    """In memory once a process, made after it has forked."""
    return Decoder(CARRIED.content())


def spectrum(samples: Samples) -> NDArray[np.complex64]:
    """Hundredths of a second x 1025 bands."""
    from scipy.fft import rfft  # slow to import, and pages only need the names above

    padded = np.pad(np.asarray(samples, np.float32), POINTS // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, POINTS)[::HOP]
    return np.asarray(rfft(frames * window(), axis=1))


def in_decibels(spectrum: NDArray[np.complex64]) -> Array:
    """Scaled: 0 is -180 dB, 1 is 15 dB."""
    decibels = 20 * np.log10(np.maximum(np.abs(spectrum), 10 ** (QUIETEST_DB / 20)))
    return np.asarray((decibels - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB), np.float32)


def audible(picture: Array) -> NDArray[np.bool_]:
    """Moments that are not much quieter than the loudest."""
    loudness = picture.sum(axis=1)
    return np.asarray(loudness > AUDIBLE * loudness.max())


@functools.cache
def window() -> Array:
    return np.hanning(POINTS + 1)[:-1].astype(np.float32)


def stretched(values: Array, moments: int) -> Array:
    """As many moments as wanted, on the lines between those that there are."""
    if moments == len(values):
        return values
    places = np.linspace(0, len(values) - 1, moments)
    before = np.minimum(places.astype(int), max(len(values) - 2, 0))
    share = (places - before).astype(np.float32)[:, None]
    after = np.minimum(before + 1, len(values) - 1)
    return np.asarray((1 - share) * values[before] + share * values[after])


def through(layers: Sequence[Layer], values: Array) -> Array:
    *inner, last = layers
    for layer in inner:
        values = convolved(values, layer)
        np.maximum(values, SLOPE * values, out=values)
    return convolved(values, last)


def convolved(values: Array, layer: Layer) -> Array:
    """Over time, with silence beyond both ends."""
    edge = len(layer.taps) // 2
    padded = np.pad(values, ((edge, edge), (0, 0))) if edge else values
    found = padded[: len(values)] @ layer.taps[0]
    for k, tap in enumerate(layer.taps[1:], start=1):
        found += padded[k : k + len(values)] @ tap
    return np.asarray(found + layer.bias)
