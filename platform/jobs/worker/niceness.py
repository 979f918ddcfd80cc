"""Lowers the priority of analyses, so that on one machine requests are answered first."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")


def lower_priority(by: int) -> None:
    """Lower this process's share of the processor, and that of all it starts.

    A Linux that groups processes by session weighs the sessions first, and niceness only within
    one: whoever leads a session of its own lowers that one too.
    """
    os.nice(by)
    if by and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # not every kernel groups
            AUTOGROUP.write_text(str(by))
