"""A server that gives the answers of a list."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answers = list[tuple[int, dict[str, str]]]
"""A status and headers each, with the `code` of a refusal or the whole `body` among them."""


@contextmanager
def moody_server() -> Iterator[tuple[str, list[Any], Answers]]:
    """Its address, what it was asked, and its answers: when they are used up, 200."""
    requests: list[Any] = []
    answers: Answers = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            requests.append((self.command, self.headers, self.rfile.read(length)))
            status, more = answers.pop(0) if answers else (200, {})
            if status == 0:  # closes without a word
                self.close_connection = True
                return
            usual = json.dumps({"code": more.pop("code", "x"), "results": [], "next": None})
            body = more.pop("body", usual).encode()
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", requests, answers
    finally:
        server.shutdown()
        server.server_close()
