"""Tracks mouths over time with `face_patches`. The square is placed by landmarks that speaking does
not move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.engine.media.face_patches import EYES, Follower, Part, Square, square_below_eyes

SIDE = 56
"""The side of a mouth's picture. The network sees its middle; training shifts that a little."""
RATE = 25.0
"""Mouths a second, whatever the video's own rate."""
SMALLEST = 22.0
"""Pixels of the mouth's square below which lips are not to be read."""
CLOSE = 0.06
"""Seconds between two frames of one stretch: below about 17 frames a second lips are lost."""
SHORTEST = 0.7
"""Seconds; shorter stretches hold no syllables worth comparing."""
MOST_SECONDS = 24.0
MOST_MOUTHS = 750


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
    return square_below_eyes(points, beyond=0.62, side=1.15)


def mouth_opening(points: NDArray[np.float32]) -> tuple[float, float]:
    """How far the lips are apart, and how wide the mouth is, over the eyes' distance. What
    training may learn from; serving never measures it."""
    eyes = points[list(EYES), :2].reshape(2, 2, 2).mean(axis=1)
    apart = max(float(np.linalg.norm(eyes[1] - eyes[0])), 1e-3)
    gap = np.mean([np.linalg.norm(points[a, :2] - points[b, :2])
                   for a, b in ((13, 14), (82, 87), (312, 317))])  # fmt: skip
    wide = float(np.linalg.norm(points[61, :2] - points[291, :2]))
    return float(gap) / apart, wide / apart


class LipReader(Follower[Stretch]):
    """Fed with every view; `stretches` when all are through."""

    part = Part(
        square=square_round_mouth,
        side=SIDE,
        room=2.0,
        smallest=SMALLEST,
        close=CLOSE,
        shortest=SHORTEST,
        most_seconds=MOST_SECONDS,
        most_pictures=MOST_MOUTHS,
        grey=True,
    )

    def kept(
        self, track: int, times: Sequence[float], pictures: Sequence[NDArray[np.uint8]]
    ) -> Stretch:
        return evenly(track, times, pictures)


def evenly(track: int, times: Sequence[float], mouths: Sequence[NDArray[np.uint8]]) -> Stretch:
    """`RATE` pictures a second, each the nearest that there is."""
    known = np.asarray(times)
    grid = times[0] + np.arange(int((times[-1] - times[0]) * RATE + 1e-6) + 1) / RATE
    right = np.clip(np.searchsorted(known, grid), 1, len(known) - 1)
    nearer_left = grid - known[right - 1] <= known[right] - grid
    nearest = np.where(nearer_left, right - 1, right)
    return Stretch(track, float(times[0]), np.stack([mouths[int(n)] for n in nearest]))
