"""What open programs write into the pixels of every picture that they generate, and how it is read.

The programs that were published with Stable Diffusion and FLUX mark their pictures with a fixed
message, by the method `dwtDct` of the package `invisible-watermark` (MIT): of the colour plane U,
halved by a Haar wavelet, each block of 4 x 4 numbers carries one bit in its largest number, by
which half of a step of 36 that lies in. The message is repeated over the picture. It needs no
weights, so it is read here with NumPy; `tests/detectors/test_open_marks.py` holds it against the
package's own way to write.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Pixels

STEP, BLOCK = 36.0, 4
SMALLEST, LARGEST = 256 * 256, 8_000_000
"""Pixels. The package marks nothing smaller; the programs draw nothing larger, and enlarging a
picture removes the mark."""
BY_CHANCE = 1e-8
"""A picture without a mark agrees with a message as well with less than this chance, if its bits
are drawn evenly."""


@dataclass(frozen=True, slots=True)
class Mark:
    program: str
    bits: tuple[int, ...]


def _of_text(text: str) -> tuple[int, ...]:
    return tuple(int(bit) for byte in text.encode() for bit in f"{byte:08b}")


def _of_number(number: int) -> tuple[int, ...]:
    """Without leading zeros, as the programs write it."""
    return tuple(int(bit) for bit in f"{number:b}")


MARKS = (
    Mark("Stable Diffusion 1", _of_text("StableDiffusionV1")),
    Mark("Stable Diffusion 2", _of_text("SDV2")),
    Mark(
        "Stable Diffusion XL",
        _of_number(0b101100111110110010010000011110111011000110011110),
    ),
    Mark("FLUX", _of_number(0b001010101111111010000111100111001111010100101110)),
)


@dataclass(frozen=True, slots=True)
class Agreement:
    mark: Mark
    agreeing: int


def found(pixels: Pixels) -> Agreement | None:
    """The mark in a picture, if there is one."""
    if not SMALLEST <= pixels.shape[0] * pixels.shape[1] <= LARGEST:
        return None
    blocks = bits_of_blocks(pixels)
    agreements = [Agreement(mark, _agreeing(blocks, mark.bits)) for mark in MARKS]
    sure = [one for one in agreements if one.agreeing >= least(len(one.mark.bits))]
    return min(sure, key=lambda one: _chance(len(one.mark.bits), one.agreeing), default=None)


def bits_of_blocks(pixels: Pixels) -> NDArray[np.bool_]:
    """What each block says, row by row."""
    plane = cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV)[:, :, 1].astype(np.float32)
    rows, columns = (length // 4 * 4 for length in plane.shape)
    plane = plane[:rows, :columns]
    halved = (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 2
    down, across = halved.shape[0] // BLOCK, halved.shape[1] // BLOCK
    halved = halved[: down * BLOCK, : across * BLOCK]
    blocks = halved.reshape(down, BLOCK, across, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK * BLOCK)
    rest = np.abs(blocks[:, 1:])
    return np.asarray(rest.max(axis=1) % STEP > STEP / 2)


def _agreeing(blocks: NDArray[np.bool_], bits: Sequence[int]) -> int:
    """Bits of the message on which most blocks agree with it."""
    whole = len(blocks) // len(bits) * len(bits)
    if not whole:
        return 0
    share = blocks[:whole].reshape(-1, len(bits)).mean(axis=0)
    return int(((share > 0.5) == np.array(bits, np.bool_)).sum())


def least(bits: int) -> int:
    """How many of so many bits must agree."""
    return next(count for count in range(bits + 1) if _chance(bits, count) <= BY_CHANCE)


def _chance(bits: int, agreeing: int) -> float:
    return float(sum(math.comb(bits, k) for k in range(agreeing, bits + 1)) / 2**bits)
