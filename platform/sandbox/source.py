"""The file under examination, as the child sees it: a descriptor, a size, and reads at offsets."""

from __future__ import annotations

import io
import os

HEAD = 4096
BLOCK = 64 * 1024


class Source:
    """Reads with pread only, so that no offset is shared with anybody."""

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self.size = size
        self._block: tuple[int, bytes] = (0, b"")

    def at(self, offset: int, count: int) -> bytes:
        """At most `count` bytes; fewer at the end of the file."""
        if offset < 0 or offset >= self.size or count <= 0:
            return b""
        parts = []
        count = min(count, self.size - offset)
        while count:
            part = os.pread(self.fd, count, offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def peek(self, offset: int, count: int) -> bytes:
        """A few bytes, through a small cache: for readers that hop from header to header."""
        start, block = self._block
        if not start <= offset or offset + count > start + len(block):
            start, block = offset, self.at(offset, max(BLOCK, count))
            self._block = (start, block)
        return block[offset - start : offset - start + count]

    def head(self) -> bytes:
        return self.at(0, HEAD)

    def stream(self, suffix: bytes = b"") -> Stream:
        return Stream(self, suffix)


class Stream(io.RawIOBase):
    """A seekable read-only file object over a source; `suffix` is added after its end."""

    def __init__(self, source: Source, suffix: bytes = b"") -> None:
        self._source = source
        self._suffix = suffix
        self._size = source.size + len(suffix)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def read(self, count: int | None = -1) -> bytes:
        left = max(self._size - self._position, 0)
        count = left if count is None or count < 0 else min(count, left)
        data = self._source.at(self._position, count)
        if len(data) < count and self._suffix:
            start = max(self._position + len(data) - self._source.size, 0)
            data += self._suffix[start : start + count - len(data)]
        self._position += len(data)
        return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("before the start of the file")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position
