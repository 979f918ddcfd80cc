"""The web server's own processes, with an application that does nearly nothing."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.partners.served import ROOT
from tests.serving.clients import BOUNDARY, Answer, head, link

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[tuple[int, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.serving.bare_settings",
        "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
    }
    command = [
        sys.executable, "-m", "gunicorn", "tests.serving.bare_application:application",
        "--config", str(ROOT / "platform/config/serving.py"), "--bind", f"127.0.0.1:{port}",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        deadline = time.monotonic() + 60
        master = psutil.Process(process.pid)
        while asyncio.run(answer_to(port)).status != 200 or len(master.children()) < 2:
            assert time.monotonic() < deadline, "the web server did not come up"
            time.sleep(0.2)
        time.sleep(1)  # each of them has opened what it keeps open
        yield port, master
    finally:
        process.terminate()
        process.wait(60)


async def answer_to(port: int, path: str = "/x") -> Answer:
    try:
        async with link(port) as one:
            await one.send(head("GET", path))
            return await one.answer(20)
    except OSError:
        return Answer(0, b"", 0)


def open_files(master: psutil.Process) -> int:
    return sum(worker.num_fds() for worker in master.children())


def test_clients_that_vanish_leave_no_connection_behind(
    server: tuple[int, psutil.Process],
) -> None:
    """They ask and go away before the answer; their connections were open for ever, once."""
    port, master = server

    async def vanish() -> None:
        async with link(port) as one:
            await one.send(head("GET", "/x"))

    async def scene() -> None:
        await asyncio.gather(*(vanish() for _ in range(60)))

    before = open_files(master)
    asyncio.run(scene())
    deadline = time.monotonic() + 20
    while open_files(master) > before and time.monotonic() < deadline:
        time.sleep(0.2)
    assert open_files(master) <= before


def test_connections_are_shared_between_the_processes(server: tuple[int, psutil.Process]) -> None:
    """Of 60 that stay open no process has nearly all."""
    port, master = server
    before = [worker.num_fds() for worker in master.children()]
    links = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    time.sleep(1)
    after = [worker.num_fds() for worker in master.children()]
    shares = [late - early for early, late in zip(before, after, strict=True)]
    for one in links:
        one.close()
    assert sum(shares) >= 60 and min(shares) >= 6


def test_what_comes_in_pieces_and_pipelined_arrives_as_it_was_sent(
    server: tuple[int, psutil.Process],
) -> None:
    """Bytes of the path, bodies in memory and on disk, two requests in one go."""
    port, _ = server

    async def sent(body: bytes, pieces: int) -> Answer:
        async with link(port) as one:
            kind = f"multipart/form-data; boundary={BOUNDARY}"
            await one.send(head("POST", "/x", Content_Length=str(len(body)), Content_Type=kind))
            await one.trickle(body, pieces, 0.01)
            return await one.answer(20)

    async def scene() -> None:
        assert (await answer_to(port, "/%ff%C3%A4")).body == b"/\xff\xc3\xa4"
        small, large = os.urandom(1000), os.urandom(3_000_000)
        assert (await sent(small, 10)).body == small
        assert (await sent(large, 50)).body == large
        async with link(port) as one:
            await one.send(head("GET", "/1", Connection="keep-alive") + head("GET", "/2"))
            both = await one.answer(20)
            assert both.body.startswith(b"/1HTTP/1.1 200") and both.body.endswith(b"/2")

    asyncio.run(scene())
