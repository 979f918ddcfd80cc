"""Well-formed media in the less common formats, made when a test asks for it.

Pictures show `media.scene()`; videos have a tone of 440 Hz; sounds are that tone.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tests.sandbox import media
from tests.sandbox.tracks import encoded

PICTURE = ("-f", "lavfi", "-i", "testsrc=d=0.6:s=64x64:r=25")
CIF = ("-f", "lavfi", "-i", "testsrc=d=0.6:s=176x144:r=25")
TONE = ("-f", "lavfi", "-i", "sine=440:d=0.6:r=48000")


def _picture(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(media.scene()).convert(mode).save(out, kind, **options)
    return out.getvalue()


def _array(values: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(values).save(out, kind)
    return out.getvalue()


def _gray() -> np.ndarray:
    return np.asarray(Image.fromarray(media.scene()).convert("L"))


def _jpegxl(mode: str, depth: type = np.uint8, **options: Any) -> bytes:
    from imagecodecs import jpegxl_encode

    values = np.asarray(Image.fromarray(media.scene()).convert(mode))
    if depth is np.uint16:
        values = values.astype(np.uint16) * 257
    elif depth is np.float32:
        values = values.astype(np.float32) / 255
    return bytes(jpegxl_encode(values, numthreads=1, **options))


def _through_ffmpeg(container: str, pix_fmt: str, *more: str) -> bytes:
    """The scene, written by another library than Pillow."""
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(media.picture("PNG"))
        file.flush()
        return encoded(container, "-i", file.name, "-pix_fmt", pix_fmt, *more)


def pages(count: int) -> bytes:
    out = io.BytesIO()
    first, *rest = [Image.fromarray(media.scene(step=i)) for i in range(count)]
    first.save(out, "TIFF", save_all=True, append_images=rest)
    return out.getvalue()


def bitmap_packed() -> bytes:
    """A BMP of 8 bits with run lengths, by hand: 16 x 16, each row one run."""
    rows = b"".join(bytes([16, 15 - row, 0, 0]) for row in range(16)) + b"\0\1"
    palette = b"".join(bytes([16 * i, 255 - 16 * i, 40, 0]) for i in range(16)) + bytes(240 * 4)
    header = (40, 16, 16, 1, 8, 1, len(rows), 0, 0, 256, 0)
    sizes = (4, 4, 4, 2, 2, 4, 4, 4, 4, 4, 4)
    info = b"".join(n.to_bytes(s, "little") for n, s in zip(header, sizes, strict=True))
    start = 14 + len(info) + len(palette)
    size = start + len(rows)
    head = b"BM" + size.to_bytes(4, "little") + bytes(4) + start.to_bytes(4, "little")
    return head + info + palette + rows


def bitmap_of_os2() -> bytes:
    """The oldest header, of 12 bytes: 8 x 8 in 24 bits."""
    info = b"".join(n.to_bytes(s, "little") for n, s in ((12, 4), (8, 2), (8, 2), (1, 2), (24, 2)))
    head = b"BM" + (26 + 192).to_bytes(4, "little") + bytes(4) + (26).to_bytes(4, "little")
    return head + info + bytes([10, 120, 230]) * 64


Maker = Callable[[], bytes]
PICTURES: dict[str, tuple[str, Maker]] = {
    **{
        f"tiff_{how}": ("tiff", functools.partial(_picture, "TIFF", compression=how))
        for how in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma")
    },
    **{
        f"tiff_{mode}": ("tiff", functools.partial(_picture, "TIFF", mode))
        for mode in ("L", "LA", "P", "RGBA", "CMYK", "YCbCr", "LAB")
    },
    "tiff_big": ("tiff", functools.partial(_picture, "TIFF", big_tiff=True)),
    "tiff_rgb48": ("tiff", functools.partial(_through_ffmpeg, "tiff", "rgb48le")),
    "tiff_subsampled": ("tiff", functools.partial(_through_ffmpeg, "tiff", "yuv420p")),
    "tiff_16_bit": ("tiff", lambda: _array(_gray().astype(np.uint16) * 257, "TIFF")),
    "tiff_32_bit": ("tiff", lambda: _array(_gray().astype(np.int32) * 2**23, "TIFF")),
    "tiff_fractions": ("tiff", lambda: _array(_gray().astype(np.float32) / 255, "TIFF")),
    **{
        f"bmp_{mode}": ("bmp", functools.partial(_picture, "BMP", mode))
        for mode in ("L", "P", "RGB", "RGBA")
    },
    "bmp_565": ("bmp", functools.partial(_through_ffmpeg, "bmp", "rgb565le")),
    "jp2": ("jpeg2000", functools.partial(_picture, "JPEG2000")),
    "jp2_lossy": ("jpeg2000", functools.partial(_picture, "JPEG2000", irreversible=True)),
    "jp2_tiles": ("jpeg2000", functools.partial(_picture, "JPEG2000", tile_size=(64, 64))),
    "jp2_bare": ("jpeg2000", functools.partial(_picture, "JPEG2000", no_jp2=True)),
    "jp2_RGBA": ("jpeg2000", functools.partial(_picture, "JPEG2000", "RGBA")),
    "jp2_L": ("jpeg2000", functools.partial(_picture, "JPEG2000", "L")),
    "jp2_16_bit": ("jpeg2000", lambda: _array(_gray().astype(np.uint16) * 257, "JPEG2000")),
    "jp2_rgb48": (
        "jpeg2000",
        functools.partial(_through_ffmpeg, "jp2", "rgb48le", "-c:v", "libopenjpeg"),
    ),
    "jp2_subsampled": (
        "jpeg2000",
        functools.partial(_through_ffmpeg, "jp2", "yuv420p", "-c:v", "libopenjpeg"),
    ),
    "jxl": ("jpegxl", functools.partial(_jpegxl, "RGB", usecontainer=True)),
    "jxl_lossless": ("jpegxl", functools.partial(_jpegxl, "RGB", lossless=True)),
    "jxl_bare": ("jpegxl", functools.partial(_jpegxl, "RGB")),
    "jxl_L": ("jpegxl", functools.partial(_jpegxl, "L")),
    "jxl_RGBA": ("jpegxl", functools.partial(_jpegxl, "RGBA")),
    "jxl_16_bit": ("jpegxl", functools.partial(_jpegxl, "L", np.uint16)),
    "jxl_fractions": ("jpegxl", functools.partial(_jpegxl, "L", np.float32)),
    "png_16_bit": ("png", functools.partial(_through_ffmpeg, "png", "rgb48be")),
}  # fmt: skip


def _film(container: str, *codecs: str, size: tuple[str, ...] = PICTURE) -> tuple[Any, ...]:
    return container, (*size, *TONE, *codecs)


_VIDEOS: dict[str, tuple[str, tuple[str, tuple[str, ...]]]] = {
    "ts_mpeg2": ("mpegts", _film("ts", "-c:v", "mpeg2video", "-c:a", "mp2")),
    "ts_h264": ("mpegts", _film("ts", "-c:v", "libx264", "-c:a", "aac")),
    "mts": ("mpegts", _film("mts", "-c:v", "libx264", "-c:a", "ac3", "-mpegts_m2ts_mode", "1")),
    "mpg_mpeg1": ("mpegps", _film("mpg", "-c:v", "mpeg1video", "-c:a", "mp2")),
    "mpg_mpeg2": ("mpegps", _film("vob", "-c:v", "mpeg2video", "-c:a", "ac3")),
    "flv_sorenson": ("flv", _film("flv", "-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100")),
    "flv_h264": ("flv", _film("flv", "-c:v", "libx264", "-c:a", "aac")),
    "wmv1": ("asf", _film("wmv", "-c:v", "wmv1", "-c:a", "wmav1")),
    "wmv2": ("asf", _film("wmv", "-c:v", "wmv2", "-c:a", "wmav2")),
    "asf_mpeg4": ("asf", _film("asf", "-c:v", "msmpeg4", "-c:a", "libmp3lame")),
    "mxf": ("mxf", _film("mxf", "-c:v", "mpeg2video", "-c:a", "pcm_s16le")),
    "3gp_h263": ("mp4", _film("3gp", "-c:v", "h263", "-c:a", "aac", size=CIF)),
    "3gp_amr": (
        "mp4",
        _film("3gp", "-c:v", "mpeg4", "-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1"),
    ),
    "3g2": ("mp4", _film("3g2", "-c:v", "mpeg4", "-c:a", "aac")),
    "ogv": ("ogg", _film("ogv", "-c:v", "libtheora", "-c:a", "libvorbis")),
    "dv_avi": (
        "avi",
        _film(
            "avi", "-s", "720x576", "-pix_fmt", "yuv420p", "-c:v", "dvvideo", "-c:a", "pcm_s16le"
        ),
    ),
}
_SOUNDS: dict[str, tuple[str, tuple[str, tuple[str, ...]]]] = {
    "aiff": ("aiff", ("aiff", TONE)),
    "aiff_24_bit": ("aiff", ("aiff", (*TONE, "-c:a", "pcm_s24be"))),
    "aifc": ("aiff", ("aiff", (*TONE, "-c:a", "pcm_alaw"))),
    "amr": ("amr", ("amr", (*TONE, "-ar", "8000", "-ac", "1", "-c:a", "libopencore_amrnb"))),
    "caf_pcm": ("caf", ("caf", (*TONE, "-c:a", "pcm_s16be"))),
    "caf_alac": ("caf", ("caf", (*TONE, "-c:a", "alac"))),
    "wma1": ("asf", ("wma", (*TONE, "-c:a", "wmav1"))),
    "wma2": ("asf", ("wma", (*TONE, "-c:a", "wmav2"))),
    "m4b": ("m4a", ("ipod", (*TONE, "-c:a", "aac"))),
    "au": ("au", ("au", TONE)),
    "rf64": ("wav", ("wav", (*TONE, "-rf64", "always"))),
    "opus_in_caf_free_ogg": ("ogg", ("opus", (*TONE, "-c:a", "libopus"))),
}  # fmt: skip


def _made(container: str, arguments: tuple[str, ...]) -> bytes:
    suffix, more = ("m4b", ("-f", "ipod")) if container == "ipod" else (container, ())
    return encoded(suffix, *arguments, *more)


VIDEOS: dict[str, tuple[str, Maker]] = {
    name: (format, functools.partial(_made, *how)) for name, (format, how) in _VIDEOS.items()
}
SOUNDS: dict[str, tuple[str, Maker]] = {
    name: (format, functools.partial(_made, *how)) for name, (format, how) in _SOUNDS.items()
}
ALL: dict[str, tuple[str, Maker]] = {**PICTURES, **VIDEOS, **SOUNDS}


@functools.cache
def whole(name: str) -> bytes:
    return ALL[name][1]()
