"""A partner's receiver: a real HTTP server that does as it is told and keeps what it got."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

Reply = tuple[int, dict[str, str]]


@dataclass
class Got:
    headers: dict[str, str]
    body: bytes
    status: int


@dataclass
class Receiver:
    url: str
    reply: Callable[[int], Reply] = lambda number: (204, {})
    """By the number of the request."""
    got: list[Got] = field(default_factory=list)
    secret: str = ""
    """When it is known, what is taken is checked as it arrives: a signature ages."""
    verified: list[Any] = field(default_factory=list)

    @property
    def taken(self) -> Counter[str]:
        """How often each message was taken."""
        return Counter(one.headers["webhook-id"] for one in self.got if one.status < 300)

    def verified_with(self, secret: str) -> list[Any]:
        """What was taken, each checked by the specification's own library."""
        hook = Webhook(secret)
        return [hook.verify(one.body, one.headers) for one in self.got if one.status < 300]


@contextmanager
def receiving() -> Iterator[Receiver]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                status, more = receiver.reply(len(receiver.got))
                receiver.got.append(Got(headers, body, status))
                if receiver.secret and status < 300:
                    receiver.verified.append(Webhook(receiver.secret).verify(body, headers))
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            with suppress(OSError):  # whoever asked may have been killed meanwhile
                self.wfile.write(b"ok")

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 100

    server = Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hooks")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
