"""An application that does nearly nothing, behind the real web server's front."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def is_known(environ: dict[str, Any]) -> bool:
    return True


def client_of(environ: dict[str, Any]) -> str | None:
    return None


def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    time.sleep(0.02)
    body = environ["wsgi.input"].read() or environ["PATH_INFO"].encode("latin-1")
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def versions(names: Any) -> dict[Any, Any]:
    """Nothing here is waited for."""
    return {}
