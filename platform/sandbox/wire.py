"""The protocol between child and parent: small typed messages on a pipe, of checked length.

The child writes and the parent reads exactly. A message is one letter, the length of the rest, and
that many bytes. The parent trusts none of it: see `line.py` and `decoding.py`.
"""

from __future__ import annotations

import json
import os
import resource
import struct
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

PREFIX = struct.Struct("<cI")
FRAME = struct.Struct("<IdII")
"""Index in the file, seconds, height, width; then exactly height x width x 3 bytes of RGB."""

HEADER = b"H"
PICTURE = b"F"
SOUND = b"A"
FOOTER = b"E"
FACTS = b"J"
REFUSED = b"R"
TROUBLE = b"X"

MAX_JSON = 64 * 1024
BAND = 256 * 1024
MAX_SOUND = 4 * 1024 * 1024


class Out:
    """The child's end of the pipe."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def _all(self, data: memoryview) -> None:
        while data:
            data = data[os.write(self.fd, data) :]

    def message(self, kind: bytes, body: bytes = b"") -> None:
        self._all(memoryview(PREFIX.pack(kind, len(body)) + body))

    def json(self, kind: bytes, value: Mapping[str, Any]) -> None:
        self.message(kind, json.dumps(value, allow_nan=False).encode())

    def picture(self, index: int, seconds: float, pixels: NDArray[Any]) -> None:
        height, width, _ = pixels.shape
        self.message(PICTURE, FRAME.pack(index, seconds, height, width))
        self._all(pixels.data.cast("B"))

    def still(self, image: Any) -> None:
        """A Pillow picture in RGB, in bands: no second copy of it is ever made here."""
        width, height = image.size
        self.message(PICTURE, FRAME.pack(0, 0.0, height, width))
        rows = max(BAND // (width * 3), 1)
        for top in range(0, height, rows):
            band = image.crop((0, top, width, min(top + rows, height)))
            self._all(memoryview(band.tobytes()))

    def footer(self, value: Mapping[str, Any]) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = {"cpu_seconds": used.ru_utime + used.ru_stime, "peak_bytes": used.ru_maxrss * 1024}
        self.json(FOOTER, {**value, **spent})

    def end(self) -> None:
        """Nothing follows: the reader need not wait for the end of the process."""
        os.close(self.fd)

    def sound(self, samples: NDArray[Any]) -> None:
        step = MAX_SOUND // 4
        for start in range(0, len(samples), step):
            self.message(SOUND, samples[start : start + step].tobytes())
