"""What spectra say of a picture: its Fourier spectrum by frequency, block DCT, wavelets, colours.

Generators that enlarge their maps leave regular traces in high frequencies, and so do cameras,
codecs and everything that scales a picture. Here is what a line through such numbers tells, for
the baselines: how far it carries is measured beside what it tells at home.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ml.engine.contract import Pixels

Numbers = NDArray[np.float64]
MOST_SIDE = 256
RINGS = 32
BLOCK = 8
LEVELS = 3
TINY = 1e-3
"""Keeps the logarithm of an empty band finite; far below one step of an 8-bit picture."""


def statistics(picture: Pixels) -> Numbers:
    """Of the middle square at its own size: nothing is scaled before it is looked at."""
    square = _middle(picture).astype(np.float32)
    layers = cv2.cvtColor(square / 255, cv2.COLOR_RGB2YCrCb) * 255
    found = [_of_layer(np.ascontiguousarray(layers[..., k])) for k in range(3)]
    return np.concatenate([*found, _grain_between_colours(square)])


def _middle(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    side = min(height, width, MOST_SIDE) // BLOCK * BLOCK
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def _of_layer(layer: NDArray[np.float32]) -> Numbers:
    return np.concatenate([_rings(layer), _blocks(layer), _wavelets(layer)])


def _rings(layer: NDArray[np.float32]) -> Numbers:
    """Log power of the grain, averaged over all directions."""
    side = len(layer)
    window = np.hanning(side)
    grain = (layer - cv2.medianBlur(layer, 3)) * np.outer(window, window)
    power = np.log(np.abs(fft.fftshift(fft.fft2(grain))) ** 2 + TINY)
    across = np.arange(side) - side // 2
    ring = (np.hypot(*np.meshgrid(across, across)) / (side / 2) * RINGS).astype(int)
    inside = ring < RINGS
    sums = np.bincount(ring[inside], power[inside], RINGS)
    return np.asarray(sums / np.maximum(np.bincount(ring[inside], minlength=RINGS), 1))


def _blocks(layer: NDArray[np.float32]) -> Numbers:
    """Of each of 63 frequencies in blocks of eight: how strong, and how heavy-tailed."""
    count = len(layer) // BLOCK
    tiles = layer.reshape(count, BLOCK, count, BLOCK).transpose(0, 2, 1, 3)
    waves = fft.dctn(tiles, axes=(2, 3), norm="ortho").reshape(-1, BLOCK * BLOCK)[:, 1:]
    mean = np.abs(waves).mean(axis=0) + TINY
    return np.concatenate([np.log(mean), np.log((waves**2).mean(axis=0) / mean**2 + TINY)])


def _wavelets(layer: NDArray[np.float32]) -> Numbers:
    """Haar: strength and tails of three directions at three scales."""
    found: list[float] = []
    for _ in range(LEVELS):
        layer = layer[: len(layer) // 2 * 2, : len(layer) // 2 * 2]
        a, b, c, d = layer[::2, ::2], layer[1::2, ::2], layer[::2, 1::2], layer[1::2, 1::2]
        for band in (a - b + c - d, a + b - c - d, a - b - c + d):
            size = float(np.abs(band).mean()) + TINY
            found += [np.log(size), np.log(float(band.std()) / size + TINY)]
        layer = np.asarray((a + b + c + d) / 4, np.float32)
    return np.array(found)


def _grain_between_colours(square: NDArray[np.float32]) -> Numbers:
    """Demosaicing ties the grain of the colours to each other; generators do it differently."""
    grain = (square - cv2.GaussianBlur(square, (0, 0), 1)).reshape(-1, 3)
    grain = grain - grain.mean(axis=0)
    spread = grain.std(axis=0) + TINY
    together = (grain.T @ grain) / len(grain) / np.outer(spread, spread)
    return np.asarray(together[np.triu_indices(3, 1)], float)
