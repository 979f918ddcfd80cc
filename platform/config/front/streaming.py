"""Streams of server-sent events. They hold no thread.

The application answers with the first events and says in `environ[STREAM]` what it would wait for:
the fields of a `Wait`, as in `waiting`. The door sends that answer and leaves it open. When
something has changed, and at least every `round_seconds`, it asks the application again, as the
whole request that it is: who asks and what they may see is looked up anew each time. What the
application answers then is the next part; without `environ[STREAM]` it is the last. A refusal ends
the stream too.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor
from io import BytesIO
from threading import Lock
from typing import Any

from config.front.answering import STREAM, Answer
from config.front.waiting import WAITED, Wait, Waiting

Message = MutableMapping[str, Any]
PLACE = "touchstone.place"
"""Where a stream takes its place: a `Place`. Without it the server keeps no answer open."""
AT_A_TIME = 2
"""So many streams are asked about at a time: other requests find a free thread."""


class Places:
    """How many streams each owner has in this process."""

    def __init__(self) -> None:
        self._lock, self._taken = Lock(), Counter[str]()

    def __len__(self) -> int:
        return self._taken.total()

    def take(self, owner: str, most: int) -> bool:
        with self._lock:
            if self._taken[owner] >= most:
                return False
            self._taken[owner] += 1
            return True

    def give_back(self, owner: str) -> None:
        with self._lock:
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]


class StreamSlot:
    """The slot of one request. It is taken once, however often the application is called."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._owner: str | None = None

    def take(self, owner: str, most: int) -> bool:
        if self._owner is None and self._places.take(owner, most):
            self._owner = owner
        return self._owner is not None

    def give_back(self) -> None:
        if self._owner is not None:
            self._places.give_back(self._owner)
            self._owner = None


class Streams:
    def __init__(
        self, application: Any, threads: Executor, waiting: Waiting, round_seconds: float
    ) -> None:
        self.application, self.threads, self.waiting = application, threads, waiting
        self.round_seconds = round_seconds
        """The longest silence. Front servers cut an answer that is silent for a minute."""
        self.places = Places()
        self._turns = asyncio.Semaphore(AT_A_TIME)

    async def go_on(
        self,
        environ: dict[str, Any],
        wait: Wait,
        send: Callable[[Message], Awaitable[None]],
        gone: asyncio.Future[None],
    ) -> None:
        """Until its time is over, the application ends it, or nobody listens."""
        following: Wait | None = wait
        while following is not None:
            wait = following
            await self._slept(wait, gone)
            if gone.done() or wait.seconds <= 0:
                break
            part, following = await self._next_part(environ, wait)
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _slept(self, wait: Wait, gone: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        nap = Wait(wait.key, wait.version, min(wait.seconds, self.round_seconds))
        await self.waiting.until_changed_or(nap, gone)
        left = wait.seconds - (loop.time() - began)
        wait.seconds = 0.0 if self.waiting.is_closing else left

    async def _next_part(self, environ: dict[str, Any], wait: Wait) -> tuple[bytes, Wait | None]:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        current = {**environ, WAITED: vars(wait), "wsgi.input": BytesIO()}
        answer = Answer(self.application, current, collect, close=False)
        async with self._turns:
            following = await answer.given(self.threads)
        body = b"".join(message.get("body", b"") for message in messages)
        if messages[0]["status"] == 200:
            return body, following if STREAM in current else None
        lines = b"".join(b"data: %s\n" % line for line in body.splitlines())
        return b"event: refused\n%s\n" % lines, None
