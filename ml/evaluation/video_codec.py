"""Writes frames as H.264 and reads them back. Equal frames give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np

from ml.engine.contract import Pixels
from ml.engine.media.encoding import even

REPEATABLE = "asm=sse4.2"
"""With AVX-512, what x264 makes of narrow frames differs from run to run."""


def add_stream(
    container: Any, size: tuple[int, int], *, rate: Fraction | int, crf: float, **options: str
) -> Any:
    """A stream for frames of this height and width, both even. `options` are the encoder's."""
    stream = container.add_stream("libx264", rate=rate)
    stream.height, stream.width = size
    stream.pix_fmt, stream.thread_count = "yuv420p", 1
    stream.options = {
        "crf": f"{crf:g}", "preset": "veryfast", "x264-params": REPEATABLE, **options,
    }  # fmt: skip
    return stream


def encoded(frames: Sequence[Pixels], *, rate: Fraction | int, crf: float, **options: str) -> bytes:
    """In Matroska. Odd sides grow by one."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        height, width = even(frames[0]).shape[:2]
        stream = add_stream(container, (height, width), rate=rate, crf=crf, **options)
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(even(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return file.getvalue()


def decoded(content: bytes) -> list[Pixels]:
    with av.open(io.BytesIO(content), "r") as container:
        return [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for frame in container.decode(video=0)
        ]


def passed(
    frames: Sequence[Pixels], *, rate: Fraction | int, crf: float, **options: str
) -> list[Pixels]:
    """The frames after the encoder, in their own size."""
    height, width = frames[0].shape[:2]
    found = decoded(encoded(frames, rate=rate, crf=crf, **options))
    return [np.ascontiguousarray(frame[:height, :width]) for frame in found]
