"""Media known only by its facts: no face, no sound, no scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml.engine.contract import FaceTrack, Kind, MediaInfo, Scenes


class Known:
    tracks: Sequence[FaceTrack] = ()

    def __init__(
        self, facts: Mapping[str, Any], kind: Kind = Kind.IMAGE, format: str = "jpeg"
    ) -> None:
        self.facts = facts
        self.info = MediaInfo("0" * 64, 1, kind, format)

    @property
    def scenes(self) -> Scenes:
        raise LookupError("Facts alone tell no scenes.")

    def audio(self, rate: int = 16_000) -> None:
        return None
