"""Clients of a real web server that are slow on purpose: idle ones, slow heads, slow bodies."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

BOUNDARY = "-----------touchstone"
API = "/api/v1/submissions/"


@dataclass
class Answer:
    """What the server said before it closed: nothing is status 0."""

    status: int
    body: bytes
    seconds: float


class Link:
    """One connection, from an address of its own choice: all of 127/8 is this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.began = reader, writer, time.monotonic()

    async def send(self, data: bytes) -> bool:
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError:
            return False
        return not self.reader.at_eof()

    async def trickle(self, data: bytes, pieces: int, pause: float) -> None:
        step = max(-(-len(data) // pieces), 1)
        for start in range(0, len(data), step):
            if not await self.send(data[start : start + step]):
                return
            await asyncio.sleep(pause)

    async def closed(self, within: float) -> bool:
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(within):
                await self.reader.read()
                return True
        return False

    async def answer(self, within: float = 50) -> Answer:
        raw = b""
        with contextlib.suppress(OSError):
            async with asyncio.timeout(within):
                while chunk := await self.reader.read(65536):
                    raw += chunk
        head, _, body = raw.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1]) if head else 0
        return Answer(status, body, time.monotonic() - self.began)


@contextlib.asynccontextmanager
async def link(port: int, source: str = "127.0.0.1") -> AsyncIterator[Link]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        yield Link(reader, writer)
    finally:
        writer.close()


def head(method: str, path: str, **headers: str) -> bytes:
    head = {"Host": "localhost", "Connection": "close", **headers}
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in head.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def upload(media: bytes, key: str | None, name: str = "slow.png") -> tuple[bytes, bytes]:
    """The head and the body of a request that sends a file in."""
    body = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: image/png\r\n\r\n"
    ).encode() + media
    body += f"\r\n--{BOUNDARY}--\r\n".encode()
    return upload_head(len(body), key), body


def upload_head(length: int, key: str | None, path: str = API) -> bytes:
    known = {"Authorization": f"Bearer {key}"} if key else {}
    return head(
        "POST", path, Content_Length=str(length),
        Content_Type=f"multipart/form-data; boundary={BOUNDARY}", **known,
    )  # fmt: skip


async def page(port: int, path: str = "/accounts/login/", source: str = "127.0.0.1") -> Answer:
    async with link(port, source) as one:
        await one.send(head("GET", path))
        return await one.answer()


def p95(times: Sequence[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]
