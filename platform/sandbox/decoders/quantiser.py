"""How strongly a frame is compressed: the mean quantiser of its blocks, as the decoder reads it."""

from __future__ import annotations

from typing import Any

import numpy as np

DELTA = slice(16, 20)
"""Where a block's difference from the frame's quantiser lies (`AVVideoBlockParams.delta_qp`)."""


def ask_for(codec_context: Any) -> None:
    """Before the first packet is decoded."""
    codec_context.options = {**codec_context.options, "export_side_data": "venc_params"}


def of(frame: Any) -> float | None:
    """Of H.264; None for other codecs, whose quantisers have other scales or are not exported."""
    found = frame.side_data.get("VIDEO_ENC_PARAMS")
    if found is None or found.codec_type.name != "H264":
        return None
    count, size = found.nb_blocks, found.block_size
    if not count:
        return float(found.qp)
    blocks = np.frombuffer(found, np.uint8, count * size, found.blocks_offset).reshape(count, size)
    return float(found.qp + blocks[:, DELTA].copy().view(np.int32).mean())
