"""Detects the faces of a file at the planned moments and tracks them over time, for all
detectors."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from ml.engine.contract import Face, FaceTrack, Frame, Kind, Media
from ml.engine.media.cuts import CutFinder
from ml.engine.media.face_model import FaceModelUnusable
from ml.engine.media.faces import FaceFinder, FoundFace, largest_first
from ml.engine.media.search import Seen, same_face
from ml.engine.media.tracks import Track, Tracker

log = logging.getLogger(__name__)

SEARCH_EVERY = 2.0
"""Seconds between two thorough searches for faces that have come in."""
GLANCE_EVERY = 0.4
"""Seconds between two looks at the whole frame, which show large faces only."""
MEASURED_A_FRAME = 1.0
"""Faces measured in a sampled frame, on average. One face is followed in every sample; several take
turns, so that a crowd does not cost more than one."""
SAVED_UP = 3.0
MOST_FACES = {Kind.IMAGE: 40, Kind.VIDEO: 16}
TOO_EARLY = 1e-6


class FaceWatch:
    """A context manager for one file. If the face model is unusable or breaks, there are no faces,
    `flags` states it, and the analysis continues."""

    def __init__(self, media: Media, rate: float) -> None:
        kind = media.info.kind
        self._still = kind is Kind.IMAGE
        self._step = 1 / rate
        self._due = self._search_due = self._glance_due = 0.0
        self._allowance = 0.0
        self._finder = FaceFinder(most=MOST_FACES[kind]) if kind in MOST_FACES else None
        self._open = contextlib.ExitStack()
        self._started = False
        self._tracker = Tracker()
        self._cuts = CutFinder()
        self.shots: list[float] = []
        """When the first frame of each shot was looked at."""
        self._capped = False
        self._failed = False

    def __enter__(self) -> FaceWatch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def faces(self, frame: Frame) -> Sequence[Face]:
        if self._finder is None or frame.seconds + TOO_EARLY < self._due:
            return ()
        self._due = max(self._due + self._step, frame.seconds)
        cut = not self._still and self._cuts.starts_scene(frame.pixels)
        if cut:
            self.shots.append(frame.seconds)
        if self._failed:
            return ()
        try:
            return self._look(self._finder, frame, cut)
        except FaceModelUnusable as error:
            log.error("faces cannot be found: %s", error)
        except Exception:
            log.exception("face analysis broke")
        self._failed = True
        return ()

    def _look(self, finder: FaceFinder, frame: Frame, cut: bool) -> Sequence[Face]:
        if not self._started:
            self._open.enter_context(finder)
            self._started = True
        if self._still:
            found = finder.in_still(frame.pixels)
            self._capped |= len(found) == finder.most
            return self._tracker.update(frame, found)
        return self._follow(finder, frame, cut)

    def _follow(self, finder: FaceFinder, frame: Frame, cut: bool) -> Sequence[Face]:
        seen = self._seen(finder, frame, cut)
        known = self._tracker.alive
        newcomers = [s for s in seen if not any(same_face(s.box, t.box) for t in known)]
        room = max(finder.most - len(known), 0)
        self._capped |= len(newcomers) > room
        found = [finder.new(frame.pixels, s) for s in largest_first(newcomers)[:room]]
        turn = self._whose_turn(known)
        for track in turn:
            where = next((s for s in seen if same_face(s.box, track.box)), None)
            found.append(finder.again(frame.pixels, track.expected(frame.seconds), where))
        return self._tracker.update(frame, _each_once(found), looked_for=turn)

    def _seen(self, finder: FaceFinder, frame: Frame, cut: bool) -> Sequence[Seen]:
        if cut:
            self._tracker.scene_ends()
        if cut or frame.seconds + TOO_EARLY >= self._search_due:
            self._search_due = frame.seconds + SEARCH_EVERY
            self._glance_due = frame.seconds + GLANCE_EVERY
            return finder.search.thoroughly(frame.pixels)
        if frame.seconds + TOO_EARLY >= self._glance_due:
            self._glance_due = frame.seconds + GLANCE_EVERY
            return finder.search.glance(frame.pixels)
        return ()

    def _whose_turn(self, known: Sequence[Track]) -> list[Track]:
        """Those who have waited longest, as many as the allowance pays for."""
        self._allowance = min(self._allowance + MEASURED_A_FRAME, SAVED_UP)
        turn = sorted(known, key=lambda t: (t.last, t.id))[: int(self._allowance)]
        self._allowance -= len(turn)
        return turn

    def tracks(self) -> tuple[FaceTrack, ...]:
        return self._tracker.tracks()

    def summaries(self) -> list[dict[str, Any]]:
        return self._tracker.summaries()

    @property
    def flags(self) -> tuple[str, ...]:
        flags = {
            "face_analysis_failed": self._failed,
            "more_faces_than_examined": self._capped or self._tracker.dropped > 0,
        }
        return tuple(name for name, holds in flags.items() if holds)


def _each_once(found: Sequence[FoundFace | None]) -> list[FoundFace]:
    """Two looks may have met the same face."""
    once: list[FoundFace] = []
    for face in found:
        if face and not any(same_face(face.box, other.box) for other in once):
            once.append(face)
    return once
