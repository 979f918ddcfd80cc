"""A drawn face before a drawn wall, in motion; points where eyes and nose are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Face, View
from tests.sync.made import Film, face, view

SIZE = 240
EYES = 48.0
"""Their distance in pixels."""


class Reader(Protocol):
    def observe(self, view: View) -> None: ...


def away(number: int) -> float:
    """Pixels that the face has moved by that frame: it sways, and goes to the right."""
    return float(1.5 * np.sin(number / 6) + 0.8 * number)


def texture(seed: int, size: int = SIZE) -> NDArray[np.uint8]:
    """Smooth noise in three colours, as large as a frame."""
    coarse = np.random.default_rng(seed).uniform(60, 200, (size // 4, size // 4, 3))
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)).clip(0, 255)


def frames(
    count: int, *, tremble: float = 0.0, flicker: float = 0.0, whole: bool = False, seed: int = 0
) -> list[NDArray[np.uint8]]:
    """The wall and the face move smoothly; the face may tremble (pixels) and flicker (share of its
    light) by itself, or the `whole` picture with it."""
    random = np.random.default_rng(seed)
    wall, skin = texture(seed + 1), texture(seed + 2)
    y, x = np.mgrid[:SIZE, :SIZE]
    found = []
    for number in range(count):
        sway = away(number)
        shake, gain = random.normal(0, tremble, 2), 1.0 + random.normal(0, flicker)
        place = (SIZE / 2 + sway, SIZE / 2)
        inside = ((x - place[0]) / 56) ** 2 + ((y - place[1]) / 74) ** 2 <= 1.0
        moved = _moved(skin, sway + shake[0], shake[1])
        behind = _moved(wall, 0.5 * sway, 0.0)
        if whole:
            behind = _moved(behind, *shake) * gain
        picture = np.where(inside[..., None], moved * gain, behind)
        noise = random.normal(0, 1.0, picture.shape)
        found.append(np.clip(picture + noise, 0, 255).astype(np.uint8))
    return found


def _moved(picture: NDArray[Any], across: float, down: float) -> NDArray[Any]:
    move = np.array([[1, 0, across], [0, 1, down]])
    return cv2.warpAffine(picture, move, (SIZE, SIZE), borderMode=cv2.BORDER_REFLECT)


def face_of(number: int) -> Face:
    """Where the drawn face is in that frame."""
    return face(SIZE / 2 + away(number), SIZE / 2 - 28, EYES)


def read_frames(
    reader: Reader,
    pictures: Iterable[NDArray[np.uint8]],
    *,
    fps: float = 25.0,
    times: Sequence[float] | NDArray[np.float64] | None = None,
    still: bool = False,
) -> None:
    """Every frame to an examination or a reader, measured five times a second; `still` where the
    face is said to be in the same place throughout."""
    due = 0.0
    for number, pixels in enumerate(pictures):
        seconds = number / fps if times is None else float(times[number])
        faces: tuple[Face, ...] = ()
        if seconds + 1e-6 >= due:
            due, faces = due + 0.2, (face_of(0 if still else number),)
        reader.observe(view(number, seconds, pixels, *faces))


def points(count: int) -> list[NDArray[np.float32]]:
    """478 points a frame, spread over the drawn face so that every mask family finds an area."""
    random = np.random.default_rng(7)
    angle, radius = random.uniform(0, 2 * np.pi, 478), np.sqrt(random.uniform(0.05, 1.0, 478))
    own = np.stack([56 * radius * np.cos(angle), 74 * radius * np.sin(angle)], axis=1)
    middles = [np.array([SIZE / 2 + away(n), SIZE / 2]) for n in range(count)]
    return [(own + middle).astype(np.float32) for middle in middles]


__all__ = ["Film", "face_of", "frames", "points", "read_frames", "view"]
