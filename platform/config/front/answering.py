"""Runs the WSGI application in a thread and returns its answer to the event loop.

The thread is free as soon as the application has finished: up to `HELD` bytes of an answer wait in
memory for a slow client. Only a longer answer makes its thread wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from asgiref.wsgi import WsgiToAsgiInstance

from config.front.waiting import WAIT, Wait

Message = MutableMapping[str, Any]
STREAM = "touchstone.stream"
"""What an answer that stays open waits for: the fields of a `Wait` (streaming.py). Such an answer
does not state its length."""
HELD = 3 * 1024 * 1024
"""More than the largest part of a film that a player is given (media_analysis.previews.ranges)."""


def environ_of(scope: Message) -> dict[str, Any]:
    """As a WSGI server makes it, with path and query as the bytes that came."""
    instance: Any = WsgiToAsgiInstance(None, duplicate_header_limit=0)  # type: ignore[no-untyped-call]
    instance.scope = scope
    environ: dict[str, Any] = instance.build_environ({**scope, "query_string": b""}, BytesIO())
    environ["QUERY_STRING"] = scope["query_string"].decode("latin-1")
    environ["PATH_INFO"] = unquote_to_bytes(scope["raw_path"]).decode("latin-1")
    environ.setdefault("REMOTE_ADDR", "")
    return environ


class ClientGone(Exception):
    """Nobody takes the rest of a long answer."""


class Answer:
    def __init__(
        self,
        application: Any,
        environ: dict[str, Any],
        send: Callable[[Message], Awaitable[None]],
        *,
        close: bool,
    ) -> None:
        self.application, self.environ, self.send, self.close = application, environ, send, close
        self.loop = asyncio.get_running_loop()
        self.head: Message | None = None
        self.head_sent = self.gone = False

    async def given(self, threads: Executor) -> Wait | None:
        """The answer is on its way; or it is kept back, because it would rather wait; or it is
        on its way and stays open."""
        try:
            last = await self.loop.run_in_executor(threads, self._run)
        except asyncio.CancelledError:
            self.gone = True
            raise
        wait = self.environ.get(WAIT)
        if wait and not self.head_sent:
            return Wait(**wait)
        stream = self.environ.get(STREAM)
        if stream and self.head is not None and self.head["status"] == 200:
            await self._pass_on(last, more=True)
            return Wait(**stream)
        await self._pass_on(last, more=False)
        return None

    def _run(self) -> bytes:
        """In a thread. What it returns is the end of the answer, or all of it."""
        try:
            return self._collected()
        finally:
            self.environ["wsgi.input"].close()

    def _collected(self) -> bytes:
        chunks = self.application(self.environ, self._start)
        try:
            held: list[bytes] = []
            size = 0
            for chunk in chunks:
                held.append(chunk)
                size += len(chunk)
                if self.gone:
                    raise ClientGone
                if size > HELD:
                    passing = self._pass_on(b"".join(held), more=True)
                    asyncio.run_coroutine_threadsafe(passing, self.loop).result()
                    held, size = [], 0
            return b"".join(held)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        encoded = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers]
        if self.close:
            encoded.append((b"connection", b"close"))
        self.head = {
            "type": "http.response.start",
            "status": int(status.split(" ", 1)[0]),
            "headers": encoded,
        }

    async def _pass_on(self, body: bytes, *, more: bool) -> None:
        if not self.head_sent:
            assert self.head is not None, "the application began no answer"
            self.head_sent = True
            await self.send(self.head)
        await self.send({"type": "http.response.body", "body": body, "more_body": more})
