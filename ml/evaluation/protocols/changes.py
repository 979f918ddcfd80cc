"""What a protocol's run makes of files: a quarter of a sheet, and the hard rows.

A hard row is genuine media after something that makes it look generated without being so: the
files stay genuine, and whatever is flagged in them is a false alarm. Each change writes a real
file.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import cv2
import numpy as np
from PIL import Image, ImageDraw

from ml.engine.contract import Kind, Pixels
from ml.evaluation import degradations, degrade, rewriting
from ml.evaluation.robustness import LAUNDERING, MOVING, SOUND, SOUNDS, STILL, Cell
from ml.evaluation.running import Change

VERSION = "1"
"""Of the hard rows: what was kept of other ones is not used."""
LARGEST_SHARE = 0.67
WIDTHS = (1600, 1000, 640, 480)
"""Longest sides that pages show photographs at."""


@dataclass(frozen=True)
class Then:
    """One change after another."""

    first: Change
    second: Change

    @property
    def name(self) -> str:
        return f"{self.first.name} > {self.second.name}"

    def __call__(self, file: BinaryIO) -> BinaryIO:
        with self.first(file) as between:
            return self.second(between)


@dataclass(frozen=True)
class Quarter:
    """The upper left picture of a sheet of two by two. Without loss."""

    name: str = f"quarter/{VERSION}"

    def __call__(self, file: BinaryIO) -> BinaryIO:
        pixels = rewriting.picture(file)
        height, width = pixels.shape[:2]
        return rewriting.png(np.ascontiguousarray(pixels[: height // 2, : width // 2]))


QUARTER = Quarter()


@dataclass(frozen=True)
class HardRow:
    """One hard row, at the strength that the file's number gives."""

    row: str
    number: int

    @property
    def name(self) -> str:
        return f"hard: {self.row}/{self.number}/{VERSION}"

    def __call__(self, file: BinaryIO) -> BinaryIO:
        return HARD[self.row](rewriting.picture(file), self.number)


def _professional(pixels: Pixels, number: int) -> BinaryIO:
    """Downscaled and sharpened, as editors prepare a photograph for a page."""
    longest = max(pixels.shape[:2])
    fitting = [width for width in WIDTHS if width <= LARGEST_SHARE * longest] or [longest // 2]
    share = fitting[number % len(fitting)] / longest
    size = [max(round(side * share), 8) for side in (pixels.shape[1], pixels.shape[0])]
    small = np.asarray(
        Image.fromarray(pixels).resize((size[0], size[1]), Image.Resampling.LANCZOS), np.uint8
    )
    amount = (0.0, 0.5, 0.9)[number // 3 % 3]
    return rewriting.jpeg(degrade.sharpen(small, amount) if amount else small, 92)


def _night(pixels: Pixels, number: int) -> BinaryIO:
    gamma = 2.0 + 0.3 * (number % 3)
    dark = np.clip(255 * (np.arange(256) / 255) ** gamma, 0, 255).astype(np.uint8)[pixels]
    return rewriting.jpeg(degrade.noise(dark, 5.0 + 3 * (number % 3), number), 88)


def _beauty(pixels: Pixels, number: int) -> BinaryIO:
    soft = cv2.bilateralFilter(pixels, 9, 40 + 20 * (number % 3), 7)
    mixed = cv2.addWeighted(soft, 0.75, pixels, 0.25, 0)
    return rewriting.jpeg(np.asarray(mixed, np.uint8), 90)


def _screenshot(pixels: Pixels, number: int) -> BinaryIO:
    """The picture on a page of text. Saved without loss, as systems save screenshots."""
    scaled = degradations.smaller(pixels, (1.0, 0.8, 0.6)[number % 3])
    height, width = scaled.shape[:2]
    sheet = Image.new("RGB", (width + 240, height + 160), (246, 246, 248))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, width + 240, 44), fill=(52, 60, 80))
    words = "the photograph as it was shown on a page of news " * 2
    for line in range((height + 100) // 18):
        draw.text((12, 54 + 18 * line), words[line % 17 : line % 17 + 30], fill=(40, 40, 40))
    sheet.paste(Image.fromarray(scaled), (220, 60))
    return rewriting.png(np.asarray(sheet))


def _scan(pixels: Pixels, number: int) -> BinaryIO:
    """Of a print: turned a little, faded, with the grain of paper."""
    random = np.random.default_rng(number)
    turned = Image.fromarray(pixels).rotate(random.uniform(-1.5, 1.5), Image.Resampling.BICUBIC)
    inner = np.asarray(turned)[8:-8, 8:-8] if min(pixels.shape[:2]) > 64 else np.asarray(turned)
    paper = cv2.GaussianBlur(random.normal(0, 9, inner.shape[:2]), (0, 0), 0.8)[..., None]
    faded = 18 + inner.astype(np.float32) * 0.86 + paper
    return rewriting.jpeg(np.clip(faded, 0, 255).astype(np.uint8), 82)


def _upscaled(pixels: Pixels, number: int) -> BinaryIO:
    by = (1.5, 2.0)[number % 2]
    how = (cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[number // 2 % 2]
    larger = cv2.resize(pixels, None, fx=by, fy=by, interpolation=how)
    return rewriting.png(np.asarray(larger, np.uint8))


def _blur(pixels: Pixels, number: int) -> BinaryIO:
    return rewriting.png(degrade.blur(pixels, (0.8, 1.2, 1.8)[number % 3]))


def _denoised(pixels: Pixels, number: int) -> BinaryIO:
    strength = 4 + 3 * (number % 3)
    smooth = cv2.fastNlMeansDenoisingColored(pixels, None, strength, 6, 5, 11)
    return rewriting.png(np.asarray(smooth, np.uint8))


def _webp(pixels: Pixels, number: int) -> BinaryIO:
    return rewriting.webp(pixels, (50, 70, 85)[number % 3])


PROFESSIONAL = "professional, downscaled"
HARD: dict[str, Callable[[Pixels, int], BinaryIO]] = {
    PROFESSIONAL: _professional,
    "blur": _blur,
    "night": _night,
    "beauty filter": _beauty,
    "screenshot": _screenshot,
    "scan": _scan,
    "upscaled": _upscaled,
    "denoised": _denoised,
    "WebP": _webp,
}
NEURAL = "neural codec"
"""Of speech (`neural_codec.py`), where the codec's weights are at hand."""


def hard_rows(kind: str | None, neural: Any = None) -> list[tuple[str, Callable[[int], Change]]]:
    """Name of each row for files of this kind, and its change for a number."""
    if kind == Kind.IMAGE:
        return [(name, _numbered(name)) for name in HARD]
    if kind == Kind.AUDIO:
        found = [(name, _fixed(Cell(SOUND, name, False))) for name in SOUNDS]
        return [*found, (NEURAL, neural)] if neural is not None else found
    if kind == Kind.VIDEO:
        return [(name, _fixed(Cell(LAUNDERING, name, False))) for name in MOVING]
    return []


def launderings(kind: str | None) -> list[tuple[str, Change]]:
    """What both classes go through on their way."""
    if kind == Kind.IMAGE:
        return [(name, Cell(LAUNDERING, name, True)) for name in STILL]
    if kind == Kind.VIDEO:
        return [(name, Cell(LAUNDERING, name, False)) for name in MOVING]
    if kind == Kind.AUDIO:
        return [(name, Cell(SOUND, name, False)) for name in SOUNDS]
    return []


def _numbered(name: str) -> Callable[[int], Change]:
    return lambda number: HardRow(name, number)


def _fixed(change: Change) -> Callable[[int], Change]:
    return lambda number: change


def number_of(path: str) -> int:
    """Which strength a file gets: by its path, and small."""
    return zlib.crc32(path.encode()) % 90


def after(before: Change | None, change: Change) -> Change:
    return change if before is None else Then(before, change)
