# ruff: noqa: E402 - Django is set up before its models can be imported
"""An intake as the product does it: bytes, then rows in one transaction, then the answer.

Reads orders (one JSON a line) and prints `<n> <analysis id>` once one is committed. With
`--sweep`, every step of the intake is done in a child that is killed there, and then again; with
`--file TYPE`, one file comes in as hexadecimal digits; with `--again`, parked ids are requeued.
"""

from __future__ import annotations

import io
import json
import os
import sys
import uuid
from pathlib import Path

import django

django.setup()

from django.db import transaction

from audit.who import SYSTEM
from blobs import vault
from blobs.services import register, store
from jobs.failpoints import VARIABLE, failpoint
from ml.services import queue, retry_parked
from tests.faults.intake_points import INTAKE


def take_in(order: dict[str, object]) -> str:
    content = json.dumps(order).encode()
    media_type = str(order.get("media_type", "image/png"))
    return take_in_bytes(content, media_type, int(str(order.get("priority", 0))))


def take_in_bytes(content: bytes, media_type: str, priority: int = 0) -> str:
    stored = store(io.BytesIO(content))
    failpoint("before_rows")
    with transaction.atomic():
        blob = register(stored, media_type)
        failpoint("after_blob_row")
        analysis = queue(blob, uuid.uuid4(), SYSTEM, priority)
        failpoint("after_analysis_row")
    failpoint("after_intake_commit")
    return str(analysis.pk)


def watch_the_store() -> None:
    """The two moments round the one in which a blob appears under its name."""
    put = vault.put

    def watched(*args, **kwargs):  # type: ignore[no-untyped-def]
        failpoint("blob_arrived")
        new = put(*args, **kwargs)
        failpoint("blob_in_place")
        return new

    vault.put = watched


def sweep() -> None:
    """Killed at each point, then done again. Every intake has a process of its own."""
    watch_the_store()
    for number, point in enumerate(INTAKE):
        order = {"n": number, "do": "polite", "seconds": 0}
        (Path(os.environ[VARIABLE]) / point).touch()
        killed, _ = in_a_child(order)
        failed, again = in_a_child(order)
        line = {"point": point, "killed": killed, "again": again, "failed": failed}
        print(json.dumps(line), flush=True)


def in_a_child(order: dict[str, object]) -> tuple[bool, str]:
    """Whether it died, and the analysis that it acknowledged."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(writing, take_in(order).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        output = answer.read()
    _, status = os.waitpid(pid, 0)
    return status != 0, output


def main() -> None:
    if sys.argv[1:] == ["--sweep"]:
        sweep()
    elif sys.argv[1:2] == ["--file"]:
        print(take_in_bytes(bytes.fromhex(sys.stdin.read()), sys.argv[2]))
    elif sys.argv[1:] == ["--again"]:
        for line in sys.stdin:
            retry_parked(uuid.UUID(line.strip()), SYSTEM)
    else:
        for line in sys.stdin:
            order = json.loads(line)
            print(order["n"], take_in(order), flush=True)


main()
