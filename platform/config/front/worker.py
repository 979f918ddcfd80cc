"""gunicorn's asyncio worker, with the WSGI application behind a door (serving.py names it)."""

from __future__ import annotations

import asyncio
import os
import resource
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gasgi import ASGIWorker

from config.front.connections import Connection, Connections, Deadlines
from config.front.door import Door, Limits


class Worker(ASGIWorker):  # type: ignore[misc]
    asgi: Any
    connections: Connections
    deadlines: Deadlines

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """`threads` means something here: so many requests run in the application at a time."""

    def load_wsgi(self) -> None:
        super().load_wsgi()  # it calls `asgi` whatever it has loaded
        from django.conf import settings

        behind_proxy = settings.BEHIND_PROXY
        self.deadlines = Deadlines(settings.REQUEST_HEAD_SECONDS, settings.REQUEST_BODY_MIN_RATE)
        self.connections = Connections(
            room_for_connections(self.worker_connections),
            None if behind_proxy else settings.CONNECTIONS_PER_ADDRESS,
        )
        limits = Limits(
            known_bytes=settings.MAX_UPLOAD_BYTES + settings.FORM_BYTES,
            unknown_bytes=settings.ANONYMOUS_BODY_BYTES,
            open_bytes=settings.OPEN_BODY_BYTES,
            seconds=settings.REQUEST_BODY_SECONDS,
            bytes_a_second=settings.REQUEST_BODY_MIN_RATE,
            requests_per_client=settings.CONNECTIONS_PER_ADDRESS,
        )
        threads = ThreadPoolExecutor(self.cfg.threads, thread_name_prefix="request")
        self.asgi = Door(self.asgi, threads, limits)

    async def _serve(self) -> None:
        for listener in self.sockets:
            # It takes `backlog` connections at a time; one at a time, so that processes share.
            server = await self.loop.create_server(
                lambda: Connection(self), sock=listener.sock, backlog=1
            )
            listener.sock.listen(self.cfg.backlog)
            self.servers.append(server)
        while self.alive and self.ppid == os.getppid():
            self.notify()
            await asyncio.sleep(0.5)
        await self._shutdown()

    async def _shutdown(self) -> None:
        """What is under way is finished; who only waits is not waited for."""
        self.connections.close_idle()
        self.asgi.waiting.let_go()
        await super()._shutdown()


def room_for_connections(wanted: int) -> int:
    """As many as the system's limit on open files allows: an upload holds a socket and a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, max((hard - 200) // 2, 50)) if hard > 0 else wanted
