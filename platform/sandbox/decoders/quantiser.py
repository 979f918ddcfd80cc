"""How strongly a video is compressed: the mean quantiser of its blocks, as the decoder reads it.

Short stretches from a key frame on are decoded a second time by a single thread. With several,
libav exports the quantisers of a frame while another thread still decodes it, and two runs differ.
"""

from __future__ import annotations

from typing import Any

import av
import numpy as np

FRAMES, STRETCHES = 12, 4
PIXELS = 25_000_000
"""Decoded in a stretch at most, so that the second decoder stays small."""
DELTA = slice(16, 20)
"""Where a block's difference from the frame's quantiser lies (`AVVideoBlockParams.delta_qp`)."""


class QuantiserProbe:
    """Of H.264. Other codecs have other scales, or libav does not export theirs."""

    def __init__(self, codec_context: Any) -> None:
        self._like = codec_context
        self._decoder: Any = None
        self._left = 0
        self._stretches = STRETCHES if codec_context.name == "h264" else 0
        self._found: list[float] = []

    @property
    def mean(self) -> float | None:
        return float(np.mean(self._found)) if self._found else None

    def take(self, packet: Any) -> None:
        """The stream's next packet. What cannot be decoded ends the stretch."""
        if not packet.size:
            return
        if self._decoder is None and packet.is_keyframe and self._stretches:
            self._begin()
        if self._decoder is None:
            return
        try:
            for frame in self._decoder.decode(packet):
                self._add(frame)
        except av.error.FFmpegError:
            self._left = 0
        if self._left <= 0:
            self._decoder = None

    def _begin(self) -> None:
        pixels = max(self._like.width * self._like.height, 1)
        self._left = max(min(FRAMES, PIXELS // pixels), 1)
        self._stretches -= 1
        self._decoder = av.CodecContext.create("h264", "r")
        self._decoder.extradata = self._like.extradata
        self._decoder.thread_count = 1
        self._decoder.options = {"export_side_data": "venc_params"}

    def _add(self, frame: Any) -> None:
        found = frame.side_data.get("VIDEO_ENC_PARAMS")
        if found is None or self._left <= 0:
            return
        self._left -= 1
        count, size = found.nb_blocks, found.block_size
        blocks = np.frombuffer(found, np.uint8, count * size, found.blocks_offset)
        deltas = blocks.reshape(count, size)[:, DELTA].copy().view(np.int32)
        self._found.append(float(found.qp + (deltas.mean() if count else 0)))
