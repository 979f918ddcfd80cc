"""Pictures for people, as the engine writes them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from ml.engine.media import webp


def test_a_drawing_keeps_every_pixel() -> None:
    image = Image.new("RGB", (200, 60), "black")
    ImageDraw.Draw(image).line([(0, 0), (199, 59)], fill="orange")
    kept = Image.open(io.BytesIO(webp.drawing(np.array(image)))).convert("RGB")
    assert kept.tobytes() == image.tobytes()


def test_a_photograph_takes_less_than_half_of_its_png() -> None:
    grain = np.random.default_rng(3).normal(120, 20, (64, 48, 3)).clip(0, 255).astype(np.uint8)
    png = io.BytesIO()
    Image.fromarray(grain).save(png, "PNG")
    assert len(webp.photograph(grain)) < len(png.getvalue()) / 2
