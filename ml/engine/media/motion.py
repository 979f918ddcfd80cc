"""Measures how a face moves and how its light changes from frame to frame, inside and around it.

A face inserted into a video frame by frame trembles, flickers, freezes or slides against the head.
So each frame's face is cropped with its surroundings, and for each part of it the changes of
colour, light, sharpness and position since the previous frame are computed, both absolute and
relative to the other parts. A change of the whole picture affects all parts equally. The same code
serves training and serving.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Pixels, View
from ml.engine.media.face_patches import Follower, Part, Square, square_below_eyes

SIDE = 80
"""The side of a face's picture with its surroundings."""
WIDE = 4.4
"""Eye distances in it."""
SMALLEST = 96.0
"""Pixels of the square below which it would have to be enlarged much."""
CLOSE = 0.09
"""Seconds between two frames of one stretch: twelve and a half frames a second still pass."""
LOOKED, EVERY = 1.3, 2.5
"""Seconds that are cut out of so many: as long as what the check was trained and calibrated on. To
cut every frame would cost twice as much and bound the looks to fewer places of the film."""
SHORTEST = 0.9
MOST_SECONDS = 8.0
MOST_PICTURES = 120
REPEATED = 6.0
"""Greatest difference, of 255, of any of the cells of a frame below which it only repeats the one
before: what converters of frame rates do, and cameras before which nothing moves."""
CELLS = 40

# === Where the parts are: middle and radii in eye distances from the picture's middle ===
INSIDE = {
    "right eye": (-0.50, -0.58, 0.38, 0.25),
    "left eye": (0.50, -0.58, 0.38, 0.25),
    "forehead": (0.00, -1.10, 0.75, 0.26),
    "nose": (0.00, -0.12, 0.28, 0.36),
    "mouth": (0.00, 0.47, 0.48, 0.26),
    "right cheek": (-0.72, 0.08, 0.30, 0.38),
    "left cheek": (0.72, 0.08, 0.30, 0.38),
    "chin": (0.00, 1.00, 0.46, 0.20),
    "right jaw": (-0.95, 0.68, 0.26, 0.36),
    "left jaw": (0.95, 0.68, 0.26, 0.36),
}
ROUND = {
    "right of it": (-1.75, 0.10, 0.40, 1.30),
    "left of it": (1.75, 0.10, 0.40, 1.30),
    "above it": (0.00, -1.90, 1.10, 0.26),
    "below it": (0.00, 1.85, 1.10, 0.30),
}
REGIONS = (*INSIDE, *ROUND)
MIRRORED = (1, 0, 2, 3, 4, 6, 5, 7, 9, 8, 11, 10, 12, 13)
"""The regions of a picture that is turned left to right."""
OWN = ("light", "red", "blue", "sharpness", "across", "down")
CHANNELS = (*OWN, *(f"{name} against the others" for name in OWN), "change", "change against round")
ACROSS = (4, 10)
"""The channels whose sign a mirror turns."""
LIMIT = 2.0
"""The value of a signal above which differences no longer matter."""

Pictures = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FaceStretch:
    """One face with its surroundings, frame after frame without a gap."""

    track: int
    times: NDArray[np.float64]
    pictures: Pictures
    """Count x SIDE x SIDE x 3."""
    repeated: int = 0
    """Frames that were left out because they only repeat the one before."""

    @property
    def start(self) -> float:
        return float(self.times[0])

    @property
    def seconds(self) -> float:
        return float(self.times[-1] - self.times[0])


def square_round_face(points: NDArray[np.float32]) -> Square:
    return square_below_eyes(points, beyond=-0.1, side=WIDE)


class FaceReader(Follower[FaceStretch]):
    """Fed with every view; `stretches` when all are through."""

    part = Part(
        square=square_round_face,
        side=SIDE,
        room=1.25,
        smallest=SMALLEST,
        close=CLOSE,
        shortest=SHORTEST,
        most_seconds=MOST_SECONDS,
        most_pictures=MOST_PICTURES,
        grey=False,
    )

    def __init__(self) -> None:
        super().__init__()
        self._cells: NDArray[np.float32] | None = None
        self._repeats: set[float] = set()
        self._last: float | None = None
        self._began = 0.0

    def cuts(self, view: View) -> bool:
        """Not after a gap: most such frames are followed by one as well, and belong to nothing.
        And of what comes frame by frame a part."""
        seconds = view.frame.seconds
        follows = self._last is None or seconds - self._last <= CLOSE
        return follows and (seconds - self._began) % EVERY <= LOOKED

    def observe(self, view: View) -> None:
        seconds = view.frame.seconds
        if self._last is None or seconds - self._last > CLOSE:
            self._began = seconds
        if self.cuts(view):
            self._look_for_repeats(view)
        super().observe(view)
        self._last = seconds

    def _look_for_repeats(self, view: View) -> None:
        cells = _cells(view.frame.pixels)
        before = self._cells
        if before is not None and np.abs(cells - before).max() < REPEATED:
            self._repeats.add(view.frame.seconds)
        else:
            self._cells = cells

    def kept(
        self, track: int, times: Sequence[float], pictures: Sequence[NDArray[np.uint8]]
    ) -> FaceStretch:
        new = [n for n, seconds in enumerate(times) if n == 0 or seconds not in self._repeats]
        return FaceStretch(
            track,
            np.asarray([times[n] for n in new], np.float64),
            np.stack([pictures[n] for n in new]),
            repeated=len(times) - len(new),
        )


def _cells(pixels: Pixels) -> NDArray[np.float32]:
    """A coarse picture of the frame, in green."""
    step = max(min(pixels.shape[:2]) // (4 * CELLS), 1)
    green = np.ascontiguousarray(pixels[::step, ::step, 1])
    small = cv2.resize(green, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


# === Signals ===


@dataclass(frozen=True, slots=True)
class Signals:
    """What changed at each step from one frame to the next."""

    times: NDArray[np.float64]
    """The time of each step's later frame."""
    steps: NDArray[np.float64]
    """Seconds since the frame before."""
    values: Floats
    """Steps x regions x channels, within -1 and 1."""


def signals(stretch: FaceStretch) -> Signals:
    before = _state(stretch.pictures[0])
    rows = []
    for picture in stretch.pictures[1:]:
        after = _state(picture)
        rows.append(_step(before, after))
        before = after
    values = np.stack(rows) if rows else np.zeros((0, len(REGIONS), len(CHANNELS)))
    return Signals(stretch.times[1:], np.diff(stretch.times), values.astype(np.float32))


@dataclass(frozen=True, slots=True)
class _State:
    """One picture: its planes, and their means by region."""

    light: Floats
    means: NDArray[np.float64]
    """Regions x (light, red, blue, sharpness)."""


def _state(picture: Pictures) -> _State:
    light, red, blue = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb))
    edges = np.abs(cv2.Laplacian(light, cv2.CV_32F))
    means = _means(light, red, blue, edges).T
    soft = cv2.GaussianBlur(light, (0, 0), 1.2).astype(np.float32)
    return _State(soft, means)


def _step(before: _State, after: _State) -> NDArray[np.float64]:
    one, other = before.means, after.means
    own = np.empty((len(REGIONS), len(OWN)))
    own[:, 0] = 20.0 * np.log((other[:, 0] + 12.0) / (one[:, 0] + 12.0))
    own[:, 1:3] = other[:, 1:3] - one[:, 1:3]
    own[:, 3] = 5.0 * np.log((other[:, 3] + 1.0) / (one[:, 3] + 1.0))
    moved, left = _moved(before.light, after.light)
    own[:, 4:6] = 1.5 * moved
    usual = np.median(own[: len(INSIDE)], axis=0)
    change = np.log(left + 0.2)
    ring = change[len(INSIDE) :].mean()
    features = np.concatenate([own, own - usual, change[:, None], change[:, None] - ring], axis=1)
    return np.asarray(np.tanh(features / LIMIT))


def _moved(before: Floats, after: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By region, how far it moved in pixels (least squares over its gradients), and what change of
    light is left when that is taken out."""
    both = (before + after) / 2
    x = cv2.Sobel(both, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    y = cv2.Sobel(both, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    t = after - before
    sums = _means(x * x, x * y, y * y, x * t, y * t, t * t, t, x, y)
    xx, xy, yy, xt, yt, tt, mean, mean_x, mean_y = sums
    # Light that changes as a whole is not motion.
    xx, xy, yy = xx - mean_x**2 + 1.0, xy - mean_x * mean_y, yy - mean_y**2 + 1.0
    xt, yt, tt = xt - mean * mean_x, yt - mean * mean_y, tt - mean**2
    whole = xx * yy - xy * xy
    across = -(yy * xt - xy * yt) / whole
    down = -(xx * yt - xy * xt) / whole
    left = np.sqrt(np.maximum(tt + across * xt + down * yt, 0.0))
    return np.stack([across, down], axis=1), left


def _means(*planes: NDArray[np.generic]) -> NDArray[np.float64]:
    """The mean of each plane in each region: planes x regions."""
    order, starts, counts = _places()
    inside = np.stack([plane.reshape(-1)[order] for plane in planes]).astype(np.float64)
    return np.add.reduceat(inside, starts, axis=1) / counts


@functools.cache
def _places() -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The pixels of all regions one after the other, where each begins, and how many it has."""
    places = (np.arange(SIDE) + 0.5 - SIDE / 2) * (WIDE / SIDE)
    x, y = np.meshgrid(places, places)
    found = [
        np.flatnonzero(((x - across) / wide) ** 2 + ((y - down) / high) ** 2 <= 1.0)
        for across, down, wide, high in (*INSIDE.values(), *ROUND.values())
    ]
    counts = np.array([len(pixels) for pixels in found])
    return np.concatenate(found), np.cumsum([0, *counts[:-1]]), counts


def mirrored(values: Floats) -> Floats:
    """The signals of the same face turned left to right."""
    turned = values[..., MIRRORED, :].copy()
    turned[..., ACROSS] *= -1.0
    return turned
