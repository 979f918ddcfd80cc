"""Limits the number of memory arenas of the processes of workers and web servers."""

from __future__ import annotations

import contextlib
import ctypes
import os

MOST = 2
M_ARENA_MAX = -8
"""From glibc's malloc.h."""


def bound() -> None:
    """For this process and all that it starts.

    Checks conclude in threads of their own, and requests are answered in threads. glibc lets each
    thread allocate from an arena that keeps what was freed in it, up to eight arenas for each
    processor: a slot that examined a hundred photographs held a third more than it needed.
    """
    os.environ.setdefault("MALLOC_ARENA_MAX", str(MOST))
    with contextlib.suppress(AttributeError, OSError):  # not every C library is glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, MOST)
