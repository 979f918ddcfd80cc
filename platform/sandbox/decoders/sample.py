"""A video of a few frames, made in memory to warm up the warden's decoders."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np


def film(frames: int = 3) -> io.BytesIO:
    data = io.BytesIO()
    with av.open(data, "w", format="matroska") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 32
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("flac", rate=16_000, layout="mono")
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(
                np.full((32, 32, 3), 60 * index % 256, np.uint8), format="rgb24"
            )
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(video.encode(picture))
        tone = (np.sin(np.arange(4608) / 10) * 9000).astype(np.int16).reshape(1, -1)
        sound = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = 16_000, 0, Fraction(1, 16_000)
        container.mux(audio.encode(sound))
        for stream in (video, audio):
            container.mux(stream.encode(None))
    data.seek(0)
    return data
