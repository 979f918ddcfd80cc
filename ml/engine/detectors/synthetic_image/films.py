"""Which moments of a video are looked at, and how they become one score."""

from __future__ import annotations

from collections.abc import Sequence

MOMENTS = 3
"""Spread over the video, one in the middle of each third."""


class MomentPicker:
    """Picks views while a video is decoded: of each part the first one past its middle."""

    def __init__(self, duration: float, count: int = MOMENTS) -> None:
        """A still, or a video of unknown length, lasts 0 seconds: its first view is picked."""
        self._wanted = [duration * (number + 0.5) / count for number in range(count)]

    def picks(self, seconds: float) -> bool:
        reached = [at for at in self._wanted if seconds >= at]
        self._wanted = self._wanted[len(reached) :]
        return bool(reached)


def score(moments: Sequence[float]) -> float:
    """The strongest counts, so that a short generated part is not averaged away."""
    return max(moments)
