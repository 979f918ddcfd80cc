"""Takes each request's body before a thread runs the application, within time and size.

Nobody's body is read beyond the size of a form: who sends a file is asked for their key or session
first. A few addresses take more from everybody (`open_bytes`). `environ[TROUBLE]` names what is
wrong with a body, without the body itself, so that the application can answer as it answers other
errors (media_analysis.partners.bodies).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import Executor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.utils.module_loading import import_string

from config.front.answering import STREAM, Answer, environ_of
from config.front.streaming import PLACE, Streams, StreamSlot
from config.front.waiting import WAITED, Waiting

log = logging.getLogger(__name__)
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TROUBLE = "touchstone.body"
NOT_KNOWN, TOO_SLOW, NO_ROOM = "not_known", "too_slow", "no_room"
UNAVAILABLE, NO_SPOOL = "unavailable", "no_spool"
LINGER_SECONDS = 3.0
TOO_MANY_HEAD = [(b"content-type", b"text/plain"), (b"retry-after", b"10")]
TOO_MANY = b"Too many requests from your address are under way. Wait a moment, then try again.\n"


@dataclass(frozen=True)
class Limits:
    known_bytes: int
    unknown_bytes: int
    open_bytes: Mapping[str, int]
    """By path: where a stranger may send more than a form."""
    seconds: float
    bytes_a_second: int
    requests_per_client: int


class Unread(Exception):
    """The body was not taken, or not all of it; `code` is empty where it only ended too early."""

    def __init__(self, code: str = "") -> None:
        super().__init__(code)
        self.code = code


class Door:
    """An ASGI application in front of a WSGI application."""

    def __init__(self, application: Any, threads: Executor, limits: Limits) -> None:
        self.application, self.threads, self.limits = application, threads, limits
        self.is_known = import_string(settings.REQUEST_IS_KNOWN)
        self.client_of = import_string(settings.REQUEST_CLIENT)
        self.waiting = Waiting(import_string(settings.REQUEST_VERSIONS), threads)
        self.streams = Streams(
            application, threads, self.waiting, settings.API_STREAM_ROUND_SECONDS
        )
        self.under_way: Counter[str] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        environ = environ_of(scope)
        client = self.client_of(environ) or ""
        if client and self.under_way[client] >= self.limits.requests_per_client:
            await send({"type": "http.response.start", "status": 429, "headers": TOO_MANY_HEAD})
            await send({"type": "http.response.body", "body": TOO_MANY})
            return
        self.under_way[client] += 1
        try:
            await self._answered(environ, receive, send)
        finally:
            self.under_way[client] -= 1
            if not self.under_way[client]:
                del self.under_way[client]

    async def _answered(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        whole = True
        body: IO[bytes] = BytesIO()
        try:
            body = await self._taken(environ, receive)
        except Unread as unread:
            whole = False
            if unread.code:
                environ[TROUBLE] = unread.code
        gone: asyncio.Future[None] | None = None
        environ[PLACE] = place = StreamSlot(self.streams.places)
        try:
            while True:
                current = {**environ, "wsgi.input": body}
                answer = Answer(self.application, current, send, close=not whole)
                wait = await answer.given(self.threads)
                if wait is None:
                    break
                # One for the whole request: gunicorn takes a client for gone for ever once
                # somebody has stopped to listen for that.
                gone = gone or asyncio.ensure_future(_gone(receive))
                if STREAM in current:
                    await self.streams.go_on(environ, wait, send, gone)
                    break
                if not await self.waiting.until_changed_or(wait, gone):
                    wait.seconds = 0.0  # whoever has gone is waited for no longer
                environ[WAITED], body = vars(wait), BytesIO()
        finally:
            place.give_back()
            if gone is not None:
                gone.cancel()
        if not whole and environ.get(TROUBLE) != TOO_SLOW:
            await _linger(receive)

    async def _taken(self, environ: dict[str, Any], receive: Receive) -> IO[bytes]:
        declared = _length(environ)
        if not declared and "HTTP_TRANSFER_ENCODING" not in environ:
            return BytesIO()
        if not declared or declared > self.limits.known_bytes:
            raise Unread  # the application refuses it by its head
        open_to = self.limits.open_bytes.get(environ["PATH_INFO"], 0)
        if declared > max(self.limits.unknown_bytes, open_to):
            await self._recognised(environ)
        body = SpooledTemporaryFile(  # noqa: SIM115 - handed on
            max_size=self.limits.unknown_bytes, dir=spool_folder()
        )
        try:
            await self._spooled(body, receive)
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return body

    async def _recognised(self, environ: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        try:
            known = await loop.run_in_executor(self.threads, self.is_known, environ)
        except DatabaseFailure as error:
            log.warning("the database did not answer who sends a body: %s", error)
            raise Unread(UNAVAILABLE) from error
        if not known:
            raise Unread(NOT_KNOWN)

    async def _spooled(self, body: Any, receive: Receive) -> None:
        """Until its end. What has come in buys time for what is to come."""
        loop = asyncio.get_running_loop()
        began, got, more = loop.time(), 0, True
        while more:
            late = began + self.limits.seconds + got / self.limits.bytes_a_second
            try:
                async with asyncio.timeout_at(late):
                    message = await receive()
            except TimeoutError as error:
                raise Unread(TOO_SLOW) from error
            if message["type"] != "http.request":
                raise Unread
            chunk = message.get("body", b"")
            got, more = got + len(chunk), message.get("more_body", False)
            try:
                if got <= self.limits.unknown_bytes:
                    body.write(chunk)
                else:  # to disk, which may take its time
                    await asyncio.to_thread(body.write, chunk)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise Unread(NO_ROOM) from error
                log.error("the folder for uploads cannot be written: %s", error)
                raise Unread(NO_SPOOL) from error


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _linger(receive: Receive) -> None:
    """Take what is still on its way, for a moment: a connection that is closed over unread bytes
    is reset, and the client may lose the answer."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while (await receive()).get("more_body"):
                pass
    except TimeoutError:
        pass


def spool_folder() -> str:
    """UPLOAD_SPOOL_DIR, which only we can read. TMPDIR is often memory, and small."""
    folder = settings.UPLOAD_SPOOL_DIR
    with contextlib.suppress(OSError):  # reported when the first large body is written
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(folder)


def _length(environ: dict[str, Any]) -> int:
    try:
        return max(int(environ.get("CONTENT_LENGTH") or 0), 0)
    except ValueError:
        return 0
