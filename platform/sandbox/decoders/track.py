"""What the pictures and the sound of a recording have in common: a stream whose packets are decoded
one by one, and errors that are counted and survived."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import av

from sandbox.types import Flag


class Track:
    damaged: ClassVar[Flag]
    """Says which part of the file is damaged."""

    def __init__(self, stream: Any, origin: float, flags: set[str]) -> None:
        self.stream, self.origin, self.flags = stream, origin, flags
        self.codec = stream.codec_context.name
        self.errors = 0

    def decoded(self, packet: Any) -> Iterator[Any]:
        """The decoded part. Lack of memory is not the file's fault and is raised."""
        try:
            yield from packet.decode()
        except av.error.EOFError:
            return
        except MemoryError:
            raise
        except av.error.FFmpegError:
            self.errors += 1
            self.flags |= {Flag.DECODE_ERRORS, self.damaged}
