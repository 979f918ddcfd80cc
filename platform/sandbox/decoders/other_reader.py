"""Stills that Pillow has no reader for, through libav: more variants of TIFF and BMP."""

from __future__ import annotations

from typing import Any

import av
from PIL import Image

from sandbox.sniff import Kind
from sandbox.source import Source
from sandbox.types import Limits

READERS = {
    "tiff": ("tiff_pipe", "tiff"),
    "bmp": ("bmp_pipe", "bmp"),
    "jpeg2000": ("j2k_pipe", "jpeg2000"),
}
"""(demuxer, decoder)"""


def _nothing_else(url: str, flags: int, options: dict[str, str]) -> Any:
    raise FileNotFoundError("only the file itself is read")


def picture(source: Source, kind: Kind, limits: Limits) -> Any | None:
    """A Pillow picture in RGB, or None where libav cannot read it either."""
    demuxer, decoder = READERS[kind.format]
    try:
        with av.open(
            source.stream(),
            "r",
            format=demuxer,
            io_open=_nothing_else,
            buffer_size=1 << 17,
            container_options={
                "format_whitelist": demuxer, "protocol_whitelist": "none",
                "codec_whitelist": decoder,
            },
            options={"codec_whitelist": decoder, "max_pixels": str(limits.max_pixels)},
        ) as container:  # fmt: skip
            for frame in container.decode(container.streams.video[0]):
                return Image.fromarray(frame.reformat(format="rgb24", threads=1).to_ndarray())
    except MemoryError:
        raise
    except (av.error.FFmpegError, ValueError, IndexError):
        return None
    return None
