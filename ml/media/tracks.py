"""Faces joined over time, in memory that does not grow with the length of the video.

A track keeps counts, running means, a thinned trail of boxes and its best crops; the frames
themselves are forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from ml.contract import Box, Face, FaceTrack, Frame
from ml.media import crops
from ml.media.crops import BestCrops
from ml.media.faces import FoundFace, overlap

FORGET_AFTER = 1.0
"""A face unseen for so many seconds is another track when it returns."""
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
    points: np.ndarray
    seen: int = 0
    size_sum: float = 0.0
    smallest: float = float("inf")
    largest: float = 0.0
    frontal_sum: float = 0.0
    trail: Trail = field(default_factory=Trail)
    best: BestCrops = field(default_factory=BestCrops)

    def add(self, frame: Frame, face: FoundFace) -> None:
        self.last, self.box, self.points = frame.seconds, face.box, _stable(face)
        self.seen += 1
        size = min(face.box.width, face.box.height)
        self.size_sum += size
        self.smallest, self.largest = min(self.smallest, size), max(self.largest, size)
        self.frontal_sum += float(face.pose[2, 2]) if face.pose is not None else 0.0
        self.trail.add(frame.seconds, face.box)
        crop = crops.cut(frame, face)
        if crop is not None:
            self.best.offer(crop)

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

    def known_boxes(self, seconds: float) -> list[Box]:
        """Where faces were a moment ago."""
        return [t.box for t in self._alive if seconds - t.last <= FORGET_AFTER]

    def update(self, frame: Frame, found: Sequence[FoundFace], *, cut: bool = False) -> list[Face]:
        self._let_go(frame.seconds, everything=cut)
        matched = self._match(found)
        faces = []
        for number, face in enumerate(found):
            track = matched.get(number)
            if track is None:
                track = Track(self._next_id, frame.seconds, frame.seconds, face.box, _stable(face))
                self._next_id += 1
                self._alive.append(track)
            track.add(frame, face)
            faces.append(Face(track.id, face.box, face.landmarks, face.blendshapes, face.pose))
        self._stay_small()
        return faces

    def _match(self, found: Sequence[FoundFace]) -> dict[int, Track]:
        if not found or not self._alive:
            return {}
        cost = np.array([[_unlikeness(t, f) for t in self._alive] for f in found])
        rows, columns = linear_sum_assignment(cost)
        return {
            int(row): self._alive[column]
            for row, column in zip(rows, columns, strict=True)
            if cost[row, column] < FAR
        }

    def _let_go(self, seconds: float, *, everything: bool) -> None:
        staying: list[Track] = []
        for track in self._alive:
            gone = everything or seconds - track.last > FORGET_AFTER
            (self._ended if gone else staying).append(track)
        self._alive = staying

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


def _stable(face: FoundFace) -> np.ndarray:
    return face.landmarks[STABLE_POINTS, :2]


def _unlikeness(track: Track, face: FoundFace) -> float:
    """0 for the same place and shape; FAR where it cannot be the same face."""
    side = max(track.box.width, track.box.height, face.box.width, face.box.height, 1.0)
    apart = float(np.linalg.norm(track.points - _stable(face), axis=1).mean()) / side
    shared = overlap(track.box, face.box)
    if shared < 0.1 and apart > 0.8:
        return FAR
    sizes = (track.box.width * track.box.height) / max(face.box.width * face.box.height, 1.0)
    if not 0.2 < sizes < 5.0:
        return FAR
    return (1.0 - shared) + apart
