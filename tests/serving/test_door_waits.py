"""A request that sleeps more than once, in front of gunicorn's own receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

from gunicorn.asgi.protocol import BodyReceiver

from config.front.door import Door, Limits
from config.front.waiting import WAIT, WAITED

SCOPE: dict[str, Any] = {
    "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"",
    "root_path": "", "headers": [], "http_version": "1.1", "scheme": "http",
}  # fmt: skip


def test_every_sleep_of_a_request_lasts_until_there_is_news() -> None:
    """Not only the first: the client is still there."""
    left: list[float] = []

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        before = environ.get(WAITED)
        if before:
            left.append(before["seconds"])
        if len(left) < 3:
            seconds = before["seconds"] if before else 60.0
            environ[WAIT] = {"key": "one", "version": f"{len(left)}", "seconds": seconds}
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    messages: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    async def send_request() -> None:
        connection = SimpleNamespace(_closed=False)
        request = SimpleNamespace(content_length=0, chunked=False)
        receiver = BodyReceiver(request, connection)
        with ThreadPoolExecutor(2) as threads:
            door = Door(application, threads, Limits(10, 10, {}, 10.0, 10, 10))
            door.waiting.versions = lambda keys: dict.fromkeys(keys, "changed")
            await door(dict(SCOPE), receiver.receive, send)

    asyncio.run(send_request())
    assert messages[0]["status"] == 200
    assert [round(seconds, -1) for seconds in left] == [60.0, 60.0, 60.0], left
