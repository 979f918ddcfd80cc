"""Where an event happened: the service, the machine and the version of the code."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from functools import cache
from pathlib import Path

from django.conf import settings


@cache
def origin() -> dict[str, str]:
    """A hash identifies the machine, because its name may name a person or a customer."""
    root: Path = settings.ROOT
    return {
        "service": os.environ.get("SERVICE_NAME") or _service(),
        "host": hashlib.sha256(f"touchstone-host:{socket.gethostname()}".encode()).hexdigest()[:16],
        "code": os.environ.get("CODE_VERSION") or _commit(root / ".git") or "unknown",
        "lock": _sha256(root / "requirements.txt"),
    }


def _service() -> str:
    """`manage.py worker` is the worker, any other command the shell, everything else the web."""
    program = Path(sys.argv[0]).name if sys.argv else ""
    if program != "manage.py":
        return "web"
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    return {"worker": "worker", "runserver": "web"}.get(command, "shell")


def _commit(git: Path) -> str:
    """The checked-out commit, read without running git; empty when this is no checkout."""
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        ref = head.removeprefix("ref: ")
        loose = git / ref
        if loose.exists():
            return loose.read_text().strip()
        packed = (git / "packed-refs").read_text().splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {ref}")), "")
    except OSError:
        return ""


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return "unknown"
