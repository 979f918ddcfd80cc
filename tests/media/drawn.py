"""Photographs and clips of places that do not exist, drawn for pictures of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from bench.clips import Pixels, portrait

SIZE = (1280, 854)
Colour = tuple[int, int, int]

SKIES: dict[str, tuple[Colour, Colour]] = {
    "morning": ((244, 214, 186), (120, 158, 196)),
    "noon": ((226, 236, 240), (86, 142, 196)),
    "dusk": ((246, 160, 96), (62, 52, 104)),
    "grey": ((206, 208, 208), (134, 146, 156)),
}


def sky(kind: str, size: tuple[int, int] = SIZE) -> Image.Image:
    low, high = (np.asarray(colour, np.float32) for colour in SKIES[kind])
    down = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
    return Image.fromarray(
        np.broadcast_to(high + (low - high) * down, (size[1], size[0], 3)).astype(np.uint8)
    )


def hills(seed: int, kind: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """Ranges of hills, each nearer one darker, under a sky with a sun."""
    rng = np.random.default_rng(seed)
    picture = sky(kind, size)
    draw = ImageDraw.Draw(picture)
    x, y = rng.uniform(0.15, 0.85) * size[0], rng.uniform(0.12, 0.3) * size[1]
    draw.ellipse([x - 46, y - 46, x + 46, y + 46], (252, 240, 206))
    picture = picture.filter(ImageFilter.GaussianBlur(3))
    draw = ImageDraw.Draw(picture)
    across = np.arange(0, size[0] + 8, 8)
    low = np.asarray(SKIES[kind][0], np.float32)
    green = np.asarray((46, 64, 44), np.float32)
    for layer in range(5):
        base = size[1] * (0.42 + 0.11 * layer)
        parts = [
            rng.uniform(12, 46) * np.sin(across / rng.uniform(70, 240) + rng.uniform(0, 6))
            for _ in range(4)
        ]
        waves = np.sum(parts, axis=0)
        colour = tuple(int(c) for c in low + (green - low) * (layer + 1) / 5.6)
        ridge = list(zip(across.tolist(), (base + waves).tolist(), strict=True))
        draw.polygon([*ridge, (size[0], size[1]), (0, size[1])], colour)
    return picture


def street(seed: int, kind: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """A row of houses with lit windows along a wet street."""
    rng = np.random.default_rng(seed)
    picture = sky(kind, size)
    draw = ImageDraw.Draw(picture)
    ground = int(size[1] * 0.8)
    x = -20
    while x < size[0]:
        width, height = int(rng.uniform(120, 240)), int(rng.uniform(0.4, 0.66) * size[1])
        shade = rng.uniform(0.55, 1.0)
        walls = [(176, 120, 92), (196, 172, 132), (128, 134, 142), (150, 96, 84), (206, 190, 166)]
        wall = tuple(int(c * shade) for c in walls[rng.integers(len(walls))])
        top = ground - height
        draw.rectangle([x, top, x + width, ground], wall)
        draw.polygon([(x - 8, top), (x + width // 2, top - 54), (x + width + 8, top)], (74, 58, 56))
        for left in range(x + 20, x + width - 34, 46):
            for upper in range(top + 26, ground - 90, 70):
                lit = rng.random() < (0.7 if kind == "dusk" else 0.12)
                pane = (250, 222, 150) if lit else (70, 84, 98)
                draw.rectangle([left, upper, left + 26, upper + 40], pane, (236, 230, 220))
        x += width
    draw.rectangle([0, ground, size[0], size[1]], (84, 86, 92))
    for left in range(-40, size[0], 150):
        draw.polygon([(left, 780), (left + 70, 780), (left + 58, 792), (left - 14, 792)],
                     (220, 216, 200))  # fmt: skip
    return picture


def harbour(seed: int, kind: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """Sailing boats on quiet water, with their reflections."""
    rng = np.random.default_rng(seed)
    above = hills(seed, kind, size).crop((0, 0, size[0], int(size[1] * 0.62)))
    draw = ImageDraw.Draw(above)
    for _ in range(6):
        x, y = rng.uniform(0.06, 0.94) * size[0], above.height - rng.uniform(4, 40)
        tall = rng.uniform(90, 190)
        sail = [(240, 236, 226), (196, 84, 66), (70, 100, 140)][rng.integers(3)]
        draw.polygon([(x + 3, y - tall), (x + 3, y - 16), (x + tall * 0.42, y - 16)], sail)
        draw.line([x, y - tall - 8, x, y], (60, 44, 36), 4)
        draw.polygon([(x - 44, y - 12), (x + 60, y - 12), (x + 42, y + 8), (x - 30, y + 8)],
                     (92, 58, 44))  # fmt: skip
    picture = Image.new("RGB", size)
    picture.paste(above, (0, 0))
    mirrored = np.asarray(above.transpose(Image.Transpose.FLIP_TOP_BOTTOM), np.float32)
    water = mirrored[: size[1] - above.height] * 0.72 + np.array([16, 34, 48], np.float32) * 0.6
    ripple = (6 * np.sin(np.arange(len(water)) / 3.1)).astype(int)
    rolled = np.stack([np.roll(row, by, axis=0) for row, by in zip(water, ripple, strict=True)])
    picture.paste(Image.fromarray(rolled.clip(0, 255).astype(np.uint8)), (0, above.height))
    return picture


def as_photograph(picture: Image.Image, seed: int, quality: int = 90) -> bytes:
    """With the grain of a sensor, as JPEG."""
    out = BytesIO()
    Image.fromarray(grained(np.asarray(picture.convert("RGB")), seed)).save(
        out, "JPEG", quality=quality
    )
    return out.getvalue()


def grained(pixels: Pixels, seed: int) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, 3.0, (*pixels.shape[:2], 1))
    return (pixels + noise).clip(0, 255).astype(np.uint8)


def speaker(seconds: float, size: tuple[int, int], fps: int = 25) -> Iterator[Pixels]:
    """Two shots: a harbour that pans, and somebody who speaks before it. The face is the portrait
    that matplotlib ships, in the public domain."""
    width, height = size
    scene = harbour(11, "morning").resize((width + 160, round((width + 160) * 854 / 1280)))
    person = portrait().crop((40, 20, 470, 600))
    tall = round(height * 0.86)
    person = person.resize((round(tall * person.width / person.height), tall))
    for number in range(round(seconds * fps)):
        at = number / fps
        left = round(80 + 60 * np.sin(at / 4))
        frame = scene.crop((left, 40, left + width, 40 + height))
        if at >= seconds * 0.35:
            frame = frame.filter(ImageFilter.GaussianBlur(4))
            where = round(width * 0.5 - person.width / 2 + 6 * np.sin(at * 1.3))
            frame.paste(person, (where, height - tall + round(2 * np.sin(at * 2.1))))
        yield grained(np.asarray(frame), number)
