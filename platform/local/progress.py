"""Runs uv and shows its progress without its list of every package.

uv draws a progress bar where it writes to a terminal and has no option to leave the list alone
out. So it gets a terminal of its own where we have one, and its output is passed on but for the
list, which follows the line "Installed 180 packages".
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable, Sequence
from pathlib import Path

COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
PARTS = re.compile(rb"[^\n]*\n|[^\n]+")
SUMMED_UP = re.compile(rb"Installed \d+ packages? in")
LISTED = re.compile(rb" [+~-] \S+==\S+| Downloaded \S+$", re.MULTILINE)
Write = Callable[[bytes], object]


class WithoutTheList:
    """Passes on what it is fed, but for the lines of packages after the summary; without progress
    bars also for what was downloaded, of which "Downloading" tells enough."""

    def __init__(self, write: Write, bars: bool = True) -> None:
        self._write = write
        self._line = b""
        self._by_line = not bars

    def feed(self, chunk: bytes) -> None:
        for part in PARTS.findall(chunk):
            self._line += part
            held = self._by_line
            if not held:
                self._write(part)  # at once: a progress bar has no ends of lines
            if part.endswith(b"\n"):
                self._end_line(held)

    def _end_line(self, held: bool) -> None:
        plain = COLOUR.sub(b"", self._line)
        if held and not LISTED.match(plain):
            self._write(self._line)
        self._by_line = self._by_line or bool(SUMMED_UP.search(plain))
        self._line = b""

    def close(self) -> None:
        if self._by_line:
            self._write(self._line)


def run(
    command: Sequence[str], *, cwd: Path, write: Write | None = None, terminal: bool | None = None
) -> int:
    """Runs the command to its end and returns its exit status."""
    if terminal is None:
        terminal = sys.stderr.isatty()
    display = WithoutTheList(write or _to_standard_error, bars=terminal)
    ours, its = _terminal() if terminal else os.pipe()
    try:
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=its, stderr=its
        )
    finally:
        os.close(its)
    with open(ours, "rb", buffering=0) as output, contextlib.suppress(OSError):  # noqa: PTH123
        while chunk := output.read(65536):  # a terminal whose other end is closed raises OSError
            display.feed(chunk)
    display.close()
    return process.wait()


def _terminal() -> tuple[int, int]:
    """Our end and the other end of a new terminal, as wide as ours."""
    ours, its = pty.openpty()
    with contextlib.suppress(OSError):
        size = fcntl.ioctl(sys.stderr.fileno(), termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(its, termios.TIOCSWINSZ, size)
    return ours, its


def _to_standard_error(chunk: bytes) -> None:
    sys.stderr.buffer.write(chunk)
    sys.stderr.buffer.flush()
