"""Faces of one brightness, in pictures and films, for checks whose network is a toy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from ml.engine.contract import Box, Crop, FaceTrack, Kind, MediaInfo


def face(number: int, grey: int, side: int = 100) -> FaceTrack:
    random = np.random.default_rng(number)
    wide = round(1.6 * side)
    pixels = np.clip(random.normal(grey, 20, (wide, wide, 3)), 0, 255).astype(np.uint8)
    tight = Box(0.3 * side, 0.3 * side, 1.3 * side, 1.3 * side)
    crop = Crop(0, 0.0, pixels, tight, np.zeros((478, 3), np.float32), quality=0.5)
    return FaceTrack(id=number, first=0.0, last=0.0, seen=1, crops=(crop,))


def filmed(number: int, *greys: int) -> FaceTrack:
    """A face whose crops follow one another by a second."""
    crops = [
        replace(face(number, grey).crops[0], index=at, seconds=float(at))
        for at, grey in enumerate(greys)
    ]
    return FaceTrack(number, first=0.0, last=float(len(greys)), seen=len(greys), crops=(*crops,))


def media(tracks: Sequence[FaceTrack], kind: Kind = Kind.IMAGE) -> SimpleNamespace:
    return SimpleNamespace(info=MediaInfo("0" * 64, 10, kind, "png", 300, 300), tracks=tracks)
