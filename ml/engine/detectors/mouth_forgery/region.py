"""Crops the examined part of a face: from below the brows to below the chin.

A redrawn mouth differs from the skin around it, so the crop reaches beyond the face.
"""

from __future__ import annotations

from dataclasses import dataclass

from ml.engine.contract import Crop, Pixels


@dataclass(frozen=True)
class Region:
    """Beyond the landmarks' box, in shares of its extent; below 0 inside it."""

    left: float = 0.12
    top: float = -0.22
    right: float = 0.12
    bottom: float = 0.16


LOWER = Region()


def lower_face(crop: Crop) -> Pixels:
    height, width = crop.pixels.shape[:2]
    box = crop.tight
    left = max(round(box.left - LOWER.left * box.width), 0)
    top = max(round(box.top - LOWER.top * box.height), 0)
    right = min(round(box.right + LOWER.right * box.width), width)
    bottom = min(round(box.bottom + LOWER.bottom * box.height), height)
    return crop.pixels[top:bottom, left:right]
