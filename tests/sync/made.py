"""Drawn mouths, made-up speech, and media that are already decoded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Box, Face, Frame, Kind, MediaInfo, Scenes, View
from ml.engine.media import lips, scenes
from tests.lab.voice.voices import speech_like

RATE = 16_000


def loudness(sound: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    """0..1 a 25th of a second."""
    step = RATE // 25
    level = np.array([np.sqrt(np.mean(sound[k * step : (k + 1) * step] ** 2) + 1e-12)
                      for k in range(count)])  # fmt: skip
    return np.asarray(level / level.max())


def mouths_for(sound: NDArray[np.floating], count: int, *, seed: int = 0) -> NDArray[np.uint8]:
    """Dark ellipses on skin that open as the sound is loud."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : lips.SIDE, 0 : lips.SIDE] - lips.SIDE / 2
    pictures = []
    for open_by in loudness(sound, count):
        inside = (x / 14) ** 2 + (y / (1.5 + 10 * open_by)) ** 2 < 1
        picture = np.where(inside, 50, 160) + rng.normal(0, 4, x.shape)
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return np.stack(pictures)


def face(x: float, y: float, scale: float = 60.0, track: int = 1) -> Face:
    """Points where eyes, nose and mouth belong; everything else in the middle."""
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = (x, y)
    for place, sign in ((33, -1.0), (133, -0.5), (362, 0.5), (263, 1.0)):
        points[place, :2] = (x + sign * scale / 2, y)
    for place in (1, 2, 98, 327):
        points[place, :2] = (x, y + 0.55 * scale)
    box = Box(x - scale, y - scale, x + scale, y + 1.4 * scale)
    return Face(track, box, points)


def view(index: int, seconds: float, pixels: NDArray[np.uint8], *faces: Face) -> View:
    return View(Frame(index, seconds, pixels), faces)


class Film:
    """Media that is already decoded."""

    facts: dict[str, Any] = {}
    tracks = ()

    def __init__(
        self, sound: NDArray[np.float32] | None, kind: Kind = Kind.VIDEO, **told: object
    ) -> None:
        self.sound = sound
        given = {"fps": 25.0, "has_audio": sound is not None, **told}
        self.info = MediaInfo(sha256="0" * 64, size=1, kind=kind, format="mp4", **given)  # type: ignore[arg-type]

    @property
    def scenes(self) -> Scenes:
        """A face is in view throughout."""
        sound = scenes.find_activity(self.sound)
        end = sound.duration if sound else 1.0
        return scenes.build_scenes(scenes.PictureTimeline(end, faces=((1, 0.0, end),)), sound, None)

    def audio(self, rate: int = RATE) -> NDArray[np.float32] | None:
        return self.sound


__all__ = ["Film", "face", "mouths_for", "speech_like", "view"]
