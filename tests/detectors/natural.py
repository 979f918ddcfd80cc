"""Natural pictures that dependencies include under free licences, halved, so that no traces of
their earlier encoding remain: matplotlib's portrait, scikit-learn's photographs, PyWavelets'
classics."""

from __future__ import annotations

import functools
import io

import numpy as np
import pywt.data
from PIL import Image

from bench.clips import portrait, scenery, shipped


@functools.cache
def pictures() -> tuple[Image.Image, ...]:
    photographs = (
        portrait(),
        scenery(),
        shipped("scikit-learn", "sklearn/datasets/images/flower.jpg"),
    )
    classics = (pywt.data.camera, pywt.data.ascent, pywt.data.aero)
    return (
        *(p.resize((p.width // 2, p.height // 2), Image.Resampling.BOX) for p in photographs),
        *(Image.fromarray(np.asarray(c(), np.uint8)).convert("RGB") for c in classics),
    )


def saved(picture: Image.Image, quality: int, **options: object) -> Image.Image:
    """As a JPEG, with its tables."""
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality, **options)
    data.seek(0)
    image = Image.open(data)
    image.load()
    return image


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))
