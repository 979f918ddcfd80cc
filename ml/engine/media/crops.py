"""Crops faces from a frame's own pixels, rates the crops and keeps the best within a fixed memory
limit."""

from __future__ import annotations

import cv2
import numpy as np

from ml.engine.contract import Box, Crop, Frame, Pixels
from ml.engine.media.faces import FoundFace, frontal

CONTEXT = 0.3
"""How much of the landmarks' box is kept round it, on each side."""
LARGEST_SIDE = 400
"""A landmarks' box longer than this is made smaller: no model looks at more."""
BEST = 16
"""Crops kept a track; science says that 16 frames give nearly all that 32 give."""


def cut(frame: Frame, face: FoundFace) -> Crop | None:
    """The face with its context, as it is in the frame, and where the tight box lies in it."""
    height, width = frame.pixels.shape[:2]
    box = face.box
    left = max(int(box.left - CONTEXT * box.width), 0)
    top = max(int(box.top - CONTEXT * box.height), 0)
    right = min(int(np.ceil(box.right + CONTEXT * box.width)), width)
    bottom = min(int(np.ceil(box.bottom + CONTEXT * box.height)), height)
    if right - left < 8 or bottom - top < 8:
        return None
    part = frame.pixels[top:bottom, left:right]
    scale = min(1.0, LARGEST_SIDE / max(box.width, box.height))
    if scale < 1.0:
        size = (round((right - left) * scale), round((bottom - top) * scale))
        pixels = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    else:
        pixels = part.copy()
    landmarks = face.landmarks.copy()
    landmarks[:, :2] -= (left, top)
    landmarks *= scale
    tight = Box(
        (box.left - left) * scale,
        (box.top - top) * scale,
        (box.right - left) * scale,
        (box.bottom - top) * scale,
    )
    return Crop(
        index=frame.index,
        seconds=frame.seconds,
        pixels=pixels,
        tight=tight,
        landmarks=landmarks,
        quality=quality(pixels, tight, face, scale),
        scale=scale,
    )


def with_margin(crop: Crop, margin: float = 0.0) -> Pixels:
    """The landmarks' bounding box plus `margin` of it on each side (at most CONTEXT), cut to what
    the picture holds. This is the crop that the face models are trained on."""
    if not 0.0 <= margin <= CONTEXT:
        raise ValueError(f"margin must lie between 0 and {CONTEXT}")
    height, width = crop.pixels.shape[:2]
    box = crop.tight
    left = max(round(box.left - margin * box.width), 0)
    top = max(round(box.top - margin * box.height), 0)
    right = min(round(box.right + margin * box.width), width)
    bottom = min(round(box.bottom + margin * box.height), height)
    return crop.pixels[top:bottom, left:right]


def to_side(pixels: Pixels, side: int) -> Pixels:
    """To a network's square; averaging when it becomes smaller, so that nothing aliases. Training
    and serving both come here."""
    smaller = min(pixels.shape[:2]) > side
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=method), np.uint8)


def quality(pixels: Pixels, tight: Box, face: FoundFace, scale: float) -> float:
    """0..1. Small, blurred and turned-away faces carry less, and are not what should be kept."""
    size = min(min(tight.width, tight.height) / scale / 160.0, 1.0)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    shorter = min(grey.shape)
    if shorter > 128:
        factor = 128 / shorter
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    edges = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    sharp = edges / (edges + 100.0)
    return float(size * sharp * frontal(face.landmarks))


class BestCrops:
    """The best crops of a track, spread over its time, in room that does not grow.

    Time is divided into slots; each keeps its best crop. When there are too many slots, two become
    one. What is kept depends only on what was offered, never on the clock or on chance."""

    def __init__(self, limit: int = BEST, slot_seconds: float = 0.2) -> None:
        self.limit = limit
        self._slot_seconds = slot_seconds
        self._slots: dict[int, Crop] = {}

    def offer(self, crop: Crop) -> None:
        slot = int(crop.seconds // self._slot_seconds)
        rival = self._slots.get(slot)
        if rival is None or crop.quality > rival.quality:
            self._slots[slot] = crop
        while len(self._slots) > self.limit:
            self._widen()

    def shed(self) -> None:
        """Give up about half, the worse of each two neighbours."""
        if len(self._slots) > 1:
            self._widen()

    def _widen(self) -> None:
        self._slot_seconds *= 2
        wider: dict[int, Crop] = {}
        for slot, crop in sorted(self._slots.items()):
            rival = wider.get(slot // 2)
            if rival is None or crop.quality > rival.quality:
                wider[slot // 2] = crop
        self._slots = wider

    @property
    def bytes(self) -> int:
        return sum(crop.pixels.nbytes for crop in self._slots.values())

    def __len__(self) -> int:
        return len(self._slots)

    def in_order(self) -> tuple[Crop, ...]:
        return tuple(crop for _, crop in sorted(self._slots.items()))
