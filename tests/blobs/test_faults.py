"""A killed writer and a full disk: nothing half stored can be seen, and nothing is claimed."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from blobs import vault
from blobs.services import opened, store

PRELUDE = """
    import sys, os, io, time, resource
    import django
    from django.conf import settings
    settings.configure(
        STORAGES={"blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage",
                            "OPTIONS": {"location": sys.argv[1]}}},
        INSTALLED_APPS=["pgtrigger", "audit", "blobs"], USE_TZ=True,
    )
    django.setup()
    from blobs.services import store
    from blobs.errors import StorageFull
"""


def child(code: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PRELUDE) + textwrap.dedent(code), home / "blobs"],
        env={"PYTHONPATH": str(django_settings.ROOT / "platform"), "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def visible(home: Path) -> list[Path]:
    shelf = home / "blobs" / "sha256"
    return [file for file in shelf.rglob("*") if file.is_file()]


def whole(files: list[Path]) -> bool:
    return all(hashlib.sha256(file.read_bytes()).hexdigest() == file.name for file in files)


def test_a_writer_killed_while_it_streams_leaves_nothing_to_see(own_home: Path) -> None:
    """kill -9 with most of the bytes written: no blob, only an unfinished arrival."""
    writer = child(
        """
        class Slow(io.RawIOBase):
            sent = 0
            def read(self, size=-1):
                self.sent += 1
                if self.sent == 4:
                    print("midway", flush=True)
                    time.sleep(60)
                return b"x" * size
        store(Slow())
        """,
        own_home,
    )
    assert writer.stdout and writer.stdout.readline() == "midway\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert writer.returncode == -signal.SIGKILL
    assert visible(own_home) == []
    [left] = (own_home / "blobs" / vault.INCOMING).iterdir()
    assert left.stat().st_size == 3 * vault.CHUNK


@pytest.mark.parametrize("round_", range(8))
def test_a_writer_killed_at_any_moment_leaves_only_whole_blobs(own_home: Path, round_: int) -> None:
    """Killed while it stores file after file: whatever can be seen under a name fits the name."""
    writer = child(
        """
        print("ready", flush=True)
        while True:
            store(io.BytesIO(os.urandom(700_000)))
            print("stored", flush=True)
        """,
        own_home,
    )
    assert writer.stdout
    for _ in range(3):
        writer.stdout.readline()
    time.sleep(0.003 * round_)
    writer.send_signal(signal.SIGKILL)
    stored = 2 + writer.communicate()[0].count("stored\n")
    files = visible(own_home)
    assert whole(files)
    assert stored <= len(files) <= stored + 1


def test_a_full_store_is_said_and_leaves_nothing(own_home: Path) -> None:
    """More than fits: one clear error, no blob, no leftover; what fits goes in as ever."""
    writer = child(
        """
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
        try:
            store(io.BytesIO(os.urandom(5_000_000)))
        except StorageFull as full:
            print(full.code, "|", full.sentence)
        print(store(io.BytesIO(b"small")).size)
        """,
        own_home,
    )
    output, trouble = writer.communicate()
    assert writer.returncode == 0, trouble
    first, second = output.splitlines()
    assert first.startswith("storage_full | The media store is full.")
    assert second == "5"
    [file] = visible(own_home)
    assert file.read_bytes() == b"small"
    assert list((own_home / "blobs" / vault.INCOMING).iterdir()) == []


def test_a_reader_that_breaks_off_leaves_nothing(own_home: Path) -> None:
    """The sender goes away in the middle: the error is theirs to see, the store is as before."""

    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            if not hasattr(self, "sent"):
                self.sent = True
                return b"x" * size
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store(Broken())  # type: ignore[arg-type]
    assert visible(own_home) == []
    assert list((own_home / "blobs" / vault.INCOMING).iterdir()) == []
    with opened(store(io.BytesIO(b"next")).sha256) as file:
        assert file.read() == b"next"
