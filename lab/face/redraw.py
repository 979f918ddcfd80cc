"""Redraws genuine faces from a compressed code, to insert them like swapped faces.

Most swapping programs compress a face to a narrow code and redraw it with a model of faces: pores,
stubble and single hairs disappear, and the features become more average. The principal components
of the blended faces do the same, at any narrowness, in seconds. Small networks (`drawers.py`) take
half an hour and leave their own grain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lab.face import crops
from lab.face.store import Store, manifest_digest
from ml.engine.contract import Pixels

SIDE = 96
CODES = (80, 400)
"""The fewest and the most numbers from which a face is drawn: below lies fog, above the face."""
LEARNT_FROM = 2000
"""More faces make the components no better and cost memory."""


@dataclass(frozen=True)
class Redrawn:
    """Each face's code, by the item's position in the manifest, and what draws from it."""

    row: dict[int, int]
    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    codes: NDArray[np.float32]
    by_network: float = 0.0
    """How often a face is one of the `drawings` instead."""
    drawings: NDArray[np.uint8] | None = None
    """Redrawn versions of each face, by networks (`drawers.py`)."""

    def draw(
        self, store: Store, number: int, random: Generator
    ) -> tuple[Pixels, NDArray[np.float32]]:
        """The face from a part of its code, and where its landmarks are in that drawing."""
        row = self.row[number]
        if self.drawings is not None and random.random() < self.by_network:
            drawing = np.asarray(self.drawings[row, int(random.integers(self.drawings.shape[1]))])
        else:
            drawing = self._from_components(row, random)
        left, top, right, bottom = crops.window(store.points(number), store.picture(number).shape)
        scale = np.array([SIDE / (right - left), SIDE / (bottom - top)])
        points = (store.points(number) - np.array([left, top])) * scale
        return drawing, points.astype(np.float32)

    def _from_components(self, row: int, random: Generator) -> Pixels:
        most = min(CODES[1], len(self.components))
        length = int(random.integers(min(CODES[0], most), most + 1))
        flat = self.mean + self.codes[row, :length] @ self.components[:length]
        return np.clip(np.rint(flat), 0, 255).astype(np.uint8).reshape(SIDE, SIDE, 3)


def prepared(store: Store, numbers: Sequence[int], folder: Path) -> Redrawn:
    """Opens what was kept for just these faces, or makes it."""
    file = place(store, numbers, folder, "redrawn").with_suffix(".npz")
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        with part.open("wb") as target:
            np.savez(target, **_made(store, numbers))  # type: ignore[arg-type]
        part.replace(file)
    with np.load(file) as kept:
        return Redrawn({number: row for row, number in enumerate(numbers)}, **kept)


def place(store: Store, numbers: Sequence[int], folder: Path, what: str) -> Path:
    """Where what was made of just these faces is kept."""
    faces = hashlib.sha256(np.asarray(numbers, np.int64).tobytes()).hexdigest()[:12]
    return folder / f"{manifest_digest(store.items)}-{what}-{faces}"


def _made(store: Store, numbers: Sequence[int]) -> dict[str, NDArray[np.float32]]:
    from sklearn.decomposition import PCA

    def flat(some: Sequence[int]) -> NDArray[np.float32]:
        squares = [store.square(number, SIDE).reshape(-1) for number in some]
        return np.stack(squares).astype(np.float32)

    spread = np.random.default_rng(5).permutation(np.asarray(numbers))[:LEARNT_FROM]
    length = min(CODES[1], len(spread))
    pca = PCA(length, svd_solver="randomized", random_state=5).fit(flat(spread.tolist()))
    codes = [pca.transform(flat(numbers[k : k + 500])) for k in range(0, len(numbers), 500)]
    return {
        "mean": pca.mean_.astype(np.float32),
        "components": pca.components_.astype(np.float32),
        "codes": np.concatenate(codes).astype(np.float32),
    }
