"""Workers and web servers use few memory arenas, so that they return unused memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from jobs.worker import arenas

ROOT = Path(__file__).resolve().parents[2]
COUNTS = """
import ctypes, sys, tempfile, threading
sys.path.insert(0, "platform")
from jobs.worker import arenas
if sys.argv[1] == "worker":
    arenas.bound()
elif sys.argv[1] == "web":
    import runpy
    runpy.run_path("platform/config/serving.py")
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.fopen.restype, libc.malloc_info.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
together = threading.Barrier(6)
def allocates():
    together.wait()
    for _ in range(200):
        libc.malloc(5000)
    together.wait()
threads = [threading.Thread(target=allocates) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tempfile.NamedTemporaryFile("r") as statistics:
    file = libc.fopen(statistics.name.encode(), b"w")
    libc.malloc_info(0, file)
    libc.fclose(file)
    print(statistics.read().count("<heap nr="))
"""


def arenas_of(kind: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", COUNTS, kind],
        cwd=ROOT, check=True, capture_output=True, text=True,
        env={
            **{k: v for k, v in os.environ.items() if k != "MALLOC_ARENA_MAX"},
            "PROMETHEUS_MULTIPROC_DIR": tempfile.gettempdir(),
        },
    )  # fmt: skip
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="arenas are glibc's")
@pytest.mark.parametrize("kind", ["worker", "web"])
def test_threads_share_two_arenas(kind: str) -> None:
    """As many threads would otherwise have as many arenas, each with what was freed in it."""
    assert arenas_of("plain") > arenas.MOST
    assert arenas_of(kind) <= arenas.MOST
