"""The parent's end of one child: a pipe read to exact lengths, and a lifeline.

Time counts only while the parent waits for the child, so that a slow consumer is not blamed on the
file. A child that breaks the protocol is killed.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import select
import socket
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from sandbox.types import Code, Rejected, SandboxFailed
from sandbox.wire import MAX_JSON, PREFIX, REFUSED, TROUBLE

F_SETPIPE_SZ = 1031
PIPE_BYTES = 1024 * 1024
REPORT_SECONDS = 10.0
_WORD = re.compile(r"[A-Za-z0-9_.,:+ -]{0,80}")


@dataclass(frozen=True, slots=True)
class Exit:
    """How the child ended, reported by the warden, which is trusted."""

    status: int
    cpu: float
    peak: int


class Line:
    """One child as its parent sees it: the pipe it writes to and the lifeline that keeps it."""

    def __init__(self, pipe: int, lifeline: socket.socket, seconds: float) -> None:
        self.pipe = pipe
        self.lifeline = lifeline
        self.seconds_left = seconds
        self.exit: Exit | None = None
        self.clean = False
        """The pipe ended where it should."""
        try:
            fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass  # a smaller pipe is only slower
        self._poll = select.poll()
        self._poll.register(pipe, select.POLLIN | select.POLLHUP)

    def fill(self, target: memoryview) -> int:
        """Read until `target` is full or the pipe has ended; how much was read."""
        done = 0
        while done < len(target):
            started = time.monotonic()
            ready = self._poll.poll(max(self.seconds_left, 0) * 1000)
            self.seconds_left -= time.monotonic() - started
            if not ready:
                self.kill()
                raise SandboxFailed("timeout", "the child did not answer in time")
            count = os.readv(self.pipe, [target[done:]])
            if count == 0:
                break
            done += count
        return done

    def exactly(self, count: int) -> bytearray:
        data = bytearray(count)
        if self.fill(memoryview(data)) != count:
            self.ended_early()
        return data

    def message(self) -> tuple[bytes, int] | None:
        """The next message's kind and length; None where the pipe ended between messages."""
        prefix = bytearray(PREFIX.size)
        count = self.fill(memoryview(prefix))
        if count == 0:
            return None
        if count < len(prefix):
            self.ended_early()
        kind, length = PREFIX.unpack(prefix)
        return kind, length

    def expected(self) -> tuple[bytes, int]:
        """The next message, which must be there and must not be a refusal."""
        got = self.message()
        if got is None:
            self.ended_early()
        raise_refusal(self, *got)
        return got

    def breach(self, what: str) -> SandboxFailed:
        self.kill()
        return SandboxFailed("protocol", what)

    def ended_early(self) -> NoReturn:
        """Raise what the child's end means."""
        end = self.report()
        if end.status == -24 or (end.status == -9 and end.cpu > 5):  # SIGXCPU, or its hard limit
            raise Rejected(Code.TOO_EXPENSIVE, f"{end.cpu:.0f} s of CPU")
        if end.status == -9:
            raise SandboxFailed("killed", "the child was killed, perhaps for want of memory")
        if end.status < 0:
            raise SandboxFailed("crashed", f"the decoder died of signal {-end.status}")
        raise SandboxFailed("protocol", f"the child ended early with status {end.status}")

    def report(self) -> Exit:
        if self.exit is None:
            try:
                self.lifeline.settimeout(REPORT_SECONDS)
                data = json.loads(self.lifeline.recv(4096) or b"{}")
            except (OSError, ValueError) as error:
                raise SandboxFailed("unavailable", type(error).__name__) from error
            if "status" not in data:
                raise SandboxFailed("unavailable", str(data.get("error", "the warden is gone")))
            self.exit = Exit(int(data["status"]), float(data["cpu"]), int(data["peak"]))
        return self.exit

    def kill(self) -> None:
        """Closing our half of the lifeline is the order to kill; wait until it was carried out."""
        if self.exit is not None:
            return
        try:
            self.lifeline.shutdown(socket.SHUT_WR)
            self.report()
        except (OSError, SandboxFailed):
            pass

    def close(self) -> None:
        """After a clean end there is nothing to wait for: the warden reaps what we let go of."""
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1
            if not self.clean:
                self.kill()
            self.lifeline.close()


def raise_refusal(line: Line, kind: bytes, length: int) -> None:
    """Raise for the two messages that say no; return for every other."""
    if kind not in (REFUSED, TROUBLE):
        return
    if length > MAX_JSON:
        raise line.breach("a refusal that is too long")
    data = read_object(line, length)
    detail = checked_word(line, data.get("detail", ""))
    if kind == TROUBLE:
        line.kill()
        raise SandboxFailed("no_wall" if detail.startswith("no_wall") else "internal", detail)
    code = data.get("code")
    if code not in set(Code):
        raise line.breach("an unknown refusal")
    line.kill()
    raise Rejected(Code(code), detail)


def read_object(line: Line, length: int) -> dict[str, Any]:
    try:
        value = json.loads(line.exactly(length))
    except (ValueError, RecursionError) as error:
        raise line.breach("not JSON") from error
    if not isinstance(value, dict):
        raise line.breach("not an object")
    return value


def checked_word(line: Line, value: Any) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise line.breach("an odd word")
    return value


def checked_words(line: Line, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 40:
        raise line.breach("an odd list")
    return tuple(checked_word(line, v) for v in value)


def checked_whole(line: Line, value: Any, most: int) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= most:
        raise line.breach("a number out of range")
    return value


def checked_real(line: Line, value: Any, most: float) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= most:
        raise line.breach("a number out of range")
    return float(value)
