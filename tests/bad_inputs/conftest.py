"""Traps around the sandbox: a server that must never be called and a canary file that must never be
read."""

from __future__ import annotations

import ctypes
import os
import select
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.services import Warden


class Listener:
    """Counts connections on a loopback port."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.hits = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.hits += 1
            connection.close()


class Canary:
    """A file watched by the kernel: every opening of it is counted."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "canary.mp4"
        self.path.write_bytes(b"the canary sings")
        libc = ctypes.CDLL(None)
        self._watch = libc.inotify_init()
        opened, read = 0x20, 0x1
        libc.inotify_add_watch(self._watch, os.fsencode(self.path), opened | read)

    def openings(self) -> int:
        count = 0
        while select.select([self._watch], [], [], 0)[0]:
            data = os.read(self._watch, 65536)
            at = 0
            while at < len(data):
                count += 1
                at += 16 + struct.unpack_from("iIII", data, at)[3]
        return count


@pytest.fixture(scope="session")
def warden() -> Iterator[Warden]:
    with Warden() as running:
        yield running


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    trap = Listener()
    yield trap
    trap.socket.close()


@pytest.fixture(scope="session")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Canary:
    folder = tmp_path_factory.mktemp("canary")
    folder.chmod(0o755)
    trap = Canary(folder)
    trap.path.chmod(0o644)
    return trap
