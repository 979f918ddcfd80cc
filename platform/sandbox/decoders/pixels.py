"""Converts a decoder's output to upright 8-bit RGB, and selects the frames to send."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sandbox.sniff import Kind
from sandbox.types import PASS_ON, Flag

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Turn:
    code: int
    malformed: bool = False

    @property
    def swaps(self) -> bool:
        return self.code in (5, 6, 7, 8)


def orientation(picture: Any, kind: Kind) -> Turn:
    """EXIF's claim, 1..8. HEIF and AVIF carry their own turn, which their decoder has applied."""
    if kind.format in ("heif", "avif"):
        return Turn(1)
    try:
        code = picture.getexif().get(0x0112, 1)
    except PASS_ON:
        raise
    except Exception:
        return Turn(1, malformed=True)
    if isinstance(code, int) and 1 <= code <= 8:
        return Turn(code)
    return Turn(1, malformed=code not in (0, None))


def flags_of(picture: Any) -> set[str]:
    flags: set[str] = set()
    if picture.mode == "CMYK":
        flags.add(Flag.CMYK)
    deep = picture.mode.startswith(("I", "F")) or picture.info.get("bit_depth", 8) > 8
    packed = [str(getattr(tile, "args", "")) for tile in getattr(picture, "tile", ())]
    # `BGR;16` is a pixel of 16 bits in all, as some BMPs have it.
    if deep or any(";16" in args and "BGR;16" not in args for args in packed):
        flags.add(Flag.HIGH_BIT_DEPTH)
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        flags.add(Flag.TRANSPARENCY)
    if getattr(picture, "mpinfo", None) or len(picture.info.get("images", ())) > 1:
        flags.add(Flag.MULTI_PICTURE)
    return flags


def upright_rgb(picture: Any, max_side: int | None) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.asarray(upright(picture, 1, max_side), dtype=np.uint8))


def upright(picture: Any, turn: int, max_side: int | None, *, scaled: bool = False) -> Any:
    """8-bit RGB, transparent parts over white, as a person sees the picture on a page.
    `scaled`: the values have no fixed range, and theirs is taken for black to white."""
    image = _scaled(picture) if scaled else _rgb(picture)
    size = fitted(image.width, image.height, max_side)
    if size != image.size:
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if turn in _TURNS:
        image = image.transpose(_TURNS[turn])
    return image


SAMPLE_FORMAT, UNSIGNED = 339, 1
FRACTION_RANGES = (1.0, 255.0, 65_535.0)
WHOLE_RANGES = tuple(2.0**bits - 1 for bits in (8, 12, 16, 24, 31, 32))


def _scaled(picture: Any) -> Any:
    """Values from 0 up to the end of a common range keep their meaning; others are spread from
    their least to their greatest."""
    raw = np.asarray(picture)
    if picture.mode == "I" and picture.tag_v2.get(SAMPLE_FORMAT, (UNSIGNED,)) == (UNSIGNED,):
        raw = raw.view(np.uint32)  # Pillow takes them for signed
    values = np.nan_to_num(raw.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    for white in FRACTION_RANGES if picture.mode == "F" else WHOLE_RANGES:
        if low >= 0.0 and high <= white:
            low, high = 0.0, white
            break
    spread = max(high - low, 1e-30)
    return Image.fromarray(((values - low) / spread * 255).astype(np.uint8)).convert("RGB")


def _rgb(picture: Any) -> Any:
    mode = picture.mode
    if mode == "RGB" and "transparency" not in picture.info:
        return picture
    if mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if mode in ("I", "F"):
        values = np.asarray(picture, dtype=np.float64)
        return Image.fromarray((np.clip(values, 0, 65535) / 257).astype(np.uint8)).convert("RGB")
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        over = picture.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        white.alpha_composite(over)
        return white.convert("RGB")
    return picture.convert("RGB")


def fitted(width: int, height: int, max_side: int | None) -> tuple[int, int]:
    """The size with the longer side at most `max_side`; never zero."""
    longer = max(width, height)
    if not max_side or longer <= max_side:
        return width, height
    return max(1, round(width * max_side / longer)), max(1, round(height * max_side / longer))


class Sampler:
    """Which frames are sent: the first at or after each point of a grid in time."""

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self._next = -math.inf

    def is_due(self, seconds: float) -> bool:
        if seconds < self._next - 1e-6:
            return False
        self._next = (math.floor(seconds * self.fps + 1e-6) + 1) / self.fps
        return True


class Stretches:
    """Which seconds of a video are sent closely: all of a short one (or of one that does not say
    how long it is, the first), else stretches spread evenly."""

    def __init__(self, duration: float | None, total: float, stretch: float) -> None:
        count = max(math.ceil(total / stretch - 1e-6), 1) if total > 0 else 0
        self.spans: list[tuple[float, float]]
        if not count:
            self.spans = []
        elif duration is None or duration <= total:
            self.spans = [(0.0, total)]
        else:
            middles = [(place + 0.5) * duration / count for place in range(count)]
            half = total / count / 2
            self.spans = [(middle - half, middle + half) for middle in middles]

    def hold(self, seconds: float) -> bool:
        return any(start - 1e-6 <= seconds < end for start, end in self.spans)
