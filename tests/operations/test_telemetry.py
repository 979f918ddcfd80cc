"""Errors reach a Sentry server where one is named, and nothing private with them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings

PRIVATE = ("holiday-of-alice", "alice@example.org", "tsk_Secret", "local-canary", "body-canary",
           "query-canary", "header-canary", "cookie-canary", "cause-canary")  # fmt: skip
BROKEN = """
import logging, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from structlog.contextvars import bound_contextvars

def boom(request, name):
    secret = "local-canary"
    try:
        raise OSError(f"{name} cause-canary")
    except OSError as error:
        raise ValueError(f"cannot read {name} of alice@example.org") from error

urls = type(sys)("urls"); urls.urlpatterns = [path("boom/<name>/", boom)]
urls.handler500 = lambda request: HttpResponse(status=500)
sys.modules["broken_urls"] = urls
settings.ROOT_URLCONF = "broken_urls"
settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
settings.ALLOWED_HOSTS = ["testserver"]
settings.DEBUG_PROPAGATE_EXCEPTIONS = False
client = Client(raise_request_exception=False, headers={
    "Authorization": "Bearer tsk_Secret", "X-Own": "header-canary"})
client.cookies["sessionid"] = "cookie-canary"
answer = client.post("/boom/holiday-of-alice.jpg/?q=query-canary", {"note": "body-canary"})
assert answer.status_code == 500
log = logging.getLogger("touchstone.test")
with bound_contextvars(job="j1", client="key:tsk_Secret"):
    log.error("the file %s could not be read", "holiday-of-alice.jpg")
log.error(f"holiday-of-alice.jpg is put in before")
log.warning("the file %s is small", "holiday-of-alice.jpg")
import sentry_sdk
sentry_sdk.flush(10)
"""


class Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Take)


class Take(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers.get("Content-Encoding")
        if packed == "gzip":
            body = gzip.decompress(body)
        elif packed == "br":  # the client's choice where the package is there
            body = import_module("brotli").decompress(body)
        self.server.got.append(str(self.headers).encode() + body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=settings.ROOT, text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": f"{settings.ROOT / 'platform'}:{settings.ROOT}",
             "SECRET_KEY": "x" * 60, **env},
    )  # fmt: skip


def events(server: Receiver) -> list[dict[str, Any]]:
    lines = [line for body in server.got for line in body.splitlines() if line.startswith(b"{")]
    return [event for line in lines if "logentry" in (event := json.loads(line))]


def test_an_error_reaches_the_server_and_nothing_private_with_it(receiver: Receiver) -> None:
    """Kinds, stack and place in the code; no name, no text, no request, no machine."""
    dsn = f"http://public@127.0.0.1:{receiver.server_address[1]}/1"
    done = python(BROKEN, SENTRY_DSN=dsn)
    assert done.returncode == 0, done.stderr
    sent = b"\n".join(receiver.got).decode()
    assert [word for word in PRIVATE if word in sent] == []
    assert os.uname().nodename not in sent and str(settings.ROOT) not in sent
    request, template, place = events(receiver)
    assert [one["type"] for one in request["exception"]["values"]] == ["OSError", "ValueError"]
    assert request["exception"]["values"][1]["stacktrace"]["frames"][-1]["function"] == "boom"
    assert request["logger"] == "django.request"
    assert template["logentry"]["message"] == "the file %s could not be read"
    assert template["tags"] == {"job": "j1"}
    assert place["logentry"]["message"].endswith("in <module>")


def test_a_flood_of_errors_is_sent_in_part(receiver: Receiver) -> None:
    code = BROKEN.partition("client = Client(")[0] + (
        "for n in range(100):\n    logging.getLogger('x').error('again %s', n)\n"
        "import sentry_sdk\nsentry_sdk.flush(10)\n"
    )
    dsn = f"http://public@127.0.0.1:{receiver.server_address[1]}/1"
    done = python(code, SENTRY_DSN=dsn)
    assert done.returncode == 0, done.stderr
    assert 1 <= len(events(receiver)) <= 120  # of two minutes, where one ends in between


def test_without_an_address_nothing_is_imported() -> None:
    done = python(
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "import django; django.setup()\n"
        "assert not [m for m in sys.modules if m.startswith('sentry') or m == 'config.telemetry']",
        SENTRY_DSN="",
    )
    assert done.returncode == 0, done.stderr


def test_an_address_without_the_package_stops_the_start_in_a_sentence() -> None:
    done = python(
        "import os, sys; sys.modules['sentry_sdk'] = None\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "import django; django.setup()",
        SENTRY_DSN="http://public@127.0.0.1:9/1",
    )
    assert done.returncode == 1 and "requirements/telemetry.txt" in done.stderr.splitlines()[-1]
