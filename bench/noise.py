"""Small pictures of random pixels, each different."""

from __future__ import annotations

import io
import random

from PIL import Image


def noise() -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (64, 48), random.randbytes(64 * 48 * 3)).save(out, "PNG")
    return out.getvalue()
