"""A result as plain JSON: for the shell, the database and the interfaces."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np

from ml.engine.contract import Finding, MediaInfo, Result, Scenes
from ml.engine.media.stated import stated
from ml.engine.sentence import Sentence


def plain(value: Any) -> Any:
    """Only what JSON knows. A number that is not finite becomes null, never `NaN`."""
    if isinstance(value, Sentence):
        return value  # as text it is English; `stored` keeps its codes
    if isinstance(value, StrEnum):
        return str(value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no place in a result")


def media_json(info: MediaInfo) -> dict[str, Any]:
    """With a sentence for each flag."""
    return {**plain(info), "stated": stated(info)}


def finding_json(finding: Finding) -> dict[str, Any]:
    return dict(plain(finding))


def result_json(result: Result) -> dict[str, Any]:
    """Everything but the thumbnails, which are bytes."""
    return {
        "media": None if result.media is None else media_json(result.media),
        "verdict": plain(result.verdict),
        "findings": [finding_json(f) for f in result.findings],
        "engine_version": result.engine_version,
        "seconds": plain(result.seconds),
        "rejection": result.rejection,
        "tracks": plain(result.tracks),
        "scenes": scenes_json(result.scenes),
    }


def scenes_json(scenes: Scenes | None) -> dict[str, Any] | None:
    """What people and pages need: the stretches say where somebody speaks."""
    if scenes is None:
        return None
    return {
        "shots": scenes.shots,
        "speech_seconds": round(sum(end - start for start, end in scenes.speech), 3),
        "no_speech": scenes.no_speech,
        "grain": scenes.grain,
        "stretches": plain(scenes.stretches),
    }
