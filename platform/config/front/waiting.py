"""Requests that wait until something changes (`?wait=` of the interface, and its streams in
`streaming.py`). They hold no thread.

The application answers at once and says in `environ[WAIT]` what the client would rather wait for.
The door keeps that answer back. One look a second, for all requests of the process together, finds
what has changed; the application is then asked again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from django.db import Error as DatabaseFailure

log = logging.getLogger(__name__)
WAIT = "touchstone.wait"
"""What an answer would rather wait for: the fields of a `Wait`."""
WAITED = "touchstone.waited"
"""The same with the seconds that are left, when the application is asked again."""
LOOK_SECONDS = 1.0


@dataclass(eq=False)
class Wait:
    key: str
    version: str
    """As it was before the answer was made: whatever changed since is noticed."""
    seconds: float
    """What is left of it."""
    kept: dict[str, Any] = field(default_factory=dict)
    """For the application: what it knew when it was asked first."""


Versions = Callable[[Collection[str]], Mapping[str, str]]


class Waiting:
    def __init__(self, versions: Versions, threads: Executor) -> None:
        self.versions, self.threads = versions, threads
        self._closing = False
        self._asleep: dict[str, dict[asyncio.Future[None], str]] = defaultdict(dict)
        self._looking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._asleep.values()))

    @property
    def is_closing(self) -> bool:
        return self._closing

    async def until_changed_or(self, wait: Wait, gone: asyncio.Future[None]) -> bool:
        """As `until_changed`; False where `gone` came first."""
        sleeping = asyncio.ensure_future(self.until_changed(wait))
        try:
            await asyncio.wait({sleeping, gone}, return_when=asyncio.FIRST_COMPLETED)
            return sleeping.done()
        finally:
            sleeping.cancel()

    async def until_changed(self, wait: Wait) -> None:
        """Returns when it has changed, or when its time is over; tells in `wait` what is left."""
        if self._closing:
            wait.seconds = 0.0
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + wait.seconds
        changed: asyncio.Future[None] = loop.create_future()
        self._asleep[wait.key][changed] = wait.version
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout_at(until):
                await changed
        except TimeoutError:
            pass
        finally:
            self._asleep[wait.key].pop(changed, None)
            if not self._asleep[wait.key]:
                del self._asleep[wait.key]
        wait.seconds = 0.0 if self._closing else until - loop.time()

    def let_go(self) -> None:
        """The server is about to stop: everybody is answered with what there is."""
        self._closing = True
        for futures in self._asleep.values():
            for future in futures:
                _wake(future)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asleep:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                now = await loop.run_in_executor(self.threads, self.versions, list(self._asleep))
            except DatabaseFailure as error:
                log.warning("the database did not say what has changed: %s", error)
                continue
            for key, futures in self._asleep.items():
                for future, version in futures.items():
                    if now.get(key) != version:
                        _wake(future)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
