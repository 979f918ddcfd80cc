"""Cuts small pictures of a part of a face from successive frames, in training and in serving.

Faces are measured five times a second, but move faster. Between two measurements the square around
the part is interpolated, so that every frame gives a picture at the cost of a crop. Only small
patches wait for the next measurement, never whole frames.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Face, Pixels, View
from ml.engine.media.shrink import smaller_in_steps

MOST_FACES = 2
LONGEST_GAP = 0.9
"""Seconds between two measurements of a face over which its part is still drawn in a line: four
faces take turns."""
LAST_GAP = 0.25
"""Seconds that the part is believed to stay in its place after the last measurement."""

EYES = (33, 133, 263, 362)
NOSE = (1, 2, 98, 327)


@dataclass(frozen=True, slots=True)
class Square:
    """A turned square round a part of a face, in pixels of the frame."""

    x: float
    y: float
    side: float
    angle: float


def square_below_eyes(points: NDArray[np.float32], *, beyond: float, side: float) -> Square:
    """By eyes and nose, which neither speech nor a blink moves: so many eye distances wide, with
    its middle on the line from the eyes through the nose, `beyond` it by so much of that line."""
    eyes = points[list(EYES), :2].reshape(2, 2, 2).mean(axis=1)
    middle = eyes.mean(axis=0)
    nose = points[list(NOSE), :2].mean(axis=0)
    apart = float(np.linalg.norm(eyes[1] - eyes[0]))
    fall = float(np.linalg.norm(nose - middle))
    # Seen from the side the eyes come together, and from below the nose comes near to them.
    scale = max(apart, 1.5 * fall)
    place = nose + (nose - middle) * beyond
    angle = float(np.arctan2(eyes[1, 1] - eyes[0, 1], eyes[1, 0] - eyes[0, 0]))
    return Square(float(place[0]), float(place[1]), side * scale, angle)


@dataclass(frozen=True, slots=True)
class Part:
    """What is cut, and which stretches of it are worth keeping."""

    square: Callable[[NDArray[np.float32]], Square]
    side: int
    """Of the picture."""
    room: float
    """Side of the patch that waits, over the square: the face may move meanwhile."""
    smallest: float
    """Pixels of the square in the frame below which nothing is to be read."""
    close: float
    """Seconds between two frames of one stretch."""
    shortest: float
    """Seconds; shorter stretches are not kept."""
    most_seconds: float
    """Kept of all faces together: the longest stretches, earlier ones first."""
    most_pictures: int
    """The length of one segment. A longer one continues in the next."""
    grey: bool

    @property
    def patch_side(self) -> int:
        """A patch longer than this is made smaller."""
        return 2 * self.side


class Lasting(Protocol):
    @property
    def track(self) -> int: ...
    @property
    def start(self) -> float: ...
    @property
    def seconds(self) -> float: ...


S = TypeVar("S", bound=Lasting)


@dataclass(slots=True)
class _Patch:
    seconds: float
    pixels: NDArray[np.uint8]
    left: float
    top: float
    scale: float


@dataclass(slots=True)
class _Watched:
    """One face: where its part was last, and the patches since."""

    seconds: float
    square: Square
    waiting: list[_Patch] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)


class Follower(ABC, Generic[S]):
    """Fed with every view; `stretches` when all are through."""

    part: Part

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}
        self._done: list[S] = []
        self.too_small = 0
        """Measurements of faces whose part was too small."""

    @abstractmethod
    def kept(self, track: int, times: Sequence[float], pictures: Sequence[NDArray[np.uint8]]) -> S:
        """One stretch without a gap, as it is kept."""

    def cuts(self, view: View) -> bool:
        """Whether pictures are cut from this view, or faces only measured in it."""
        return True

    def observe(self, view: View) -> None:
        seconds = view.frame.seconds
        cuts = self.cuts(view)
        measured = {}
        for face in _largest(view.faces):
            square = self.part.square(face.landmarks)
            if square.side < self.part.smallest:
                self.too_small += 1
            elif np.isfinite([square.x, square.y, square.side, square.angle]).all():
                measured[face.track] = square
        for track, square in measured.items():
            self._met(track, seconds, square)
        for track, watched in list(self._watched.items()):
            if seconds - watched.seconds > LONGEST_GAP:
                self._left(track)
                continue
            if not cuts:
                continue
            patch = _patch(view.frame.pixels, seconds, watched.square, self.part)
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
        gap = watched.times and patch.seconds - watched.times[-1] > self.part.close
        if gap or len(watched.times) >= self.part.most_pictures:
            self._close(track, watched)
        watched.times.append(patch.seconds)
        watched.pictures.append(_picture(patch, square, self.part.side))

    def _close(self, track: int, watched: _Watched) -> None:
        times, pictures = watched.times, watched.pictures
        watched.times, watched.pictures = [], []
        if times and times[-1] - times[0] >= self.part.shortest:
            self._done.append(self.kept(track, times, pictures))
            self._keep_bounded()

    def _keep_bounded(self) -> None:
        most = self.part.most_seconds
        while sum(s.seconds for s in self._done) > most and len(self._done) > 1:
            shortest = min(range(len(self._done)), key=lambda n: (self._done[n].seconds, -n))
            del self._done[shortest]

    def stretches(self) -> list[S]:
        for track in list(self._watched):
            self._left(track)
        return sorted(self._done, key=lambda s: (s.start, s.track))


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


def _patch(pixels: Pixels, seconds: float, square: Square, part: Part) -> _Patch | None:
    """The surroundings of the square; what lies beyond the frame repeats its edge later."""
    height, width = pixels.shape[:2]
    half = part.room * square.side / 2
    left, top = max(int(square.x - half), 0), max(int(square.y - half), 0)
    right = min(int(np.ceil(square.x + half)), width)
    bottom = min(int(np.ceil(square.y + half)), height)
    if right - left < 8 or bottom - top < 8:
        return None
    cut = np.ascontiguousarray(pixels[top:bottom, left:right])
    if part.grey:
        cut = np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY), np.uint8)
    cut, scale = smaller_in_steps(cut, part.patch_side)
    return _Patch(seconds, cut, left, top, scale)


def _picture(patch: _Patch, square: Square, side: int) -> NDArray[np.uint8]:
    """The square, upright, at `side`."""
    step = square.side * patch.scale / side
    cos, sin = np.cos(square.angle) * step, np.sin(square.angle) * step
    x = (square.x - patch.left) * patch.scale
    y = (square.y - patch.top) * patch.scale
    half = side / 2
    to_patch = np.array([[cos, -sin, x - half * (cos - sin)], [sin, cos, y - half * (sin + cos)]])
    picture = cv2.warpAffine(
        patch.pixels,
        to_patch,
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(picture, np.uint8)
