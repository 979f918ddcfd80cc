"""Which moments of a video are looked at, and how they become one score."""

from __future__ import annotations

from collections.abc import Sequence

MOMENTS = 3
"""Spread over the video, one in the middle of each third."""
FIRST_STEP, GROWTH = 0.25, 1.5
"""Seconds until the second view of a video of unknown length, and how much later each next one
comes: two dozen in an hour."""


class MomentPicker:
    """Picks views while a video is decoded: of each part the first one past its middle."""

    def __init__(self, duration: float, count: int = MOMENTS) -> None:
        """A still lasts 0 seconds: its first view is picked."""
        self._wanted = middles(duration, count)

    def picks(self, seconds: float) -> bool:
        reached = [at for at in self._wanted if seconds >= at]
        self._wanted = self._wanted[len(reached) :]
        return bool(reached)

    def chosen(self, picked: Sequence[float], last: float) -> list[int]:
        """The places of the views to examine among the picked ones: all."""
        return list(range(len(picked)))


class UnknownLengthPicker:
    """Picks views while a video is decoded whose length shows at its end only, as that of an
    animated WebP."""

    def __init__(self) -> None:
        self._next = 0.0

    def picks(self, seconds: float) -> bool:
        if seconds < self._next:
            return False
        self._next = max(FIRST_STEP, GROWTH * seconds)
        return True

    def chosen(self, picked: Sequence[float], last: float) -> list[int]:
        """Those nearest to the middles, each once."""
        places = range(len(picked))
        nearest = {min(places, key=lambda n: abs(picked[n] - at)) for at in middles(last) if picked}
        return sorted(nearest)


def picker_of(duration: float) -> MomentPicker | UnknownLengthPicker:
    """For a video that says how long it is, or says 0."""
    return MomentPicker(duration) if duration else UnknownLengthPicker()


def middles(duration: float, count: int = MOMENTS) -> list[float]:
    """Of so many equal parts."""
    return [duration * (number + 0.5) / count for number in range(count)]


def score(moments: Sequence[float]) -> float:
    """The strongest counts, so that a short generated part is not averaged away."""
    return max(moments)
