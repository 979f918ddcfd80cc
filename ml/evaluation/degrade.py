"""What happens to pictures on their way to us, drawn once and done alike to real and fake.

A chain is drawn first and applied afterwards, so that both halves of a pair can go through the
very same one. If fakes alone were recompressed, a network would learn to see recompression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from ml.engine.contract import Pixels
from ml.engine.media.encoding import through_codec
from ml.evaluation import video_codec


@dataclass(frozen=True)
class Chain:
    """Named steps with their strengths; the same input always gives the same output."""

    steps: tuple[tuple[str, float], ...] = ()
    noise_seed: int = 0

    def __call__(self, pixels: Pixels) -> Pixels:
        for name, strength in self.steps:
            pixels = (
                noise(pixels, strength, self.noise_seed)
                if name == "noise"
                else STEPS[name](pixels, strength)
            )
        return pixels


# === Steps ===


def scale(pixels: Pixels, factor: float) -> Pixels:
    """Smaller by `factor` and, as the sides say nothing then, back to where it was."""
    height, width = pixels.shape[:2]
    small = (max(round(width * factor), 8), max(round(height * factor), 8))
    down = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(down, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def blur(pixels: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def sharpen(pixels: Pixels, amount: float) -> Pixels:
    soft = cv2.GaussianBlur(pixels, (0, 0), 1.0)
    return np.asarray(cv2.addWeighted(pixels, 1.0 + amount, soft, -amount, 0), np.uint8)


def noise(pixels: Pixels, sigma: float, seed: int) -> Pixels:
    grain = np.random.default_rng(seed).standard_normal(pixels.shape, np.float32) * sigma
    return np.clip(pixels + grain, 0, 255).astype(np.uint8)


def jpeg(pixels: Pixels, quality: float) -> Pixels:
    return through_codec(pixels, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, round(quality)])


def webp(pixels: Pixels, quality: float) -> Pixels:
    return through_codec(pixels, ".webp", [cv2.IMWRITE_WEBP_QUALITY, round(quality)])


def h264(pixels: Pixels, crf: float) -> Pixels:
    """Through a real H.264 encoder, as the second frame of a short clip, so that it is predicted
    from another frame as most frames of a video are."""
    moved = np.roll(pixels, 1, axis=1)
    return video_codec.passed([moved, pixels], rate=25, crf=round(crf), tune="zerolatency")[-1]


STEPS: dict[str, Callable[[Pixels, float], Pixels]] = {
    "scale": scale,
    "blur": blur,
    "sharpen": sharpen,
    "jpeg": jpeg,
    "webp": webp,
    "h264": h264,
}


# === Drawing ===


def draw(random: Generator, *, untouched: float = 0.35, heavy: float = 0.2) -> Chain:
    """A chain: `untouched` of them do nothing, `heavy` of them are hard, the rest are mild."""
    luck = random.random()
    if luck < untouched:
        return Chain()
    hard = luck > 1.0 - heavy
    steps: list[tuple[str, float]] = []
    if random.random() < 0.35:
        steps.append(("scale", random.uniform(0.35 if hard else 0.65, 1.0)))
    if random.random() < 0.2:
        steps.append(("blur", random.uniform(0.3, 1.6 if hard else 0.8)))
    if random.random() < 0.1:
        steps.append(("sharpen", random.uniform(0.2, 0.8)))
    if random.random() < 0.2:
        steps.append(("noise", random.uniform(1.0, 8.0 if hard else 3.0)))
    codec = random.random()
    if codec < 0.7:
        lowest = 30.0 if hard else 60.0
        steps.append(("jpeg", random.uniform(lowest, 96.0)))
        if random.random() < 0.3:
            steps.append(("jpeg", random.uniform(lowest, 96.0)))
    elif codec < 0.8:
        steps.append(("webp", random.uniform(35.0 if hard else 60.0, 95.0)))
    elif codec < 0.9:
        steps.append(("h264", random.uniform(18.0, 36.0 if hard else 27.0)))
    return Chain(tuple(steps), int(random.integers(2**31)))


@dataclass(frozen=True)
class Look:
    """Light and colour, and left or right: changed alike for both halves of a pair."""

    flip: bool = False
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    offset: float = 0.0

    def __call__(self, pixels: Pixels) -> Pixels:
        if self.flip:
            pixels = pixels[:, ::-1]
        if self.gain != (1.0, 1.0, 1.0) or self.offset:
            light = pixels * np.array(self.gain, np.float32) + self.offset
            pixels = np.clip(light, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(pixels)


def draw_look(random: Generator) -> Look:
    flip = bool(random.random() < 0.5)
    if random.random() < 0.6:
        return Look(flip)
    common = random.uniform(0.75, 1.25)
    tint = 1.0 + random.uniform(-0.08, 0.08, 3)
    gain = tuple(float(common * share) for share in tint)
    return Look(flip, (gain[0], gain[1], gain[2]), float(random.uniform(-15, 15)))
