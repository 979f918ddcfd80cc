"""Joins faces over time, in memory that does not grow with the length of the video.

A track keeps counts, running means, a thinned list of boxes and its best crops; the frames
themselves are not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Box, Face, FaceTrack, Frame
from ml.engine.media import crops
from ml.engine.media.crops import BestCrops
from ml.engine.media.faces import FoundFace, frontal
from ml.engine.media.search import overlap

MISSES = 3
"""A face that was looked for so often in vain has gone; it is another track when it returns."""
MOST_TRACKS = 64
MOST_CROP_BYTES = 96 * 1024 * 1024
TRAIL = 240
FAR = 10.0
STABLE_POINTS = (1, 33, 133, 263, 362, 61, 291, 152, 10)
"""Nose, eye corners, mouth corners, chin, forehead."""


class Trail:
    """Where a face was: every box at first, then every second one, every fourth, ..."""

    def __init__(self, limit: int = TRAIL) -> None:
        self._limit = limit
        self._step = 1
        self._seen = 0
        self._points: list[tuple[float, Box]] = []
        self._last: tuple[float, Box] | None = None

    def add(self, seconds: float, box: Box) -> None:
        if self._seen % self._step == 0:
            self._points.append((seconds, box))
        self._seen += 1
        self._last = (seconds, box)
        if len(self._points) > self._limit:
            self._points = self._points[::2]
            self._step *= 2

    def points(self) -> list[tuple[float, Box]]:
        if self._last and (not self._points or self._points[-1] != self._last):
            return [*self._points, self._last]
        return list(self._points)


@dataclass(slots=True)
class Track:
    """What is remembered of one face."""

    id: int
    first: float
    last: float
    box: Box
    landmarks: NDArray[np.float32]
    seen: int = 0
    misses: int = 0
    drift: tuple[float, float] = (0.0, 0.0)
    """Pixels a second, from the last two sightings."""
    size_sum: float = 0.0
    smallest: float = float("inf")
    largest: float = 0.0
    frontal_sum: float = 0.0
    trail: Trail = field(default_factory=Trail)
    best: BestCrops = field(default_factory=BestCrops)

    def add(self, frame: Frame, face: FoundFace) -> None:
        self.drift = _drift(self, frame.seconds, face.box)
        self.last, self.box, self.landmarks = frame.seconds, face.box, face.landmarks
        self.seen += 1
        self.misses = 0
        size = min(face.box.width, face.box.height)
        self.size_sum += size
        self.smallest, self.largest = min(self.smallest, size), max(self.largest, size)
        self.frontal_sum += frontal(face.landmarks)
        self.trail.add(frame.seconds, face.box)
        crop = crops.cut(frame, face)
        if crop is not None:
            self.best.offer(crop)

    def expected(self, seconds: float) -> NDArray[np.float32]:
        """The expected position of its landmarks if the motion continues; at most half a face
        further."""
        most = max(self.box.width, self.box.height) / 2
        step = np.clip(np.array(self.drift) * (seconds - self.last), -most, most)
        landmarks = self.landmarks.copy()
        landmarks[:, :2] += step
        return landmarks

    def summary(self) -> dict[str, Any]:
        """Plain JSON for people and pages."""
        return {
            "id": self.id,
            "first": round(self.first, 3),
            "last": round(self.last, 3),
            "seen": self.seen,
            "face_side": {
                "mean": round(self.size_sum / self.seen, 1),
                "smallest": round(self.smallest, 1),
                "largest": round(self.largest, 1),
            },
            "frontal": round(self.frontal_sum / self.seen, 3),
            "boxes": [
                [round(seconds, 3), *(round(v, 1) for v in (b.left, b.top, b.right, b.bottom))]
                for seconds, b in self.trail.points()
            ],
        }


class Tracker:
    """Gives each face of each frame the number of its track."""

    def __init__(
        self, *, most_tracks: int = MOST_TRACKS, most_crop_bytes: int = MOST_CROP_BYTES
    ) -> None:
        self._most_tracks = most_tracks
        self._most_crop_bytes = most_crop_bytes
        self._alive: list[Track] = []
        self._ended: list[Track] = []
        self._next_id = 1
        self.dropped = 0
        """Tracks that were forgotten because there were too many; the least seen go first."""

    @property
    def alive(self) -> Sequence[Track]:
        """Faces that may still be there."""
        return tuple(self._alive)

    def scene_ends(self) -> None:
        """Nobody is followed over a cut."""
        self._ended += self._alive
        self._alive = []

    def update(
        self, frame: Frame, found: Sequence[FoundFace], *, looked_for: Sequence[Track] = ()
    ) -> list[Face]:
        """`looked_for` are the tracks whose face should be among those found."""
        matched = self._match(found)
        faces = []
        for number, face in enumerate(found):
            track = matched.get(number)
            if track is None:
                track = Track(self._next_id, frame.seconds, frame.seconds, face.box, face.landmarks)
                self._next_id += 1
                self._alive.append(track)
            track.add(frame, face)
            faces.append(Face(track.id, face.box, face.landmarks, face.blendshapes, face.pose))
        missed = [t for t in looked_for if all(t is not m for m in matched.values())]
        for track in missed:
            track.misses += 1
        self._ended += [t for t in self._alive if t.misses >= MISSES]
        self._alive = [t for t in self._alive if t.misses < MISSES]
        self._stay_small()
        return faces

    def _match(self, found: Sequence[FoundFace]) -> dict[int, Track]:
        if not found or not self._alive:
            return {}
        from scipy.optimize import linear_sum_assignment  # slow to import; pages need the rest

        cost = np.array([[_distance(t, f) for t in self._alive] for f in found])
        rows, columns = linear_sum_assignment(cost)
        return {
            int(row): self._alive[column]
            for row, column in zip(rows, columns, strict=True)
            if cost[row, column] < FAR
        }

    def _stay_small(self) -> None:
        while len(self._ended) + len(self._alive) > self._most_tracks and self._ended:
            least = min(self._ended, key=lambda t: (t.seen, -t.id))
            self._ended.remove(least)
            self.dropped += 1
        tracks = [*self._ended, *self._alive]
        while sum(t.best.bytes for t in tracks) > self._most_crop_bytes:
            heaviest = max(tracks, key=lambda t: (len(t.best) > 1, t.best.bytes))
            if len(heaviest.best) <= 1:
                break
            heaviest.best.shed()

    @property
    def _all(self) -> list[Track]:
        return sorted([*self._ended, *self._alive], key=lambda t: t.id)

    def tracks(self) -> tuple[FaceTrack, ...]:
        return tuple(FaceTrack(t.id, t.first, t.last, t.seen, t.best.in_order()) for t in self._all)

    def summaries(self) -> list[dict[str, Any]]:
        return [t.summary() for t in self._all]


def _drift(track: Track, seconds: float, box: Box) -> tuple[float, float]:
    passed = seconds - track.last
    if track.seen == 0 or passed <= 0:
        return 0.0, 0.0
    before = track.box
    return (
        (box.left + box.right - before.left - before.right) / 2 / passed,
        (box.top + box.bottom - before.top - before.bottom) / 2 / passed,
    )


def _distance(track: Track, face: FoundFace) -> float:
    """0 for the same place and shape; FAR where it cannot be the same face."""
    side = max(track.box.width, track.box.height, face.box.width, face.box.height, 1.0)
    apart = track.landmarks[STABLE_POINTS, :2] - face.landmarks[STABLE_POINTS, :2]
    distance = float(np.linalg.norm(apart, axis=1).mean()) / side
    shared = overlap(track.box, face.box)
    if shared < 0.1 and distance > 0.8:
        return FAR
    sizes = (track.box.width * track.box.height) / max(face.box.width * face.box.height, 1.0)
    if not 0.2 < sizes < 5.0:
        return FAR
    return (1.0 - shared) + distance
