"""Reads what a file promises by its own structure, without any decoder.

These readers follow the headers in plain Python. They answer two questions that decoders do not:
whether the file is complete, and whether it contains more than belongs to it. Each stops after a
fixed number of steps.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.containers import (
    adts,
    amr,
    asf,
    bmp,
    boxes,
    ebml,
    flac,
    flv,
    gif,
    iff,
    jpeg,
    jpeg2000,
    jpegxl,
    mpeg,
    mpegps,
    mpegts,
    mxf,
    ogg,
    png,
    riff,
    tiff,
)
from sandbox.containers.extent import Extent
from sandbox.sniff import Kind
from sandbox.source import Source
from sandbox.types import Limits

Reader = Callable[[Source, Limits], Extent]

_READERS: dict[str, Reader] = {
    "jpeg": jpeg.extent, "png": png.extent, "gif": gif.extent, "webp": riff.webp_extent,
    "heif": boxes.picture_extent, "avif": boxes.picture_extent,
    "mp4": boxes.film_extent, "mov": boxes.film_extent, "m4a": boxes.film_extent,
    "matroska": ebml.extent, "webm": ebml.extent, "avi": riff.avi_extent,
    "wav": riff.wav_extent, "flac": flac.extent, "mp3": mpeg.extent, "ogg": ogg.extent,
    "aac": adts.extent, "tiff": tiff.extent, "bmp": bmp.extent, "jpeg2000": jpeg2000.extent,
    "mpegts": mpegts.extent, "mpegps": mpegps.extent, "mpegvideo": mpegps.video_extent,
    "flv": flv.extent, "asf": asf.extent, "mxf": mxf.extent, "aiff": iff.aiff_extent,
    "caf": iff.caf_extent, "au": iff.au_extent, "amr": amr.extent,
    "jpegxl": jpegxl.extent,
}  # fmt: skip


def measure(source: Source, kind: Kind, limits: Limits) -> Extent:
    return _READERS[kind.format](source, limits)
