"""A server between client and product that cuts connections, each piece as a list says."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

BEFORE, HALF, AFTER = "before", "half", "after"
"""Nothing of the piece arrives; half of it does; all of it does, but no answer comes back."""


class Cutting(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = urlsplit(target)
        self.plan: list[str] = []
        """What becomes of the next pieces; empty words and those after the list pass."""
        self.offsets: list[int] = []
        """At which byte each piece began."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Cutting

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        how = ""
        if self.command == "PATCH":
            self.server.offsets.append(int(self.headers["Upload-Offset"]))
            how = self.server.plan.pop(0) if self.server.plan else ""
        if how == BEFORE:
            self.cut()
        elif how == HALF:
            self.send_half(body)
            self.cut()
        else:
            self.ask(body, answers=how != AFTER)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = pass_on

    def ask(self, body: bytes, *, answers: bool) -> None:
        target = self.server.target
        onward = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        headers = {**self.headers, "Connection": "close"}
        headers.pop("Transfer-Encoding", None)
        onward.request(self.command, self.path, body, headers)
        answer = onward.getresponse()
        content = answer.read()
        onward.close()
        if not answers:
            self.cut()
            return
        self.send_response_only(answer.status)
        hop = {"connection", "transfer-encoding", "content-length"}
        for name, value in answer.getheaders():
            if name.lower() not in hop:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send_half(self, body: bytes) -> None:
        target = self.server.target
        lines = [f"{self.command} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        with socket.create_connection((target.hostname, target.port), 60) as onward:
            onward.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body[: len(body) // 2])

    def cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def cutting(target: str) -> Iterator[Cutting]:
    server = Cutting(target)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
