"""Small PNGs for people, made from clean pixels only."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ml.contract import FaceTrack, Pixels

FRAME_SIDE = 480
FACE_SIDE = 160
MOST_FACES = 12


def png(pixels: Pixels, side: int) -> bytes:
    """At most `side` long; never enlarged."""
    height, width = pixels.shape[:2]
    factor = side / max(height, width)
    if factor < 1:
        size = (max(round(width * factor), 1), max(round(height * factor), 1))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    if not done:
        raise ValueError("a thumbnail could not be written")
    return bytes(encoded)


def of_faces(tracks: Sequence[FaceTrack]) -> dict[str, bytes]:
    """The best crop of each track, the longest seen tracks first."""
    most_seen = sorted(tracks, key=lambda t: (-t.seen, t.id))[:MOST_FACES]
    return {
        f"face-{track.id}": png(max(track.crops, key=lambda c: c.quality).pixels, FACE_SIDE)
        for track in sorted(most_seen, key=lambda t: t.id)
        if track.crops
    }
