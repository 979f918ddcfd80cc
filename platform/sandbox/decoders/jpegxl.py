"""JPEG XL, through libjxl: Pillow and libav read none."""

from __future__ import annotations

from typing import Any

import numpy as np
from imagecodecs import _jpegxl as libjxl
from numpy.typing import NDArray
from PIL import Image

from sandbox.source import Source
from sandbox.types import PASS_ON, Code, Rejected

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def warm_up() -> None:
    sample = np.zeros((16, 16, 3), np.uint8)
    libjxl.jpegxl_decode(libjxl.jpegxl_encode(sample, numthreads=1), numthreads=1)


def picture(source: Source) -> Any:
    """A Pillow picture in 8 bits, turned as the file says; its size was checked before."""
    try:
        values = libjxl.jpegxl_decode(source.at(0, source.size), index=0, numthreads=1)
    except PASS_ON:
        raise
    except Exception as error:
        raise Rejected(Code.CORRUPT, type(error).__name__) from error
    mode = _MODES.get(1 if values.ndim == 2 else values.shape[-1])
    if values.ndim not in (2, 3) or mode is None:
        raise Rejected(Code.VARIANT_NOT_READ, f"shape {values.shape}")
    return Image.fromarray(_in_eight_bits(values).squeeze(), mode)


def _in_eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.uint16:
        return (values >> 8).astype(np.uint8)
    if not np.issubdtype(values.dtype, np.floating):
        raise Rejected(Code.VARIANT_NOT_READ, str(values.dtype))
    whole = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    return (whole.clip(0, 1) * 255 + 0.5).astype(np.uint8)
