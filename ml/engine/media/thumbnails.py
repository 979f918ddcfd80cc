"""Makes thumbnails for people, from clean pixels only."""

from __future__ import annotations

from collections.abc import Sequence

from ml.engine.contract import FaceTrack, Frame, Pixels
from ml.engine.media import webp
from ml.engine.media.shrink import smaller

FRAME_SIDE = 480
FACE_SIDE = 160
MOST_FACES = 12
STRIP_SIDE = 320
MOST_MOMENTS = 8


def small(pixels: Pixels, side: int) -> bytes:
    """At most `side` long; never enlarged."""
    reduced, _ = smaller(pixels, side)
    return webp.photograph(reduced)


def of_faces(tracks: Sequence[FaceTrack]) -> dict[str, bytes]:
    """The best crop of each track, the longest seen tracks first."""
    most_seen = sorted(tracks, key=lambda t: (-t.seen, t.id))[:MOST_FACES]
    return {
        f"face-{track.id}": small(max(track.crops, key=lambda c: c.quality).pixels, FACE_SIDE)
        for track in sorted(most_seen, key=lambda t: t.id)
        if track.crops
    }


class Strip:
    """Moments spread evenly over a film whose length nobody has to believe: when there are too
    many, every other one goes and the step doubles."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, Pixels]] = []
        self._step = 0.5

    def observe(self, frame: Frame) -> None:
        if frame.seconds + 1e-6 < len(self._kept) * self._step:
            return
        reduced, _ = smaller(frame.pixels, STRIP_SIDE)
        self._kept.append((frame.seconds, reduced.copy()))
        if len(self._kept) > MOST_MOMENTS:
            del self._kept[1::2]
            self._step *= 2

    def pictures(self) -> dict[str, bytes]:
        """By `at-` and the millisecond. None when there was one moment only: that is the frame."""
        if len(self._kept) < 2:
            return {}
        return {
            f"at-{round(1000 * seconds)}": webp.photograph(picture)
            for seconds, picture in self._kept
        }
