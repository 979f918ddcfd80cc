"""Faces of one file: found where they are due, followed over time, shared by every detector."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from ml.contract import Face, FaceTrack, Frame, Kind, Media
from ml.media.cuts import CutFinder
from ml.media.face_model import FaceModelUnusable
from ml.media.faces import FaceFinder
from ml.media.tracks import Tracker

log = logging.getLogger(__name__)

SEARCH_EVERY = 1.0
"""Seconds between two searches of the whole frame for faces that have come in."""
MOST_FACES = {Kind.IMAGE: 40, Kind.VIDEO: 16}
TOO_EARLY = 1e-6


class FaceWatch:
    """A context manager for one file. If the face model is unusable or breaks, there are no faces
    and `flags` says so; the analysis goes on."""

    def __init__(self, media: Media, rate: float) -> None:
        kind = media.info.kind
        self._still = kind is Kind.IMAGE
        self._step = 1 / rate
        self._due = 0.0
        self._search_due = 0.0
        self._finder = FaceFinder(most=MOST_FACES[kind]) if kind in MOST_FACES else None
        self._open = contextlib.ExitStack()
        self._started = False
        self._tracker = Tracker()
        self._cuts = CutFinder()
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
        if self._finder is None or self._failed or frame.seconds + TOO_EARLY < self._due:
            return ()
        self._due = max(self._due + self._step, frame.seconds)
        try:
            return self._look(self._finder, frame)
        except FaceModelUnusable as error:
            log.error("faces cannot be found: %s", error)
        except Exception:
            log.exception("face analysis broke")
        self._failed = True
        return ()

    def _look(self, finder: FaceFinder, frame: Frame) -> Sequence[Face]:
        if not self._started:
            self._open.enter_context(finder)
            self._started = True
        cut = not self._still and self._cuts.starts_scene(frame.pixels)
        thorough = self._still or cut or frame.seconds >= self._search_due
        if thorough:
            self._search_due = frame.seconds + SEARCH_EVERY
        found = finder.find(
            frame.pixels,
            known=() if cut else self._tracker.known_boxes(frame.seconds),
            thorough=thorough,
            fine=self._still,
        )
        self._capped |= len(found) == finder.most
        return self._tracker.update(frame, found, cut=cut)

    def tracks(self) -> tuple[FaceTrack, ...]:
        return self._tracker.tracks()

    def summaries(self) -> list[dict[str, Any]]:
        return self._tracker.summaries()

    @property
    def flags(self) -> tuple[str, ...]:
        said = {
            "face_analysis_failed": self._failed,
            "more_faces_than_examined": self._capped or self._tracker.dropped > 0,
        }
        return tuple(name for name, holds in said.items() if holds)
