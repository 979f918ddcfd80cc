"""Mouths over time, cut from frames that follow each other closely. One code for training and for
serving.

Faces are measured five times a second; a mouth moves much faster. Between two measurements of a
face the square round its mouth is drawn in a straight line from the one to the other, by points
that speaking does not move, so that every frame gives a mouth for the price of a crop. What waits
for the next measurement is a small grey patch, never a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.contract import Face, Pixels, View

SIDE = 56
"""Of a mouth's picture; the network sees its middle, training shifts that a little."""
RATE = 25.0
"""Mouths a second, whatever the video's own rate."""
ROOM = 2.0
"""Side of the patch that waits, over the mouth's square: the face may move meanwhile."""
PATCH_SIDE = 2 * SIDE
"""A patch longer than this is made smaller."""
SMALLEST = 22.0
"""Pixels of the mouth's square below which lips are not to be read."""
MOST_FACES = 2
LONGEST_GAP = 0.7
"""Seconds between two measurements of a face over which its mouth is still drawn in a line."""
LAST_GAP = 0.25
"""Seconds that the mouth is believed to stay in its place after the last measurement."""
CLOSE = 0.06
"""Seconds between two frames of one stretch: below about 17 frames a second lips are lost."""
SHORTEST = 0.7
"""Seconds; shorter stretches hold no syllables worth comparing."""
MOST_SECONDS = 24.0
"""Kept of all faces together: the longest stretches, earlier ones first."""
MOST_MOUTHS = 750
"""Of one stretch; a longer one is gone on with in the next."""

_EYES = (33, 133, 263, 362)
_MOUTH = (61, 291, 0, 17, 13, 14)
_NOSE = (1, 2, 98, 327)


@dataclass(frozen=True, slots=True)
class Square:
    """A turned square round a mouth, in pixels of the frame."""

    x: float
    y: float
    side: float
    angle: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """One face's mouth without a gap: `RATE` pictures a second from `start` on."""

    track: int
    start: float
    mouths: NDArray[np.uint8]
    """Count x SIDE x SIDE, grey."""

    @property
    def seconds(self) -> float:
        return len(self.mouths) / RATE

    @property
    def end(self) -> float:
        return self.start + self.seconds


def square_round_mouth(points: NDArray[np.float32]) -> Square:
    """From eyes and nose: where the mouth lies, not how far it is open."""
    eyes = points[list(_EYES), :2].reshape(2, 2, 2).mean(axis=1)
    middle = eyes.mean(axis=0)
    nose = points[list(_NOSE), :2].mean(axis=0)
    apart = float(np.linalg.norm(eyes[1] - eyes[0]))
    down = float(np.linalg.norm(nose - middle))
    # Seen from the side the eyes come together, and from below the nose comes near to them.
    scale = max(apart, 1.5 * down)
    place = nose + (nose - middle) * 0.62
    angle = float(np.arctan2(eyes[1, 1] - eyes[0, 1], eyes[1, 0] - eyes[0, 0]))
    return Square(float(place[0]), float(place[1]), 1.15 * scale, angle)


def opening(points: NDArray[np.float32]) -> tuple[float, float]:
    """How far the lips are apart, and how wide the mouth is, over the eyes' distance. What
    training may learn from; serving never measures it."""
    eyes = points[list(_EYES), :2].reshape(2, 2, 2).mean(axis=1)
    apart = max(float(np.linalg.norm(eyes[1] - eyes[0])), 1e-3)
    gap = np.mean([np.linalg.norm(points[a, :2] - points[b, :2])
                   for a, b in ((13, 14), (82, 87), (312, 317))])  # fmt: skip
    wide = float(np.linalg.norm(points[61, :2] - points[291, :2]))
    return float(gap) / apart, wide / apart


@dataclass(slots=True)
class _Patch:
    seconds: float
    pixels: NDArray[np.uint8]
    left: float
    top: float
    scale: float


@dataclass(slots=True)
class _Watched:
    """One face: where its mouth was last, and the patches since."""

    seconds: float
    square: Square
    waiting: list[_Patch] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    mouths: list[NDArray[np.uint8]] = field(default_factory=list)


class LipReader:
    """Fed with every view; `stretches` when all are through."""

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}
        self._done: list[Stretch] = []
        self.too_small = 0
        """Measurements of faces whose mouth was too small."""

    def observe(self, view: View) -> None:
        seconds = view.frame.seconds
        measured = {}
        for face in _largest(view.faces):
            square = square_round_mouth(face.landmarks)
            if square.side < SMALLEST:
                self.too_small += 1
            elif np.isfinite([square.x, square.y, square.side, square.angle]).all():
                measured[face.track] = square
        for track, square in measured.items():
            self._met(track, seconds, square)
        for track, watched in list(self._watched.items()):
            if seconds - watched.seconds > LONGEST_GAP:
                self._left(track)
                continue
            patch = _patch(view.frame.pixels, seconds, watched.square)
            if track in measured and patch is not None:
                self._add(track, watched, patch, watched.square)
            elif patch is not None:
                watched.waiting.append(patch)

    def _met(self, track: int, seconds: float, square: Square) -> None:
        watched = self._watched.get(track)
        if watched is None or seconds - watched.seconds > LONGEST_GAP:
            if watched is not None:
                self._left(track)
            self._watched[track] = _Watched(seconds, square)
            return
        passed = seconds - watched.seconds
        for patch in watched.waiting:
            share = (patch.seconds - watched.seconds) / passed if passed > 0 else 1.0
            self._add(track, watched, patch, _between(watched.square, square, share))
        watched.waiting.clear()
        watched.seconds, watched.square = seconds, square

    def _left(self, track: int) -> None:
        watched = self._watched.pop(track)
        for patch in watched.waiting:
            if patch.seconds - watched.seconds <= LAST_GAP:
                self._add(track, watched, patch, watched.square)
        self._close(track, watched)

    def _add(self, track: int, watched: _Watched, patch: _Patch, square: Square) -> None:
        gap = watched.times and patch.seconds - watched.times[-1] > CLOSE
        if gap or len(watched.times) >= MOST_MOUTHS:
            self._close(track, watched)
        watched.times.append(patch.seconds)
        watched.mouths.append(_mouth(patch, square))

    def _close(self, track: int, watched: _Watched) -> None:
        times, mouths = watched.times, watched.mouths
        watched.times, watched.mouths = [], []
        if times and times[-1] - times[0] >= SHORTEST:
            self._done.append(evenly(track, times, mouths))
            self._keep_bounded()

    def _keep_bounded(self) -> None:
        while sum(s.seconds for s in self._done) > MOST_SECONDS and len(self._done) > 1:
            shortest = min(range(len(self._done)), key=lambda n: (self._done[n].seconds, -n))
            del self._done[shortest]

    def stretches(self) -> list[Stretch]:
        for track in list(self._watched):
            self._left(track)
        return sorted(self._done, key=lambda s: (s.start, s.track))


def evenly(track: int, times: Sequence[float], mouths: Sequence[NDArray[np.uint8]]) -> Stretch:
    """`RATE` pictures a second, each the nearest that there is."""
    known = np.asarray(times)
    grid = times[0] + np.arange(int((times[-1] - times[0]) * RATE + 1e-6) + 1) / RATE
    right = np.clip(np.searchsorted(known, grid), 1, len(known) - 1)
    nearer_left = grid - known[right - 1] <= known[right] - grid
    nearest = np.where(nearer_left, right - 1, right)
    return Stretch(track, float(times[0]), np.stack([mouths[int(n)] for n in nearest]))


def _largest(faces: Sequence[Face]) -> list[Face]:
    return sorted(faces, key=lambda f: (-f.box.width * f.box.height, f.track))[:MOST_FACES]


def _between(one: Square, other: Square, share: float) -> Square:
    turn = (other.angle - one.angle + np.pi) % (2 * np.pi) - np.pi
    return Square(
        one.x + share * (other.x - one.x),
        one.y + share * (other.y - one.y),
        one.side + share * (other.side - one.side),
        one.angle + share * float(turn),
    )


def _patch(pixels: Pixels, seconds: float, square: Square) -> _Patch | None:
    """The grey surroundings of the mouth; what lies beyond the frame repeats its edge later."""
    height, width = pixels.shape[:2]
    half = ROOM * square.side / 2
    left, top = max(int(square.x - half), 0), max(int(square.y - half), 0)
    right = min(int(np.ceil(square.x + half)), width)
    bottom = min(int(np.ceil(square.y + half)), height)
    if right - left < 8 or bottom - top < 8:
        return None
    grey = cv2.cvtColor(np.ascontiguousarray(pixels[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    scale = min(1.0, PATCH_SIDE / max(grey.shape))
    if scale < 1.0:
        size = (max(round(grey.shape[1] * scale), 1), max(round(grey.shape[0] * scale), 1))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return _Patch(seconds, np.asarray(grey, np.uint8), left, top, scale)


def _mouth(patch: _Patch, square: Square) -> NDArray[np.uint8]:
    """The square, upright, at SIDE."""
    step = square.side * patch.scale / SIDE
    cos, sin = np.cos(square.angle) * step, np.sin(square.angle) * step
    x = (square.x - patch.left) * patch.scale
    y = (square.y - patch.top) * patch.scale
    half = SIDE / 2
    to_patch = np.array([[cos, -sin, x - half * (cos - sin)], [sin, cos, y - half * (sin + cos)]])
    mouth = cv2.warpAffine(
        patch.pixels,
        to_patch,
        (SIDE, SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(mouth, np.uint8)
