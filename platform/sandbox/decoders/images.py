"""Stills and animated pictures, through Pillow, one named format at a time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageFile

from sandbox import containers
from sandbox.containers.extent import Extent
from sandbox.decoders import jpegxl, other_reader, pixels
from sandbox.sniff import JPEGXL, Kind
from sandbox.source import Source
from sandbox.types import PASS_ON, Code, Flag, Limits, Rejected, Want
from sandbox.wire import HEADER, Out

SAMPLES = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "JPEG2000")
PACKED = ("tiff_lzw", "jpeg", "group4", "tiff_adobe_deflate")
"""Ways of packing a TIFF, each of which libtiff sets up when it first meets one."""
SEVERAL_VARIANTS = ("tiff", "bmp", "jpeg2000")
"""Formats with more variants than are read: one that cannot be opened need not be damaged."""


def warm_up() -> None:
    """Load every codec while files can be opened: behind the wall, none can."""
    Image.init()
    pillow_heif.register_heif_opener(thumbnails=False)
    pillow_heif.options.DECODE_THREADS = 1
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    for name in SAMPLES:
        data = io.BytesIO()
        Image.new("RGB", (16, 16), (200, 30, 60)).save(data, name)
        data.seek(0)
        with Image.open(data, formats=[name]) as picture:
            picture.getexif()
            picture.convert("RGB").resize((8, 8), Image.Resampling.BILINEAR, reducing_gap=2.0)
    jpegxl.warm_up()
    Image.new("LAB", (8, 8)).convert("RGB")  # brings in the colour engine
    for packing in PACKED:
        data = io.BytesIO()
        mode = "1" if packing == "group4" else "RGB"
        Image.new(mode, (16, 16)).save(data, "TIFF", compression=packing)
        with Image.open(data, formats=["TIFF"]) as picture:
            picture.load()


def decode(source: Source, kind: Kind, want: Want, limits: Limits, out: Out) -> None:
    measured = containers.measure(source, kind, limits)
    picture = _open(source, kind, measured, limits)
    flags = set(measured.flags)
    width, height = picture.size
    _check_shape(width, height, limits)
    if measured.page:
        _turn_to(picture, measured.page)
    frames = _frame_count(picture, kind, measured, limits)
    if frames > 1:
        flags.add(Flag.ANIMATED_IMAGE)
        _animation(picture, frames, kind, want, limits, out, flags, measured)
        return
    flags |= pixels.flags_of(picture)
    if _is_scaled(picture):
        flags.add(Flag.VALUES_SCALED)
    turn = pixels.orientation(picture, kind)
    if turn.malformed:
        flags.add(Flag.METADATA_MALFORMED)
    if turn.code != 1:
        flags.add(Flag.ROTATED)
    size = (height, width) if turn.swaps else (width, height)
    out.json(HEADER, {
        "kind": "image", "format": kind.format, "width": size[0], "height": size[1],
        "frames_expected": 1, "codecs": [kind.format], "flags": sorted(flags),
        "pages": measured.pages,
    })  # fmt: skip
    rows, whole = _load(picture)
    if rows == 0:
        raise Rejected(Code.CORRUPT, "no_rows")
    if want.frames:
        out.still(pixels.upright(picture, turn.code, want.max_side, scaled=_is_scaled(picture)))
    incomplete = not whole or measured.complete is False
    share = rows / height if not whole else (None if incomplete else 1.0)
    out.footer({
        "frames_decoded": 1, "frames_expected": 1, "incomplete": incomplete, "seconds": 0.0,
        "decoded_share": share, "flags": sorted(flags),
    })  # fmt: skip


def _open(source: Source, kind: Kind, measured: Extent, limits: Limits) -> Any:
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    if kind == JPEGXL:
        return jpegxl.picture(source)
    if measured.libav == "first" and (picture := other_reader.picture(source, kind, limits)):
        return picture
    stream = io.BufferedReader(source.stream(measured.missing_end))
    try:
        return Image.open(stream, formats=[kind.reader])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Rejected(Code.TOO_MANY_PIXELS, type(error).__name__) from error
    except PASS_ON:
        raise
    except Exception as error:
        if kind.format not in SEVERAL_VARIANTS or measured.complete is False:
            raise _refusal(error) from error
        if measured.libav and (picture := other_reader.picture(source, kind, limits)):
            return picture
        raise Rejected(Code.VARIANT_NOT_READ, type(error).__name__) from error


def _turn_to(picture: Any, page: int) -> None:
    try:
        picture.seek(page)
    except PASS_ON:
        raise
    except Exception as error:
        raise _refusal(error) from error


def _is_scaled(picture: Any) -> bool:
    """Whole numbers of 12 or 32 bits and fractions have no range of their own that means white."""
    if picture.format != "TIFF":
        return False
    return picture.mode in ("I", "F") or picture.tag_v2.get(258) == (12,)


def _refusal(error: Exception) -> Rejected:
    """Pillow answers broken files with almost any exception."""
    text = str(error).lower()
    if "decompressed data too large" in text or "too much memory" in text:
        return Rejected(Code.DECOMPRESSION_BOMB, type(error).__name__)
    return Rejected(Code.CORRUPT, type(error).__name__)


def _check_shape(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise Rejected(Code.CORRUPT, "no_size")
    if width * height > limits.max_pixels:
        raise Rejected(Code.TOO_MANY_PIXELS, f"{width}x{height}")
    if max(width, height) > limits.max_aspect * min(width, height):
        raise Rejected(Code.ASPECT_NOT_SUPPORTED, f"{width}x{height}")


def _frame_count(picture: Any, kind: Kind, measured: Extent, limits: Limits) -> int:
    """Counted without decoding where the format allows it; the sum of pixels is bounded."""
    if kind.format in ("jpeg", "heif", *SEVERAL_VARIANTS):
        return 1
    if kind.format == "gif":
        return measured.frames or 1  # within its limits already
    try:
        if not getattr(picture, "is_animated", False):
            return 1
        frames = int(picture.n_frames)
    except PASS_ON:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Rejected(Code.TOO_MANY_PIXELS, type(error).__name__) from error
    except Exception as error:
        raise _refusal(error) from error
    if frames > limits.max_animation_frames:
        raise Rejected(Code.TOO_MANY_FRAMES, str(frames))
    if frames * picture.width * picture.height > limits.max_animation_pixels:
        raise Rejected(Code.TOO_MANY_PIXELS, f"{frames} frames")
    return max(frames, 1)


def _load(picture: Any) -> tuple[int, bool]:
    """Decode as far as it goes: (rows that hold anything, whether all was decoded)."""
    try:
        picture.load()
        return picture.height, True
    except PASS_ON:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Rejected(Code.TOO_MANY_PIXELS, type(error).__name__) from error
    except Exception as error:
        refusal = _refusal(error)
        if refusal.code != Code.CORRUPT or getattr(picture, "_im", None) is None:
            raise refusal from error
        picture.tile = []  # what was decoded so far stays; decoding ends here
        return _filled_rows(picture), False


def _filled_rows(picture: Any) -> int:
    """Rows that the decoder wrote: those it did not reach are still zero."""
    rows = np.asarray(picture).reshape(picture.height, -1)
    filled: NDArray[Any] = np.flatnonzero(rows.any(axis=1))
    return int(filled[-1]) + 1 if len(filled) else 0


def _animation(
    picture: Any, frames: int, kind: Kind, want: Want, limits: Limits, out: Out,
    flags: set[str], measured: Extent,
) -> None:  # fmt: skip
    width, height = picture.size
    out.json(HEADER, {
        "kind": "video", "format": kind.format, "width": width, "height": height,
        "frames_expected": frames, "codecs": [kind.format], "flags": sorted(flags),
    })  # fmt: skip
    due = pixels.Sampler(want.sample_fps)
    seconds, decoded, last = 0.0, 0, None
    for index, ready, duration in _steps(picture, frames):
        if not ready:
            break
        decoded += 1
        final = None
        if want.frames:
            if due.is_due(seconds):
                out.picture(index, seconds, pixels.upright_rgb(picture, want.max_side))
            elif index == frames - 1:
                final = pixels.upright_rgb(picture, want.max_side)
        if final is not None:
            last = (index, seconds, final)
        seconds = min(seconds + duration, limits.max_duration)
    if decoded == 0:
        raise Rejected(Code.CORRUPT, "no_frames")
    if last is not None:
        out.picture(*last)
    out.footer({
        "frames_decoded": decoded, "frames_expected": frames, "seconds": seconds,
        "incomplete": decoded < frames or measured.complete is False,
        "decoded_share": decoded / frames, "flags": sorted(flags),
    })  # fmt: skip


def _steps(picture: Any, frames: int) -> Iterator[tuple[int, bool, float]]:
    for index in range(frames):
        try:
            picture.seek(index)
            picture.load()
        except PASS_ON:
            raise
        except Exception:
            yield index, False, 0.0
            return
        duration = picture.info.get("duration", 100)
        ok = isinstance(duration, int | float) and 0 < duration < 600_000
        yield index, True, float(duration) / 1000 if ok else 0.1
