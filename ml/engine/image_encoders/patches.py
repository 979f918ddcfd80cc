"""Turns pixels into the encoder's first tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ml.engine.image_encoders.weights import MEAN, PATCH, SIDE, STD, WIDTH, Weights

Floats = NDArray[np.float32]
GRID = SIDE // PATCH


def patches(pixels: NDArray[np.uint8]) -> Floats:
    """A square crop as rows of patches."""
    count = pixels.shape[0] // PATCH
    cut = pixels.reshape(count, PATCH, count, PATCH, 3).transpose(0, 2, 1, 3, 4)
    return cut.reshape(count * count, -1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class FirstLayer:
    """The patch embedding, with the pixels' mean and spread folded in, and the positions."""

    kernel: Floats
    added: Floats

    @classmethod
    def of(cls, weights: Weights, side: int) -> Self:
        kernel = weights["embeddings.patch_embedding.weight"].transpose(2, 3, 1, 0)
        kernel = kernel.reshape(-1, 3, WIDTH) / (255 * np.array(STD, np.float32)[None, :, None])
        shift = -(kernel * (255 * np.array(MEAN, np.float32))[None, :, None]).sum((0, 1))
        added = middle(weights["embeddings.position_embedding.weight"], side)
        added[0] += weights["embeddings.class_embedding"]
        added[1:] += shift.astype(np.float32)
        return cls(kernel.reshape(-1, WIDTH).astype(np.float32), added)

    def tokens(self, pixels: NDArray[np.uint8]) -> Floats:
        """The class token and one token a patch."""
        found = self.added.copy()
        found[1:] += patches(pixels) @ self.kernel
        return found


def middle(positions: Floats, side: int) -> Floats:
    """The class token's position, and those of the grid's middle for a crop of `side` pixels."""
    count = side // PATCH
    first = (GRID - count) // 2
    grid = positions[1:].reshape(GRID, GRID, WIDTH)[first : first + count, first : first + count]
    return np.concatenate([positions[:1], grid.reshape(-1, WIDTH)])
