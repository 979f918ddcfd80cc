"""Degrades pictures as happens between the camera, or the generator, and an upload.

`Chain` is drawn once and applied to both pictures of a pair, so that it tells nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
RESIZERS = (cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4, cv2.INTER_LINEAR)


def _pixels(made: Any) -> Pixels:
    """OpenCV's stubs do not say that bytes stay bytes."""
    return cast("Pixels", made)


def resized(pixels: Pixels, scale: float, how: int) -> Pixels:
    height, width = pixels.shape[:2]
    if how == cv2.INTER_CUBIC and scale < 1:  # as editors do it: smoothed before it is thinned out
        image = Image.fromarray(pixels)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(image.resize(size, Image.Resampling.LANCZOS))
    return _pixels(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=how))


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    return _pixels(cv2.GaussianBlur(pixels, (0, 0), sigma))


def sharpened(pixels: Pixels, amount: float, sigma: float = 1.0) -> Pixels:
    soft = cv2.GaussianBlur(pixels, (0, 0), sigma)
    return _pixels(cv2.addWeighted(pixels, 1 + amount, soft, -amount, 0))


def denoised(pixels: Pixels, strength: float) -> Pixels:
    if strength < 0.33:
        return _pixels(cv2.medianBlur(pixels, 3))
    return _pixels(cv2.bilateralFilter(pixels, 5, 20 + 60 * strength, 3))


def noisy(pixels: Pixels, sigma: float, seed: int) -> Pixels:
    random = np.random.default_rng(seed)
    noise: NDArray[Any] = random.normal(0, sigma, pixels.shape).astype(np.float32)
    if seed % 2:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.7) * 2
    return _pixels(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def dark(pixels: Pixels, gamma: float) -> Pixels:
    table = np.clip(255 * (np.arange(256) / 255) ** gamma, 0, 255).astype(np.uint8)
    return table[pixels]


def saved(pixels: Pixels, form: str, quality: int) -> Pixels:
    buffer = io.BytesIO()
    settings = {"subsampling": 2 if quality % 3 else 0} if form == "JPEG" else {"method": 1}
    Image.fromarray(pixels).save(buffer, form, quality=quality, **settings)
    return np.asarray(Image.open(buffer).convert("RGB"))


STEPS: dict[str, Callable[..., Pixels]] = {
    "resized": resized,
    "blurred": blurred,
    "sharpened": sharpened,
    "denoised": denoised,
    "noisy": noisy,
    "dark": dark,
    "saved": saved,
}


@dataclass
class Chain:
    steps: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def __call__(self, pixels: Pixels) -> Pixels:
        for name, arguments in self.steps:
            pixels = STEPS[name](pixels, *arguments)
        return np.ascontiguousarray(pixels)

    def add(self, name: str, *arguments: object) -> None:
        self.steps.append((name, arguments))

    def shrink(self, random: np.random.Generator, room: float, least: float) -> None:
        """Often, to a drawn scale, and then sometimes sharpened, as editors do. `room`: how far the
        picture may shrink and still hold a crop."""
        if room < 0.95 and random.random() < 0.65:
            scale = float(np.exp(random.uniform(np.log(max(room, least)), 0)))
            self.add("resized", scale, int(random.choice(RESIZERS[:3])))
            if random.random() < 0.3:
                self.add("sharpened", random.uniform(0.2, 1.2))


def history(random: np.random.Generator, room: float) -> Chain:
    """What may have happened to a genuine picture before it reached us. `room`: how far it may
    shrink and still hold a crop."""
    chain = Chain()
    chain.shrink(random, room, 0.06)
    if random.random() < 0.1:
        chain.add("denoised", random.random())
    if random.random() < 0.1:
        chain.add("blurred", random.uniform(0.4, 1.6))
    if random.random() < 0.06:
        chain.add("dark", random.uniform(1.3, 2.6))
        chain.add("noisy", random.uniform(3, 14), int(random.integers(1 << 30)))
    if random.random() < 0.15:
        chain.add("saved", "JPEG", int(random.integers(60, 96)))
    return chain


def after(random: np.random.Generator, smallest: float) -> Chain:
    """What happens to both pictures of a pair. `smallest`: how far they may shrink."""
    chain = Chain()
    if random.random() < 0.5:
        down = smallest < 1 and random.random() < 0.7
        scale = random.uniform(smallest, 1) if down else random.uniform(1, 1.4)
        chain.add("resized", float(max(scale, smallest)), int(random.choice(RESIZERS)))
    if random.random() < 0.14:
        chain.add("blurred", random.uniform(0.3, 1.5))
    if random.random() < 0.07:
        chain.add("denoised", random.random())
    if random.random() < 0.14:
        chain.add("sharpened", random.uniform(0.2, 1.2))
    if random.random() < 0.1:
        chain.add("dark", random.uniform(0.7, 1.6))
    if random.random() < 0.1:
        chain.add("noisy", random.uniform(1, 8), int(random.integers(1 << 30)))
    draw = random.random()
    if draw < 0.65:
        chain.add("saved", "JPEG", int(random.integers(45, 99)))
        if random.random() < 0.15:
            chain.add("saved", "JPEG", int(random.integers(60, 96)))
    elif draw < 0.75:
        chain.add("saved", "WEBP", int(random.integers(50, 96)))
    return chain


def hardened(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """A genuine picture, blurred, denoised, darkened, enlarged, sharpened or scaled down and up."""
    draw = random.random()
    if draw < 0.25:
        return blurred(pixels, random.uniform(0.5, 2.2))
    if draw < 0.45:
        strength = float(random.uniform(3, 12))
        return _pixels(cv2.fastNlMeansDenoisingColored(pixels, None, strength, 6, 5, 11))
    if draw < 0.6:
        soft = _pixels(cv2.bilateralFilter(pixels, 9, random.uniform(20, 90), 6))
        return soft if draw < 0.52 else _pixels(cv2.addWeighted(soft, 0.75, pixels, 0.25, 0))
    if draw < 0.72:
        shade = dark(pixels, random.uniform(1.3, 2.8))
        return noisy(shade, random.uniform(3, 13), int(random.integers(1 << 30)))
    if draw < 0.9:
        return resized(pixels, random.uniform(1.2, 2.5), int(random.choice(RESIZERS[1:])))
    return sharpened(pixels, random.uniform(0.5, 1.8))
