"""The parent's side of the wall: it reads exactly what was promised and believes nothing.

Every length is checked before a byte is read or allocated. Time is counted only while the parent
waits for the child, so that a slow consumer is not the file's fault.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import select
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sandbox.types import Code, Footer, Header, Limits, Rejected, SandboxFailed, Want
from sandbox.wire import (
    FACTS,
    FOOTER,
    FRAME,
    HEADER,
    MAX_JSON,
    MAX_SOUND,
    PICTURE,
    PREFIX,
    REFUSED,
    SOUND,
    TROUBLE,
)  # fmt: skip

F_SETPIPE_SZ = 1031
PIPE_BYTES = 1024 * 1024
REPORT_SECONDS = 10.0
_WORD = re.compile(r"[A-Za-z0-9_.,:+ -]{0,80}")
_KINDS = {"image", "video", "audio"}


@dataclass(frozen=True, slots=True)
class Exit:
    """How the child ended, told by the warden, who is trusted."""

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

    def breach(self, what: str) -> SandboxFailed:
        self.kill()
        return SandboxFailed("protocol", what)

    def ended_early(self) -> None:
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
                told = json.loads(self.lifeline.recv(4096) or b"{}")
            except (OSError, ValueError) as error:
                raise SandboxFailed("unavailable", type(error).__name__) from error
            if "status" not in told:
                raise SandboxFailed("unavailable", str(told.get("error", "the warden is gone")))
            self.exit = Exit(int(told["status"]), float(told["cpu"]), int(told["peak"]))
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
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1
            self.kill()
            self.lifeline.close()


def _refusal(line: Line, kind: bytes, length: int) -> None:
    """Raise for the two messages that say no; return for every other."""
    if kind not in (REFUSED, TROUBLE):
        return
    if length > MAX_JSON:
        raise line.breach("a refusal that is too long")
    told = _object(line, length)
    detail = _word(line, told.get("detail", ""))
    if kind == TROUBLE:
        line.kill()
        raise SandboxFailed("no_wall" if detail.startswith("no_wall") else "internal", detail)
    code = told.get("code")
    if code not in set(Code):
        raise line.breach("an unknown refusal")
    line.kill()
    raise Rejected(Code(code), detail)


def _object(line: Line, length: int) -> dict[str, Any]:
    try:
        value = json.loads(line.exactly(length))
    except (ValueError, RecursionError) as error:
        raise line.breach("not JSON") from error
    if not isinstance(value, dict):
        raise line.breach("not an object")
    return value


def _word(line: Line, value: Any) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise line.breach("an odd word")
    return value


def _words(line: Line, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 40:
        raise line.breach("an odd list")
    return tuple(_word(line, v) for v in value)


def _whole(line: Line, value: Any, most: int) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= most:
        raise line.breach("a number out of range")
    return value


def _real(line: Line, value: Any, most: float) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= most:
        raise line.breach("a number out of range")
    return float(value)


def read_facts(line: Line, limits: Limits) -> dict[str, Any]:
    try:
        got = line.message()
        if got is None:
            line.ended_early()
        assert got is not None
        kind, length = got
        _refusal(line, kind, length)
        if kind != FACTS or length > limits.max_facts_bytes:
            raise line.breach("facts of a wrong kind or length")
        return _object(line, length)
    finally:
        line.close()


class Decoding:
    """One file being decoded. Use as a context manager: leaving it ends the child."""

    def __init__(self, line: Line, want: Want, limits: Limits) -> None:
        self._line, self._want, self._limits = line, want, limits
        self._sound: Any = None
        self._samples = 0
        self._footer: Footer | None = None
        self._last_index, self._last_seconds, self._sent = -1, 0.0, 0
        try:
            self.header = self._read_header()
        except BaseException:
            self.close()
            raise
        seconds = self.header.duration or limits.max_duration
        line.seconds_left += limits.wall_per_media_second * seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._line.close()

    def cancel(self) -> None:
        """Kill the child now. Frames end; the footer is never known."""
        self._line.kill()

    @property
    def footer(self) -> Footer:
        if self._footer is None:
            raise RuntimeError("the footer is known only when frames() is exhausted")
        return self._footer

    def frames(self) -> Iterator[tuple[int, float, NDArray[np.uint8]]]:
        """(index in the file, seconds, pixels), in order; each array is the caller's own."""
        while self._footer is None:
            got = self._line.message()
            if got is None:
                self._line.ended_early()
            assert got is not None
            kind, length = got
            _refusal(self._line, kind, length)
            if kind == PICTURE:
                yield self._picture(length)
            elif kind == SOUND:
                self._block(length)
            elif kind == FOOTER:
                self._footer = self._read_footer(length)
            else:
                raise self._line.breach("an unknown message")

    def audio(self) -> NDArray[np.float32] | None:
        """Float32, mono, at the rate asked for; long recordings are mapped from a spool file."""
        for _ in self.frames():
            pass
        if not self._samples or self._sound is None:
            return None
        self._sound.flush()
        if getattr(self._sound, "_rolled", False):
            return np.memmap(self._sound, np.float32, "c", shape=(self._samples,))
        self._sound.seek(0)
        return np.frombuffer(self._sound.read(), np.float32).copy()

    def _read_header(self) -> Header:
        got = self._line.message()
        if got is None:
            self._line.ended_early()
        assert got is not None
        kind, length = got
        _refusal(self._line, kind, length)
        if kind != HEADER or length > MAX_JSON:
            raise self._line.breach("no header")
        told, line, limits = _object(self._line, length), self._line, self._limits
        if told.get("kind") not in _KINDS:
            raise line.breach("an unknown kind")
        most = max(limits.max_pixels, limits.max_frame_pixels)
        header = Header(
            kind=told["kind"],
            format=_word(line, told.get("format")),
            width=_whole(line, told.get("width"), most),
            height=_whole(line, told.get("height"), most),
            duration=_real(line, told.get("duration"), limits.max_duration),
            fps=_real(line, told.get("fps"), 1000.0),
            frames_expected=_whole(line, told.get("frames_expected"), 2**32),
            has_audio=told.get("has_audio") is True,
            sample_rate=_whole(line, told.get("sample_rate"), 10_000_000),
            channels=_whole(line, told.get("channels"), 1024),
            codecs=_words(line, told.get("codecs", [])),
            flags=_words(line, told.get("flags", [])),
        )
        if (header.kind == "audio") != (not header.width or not header.height):
            raise line.breach("a size that does not fit the kind")
        if (header.width or 0) * (header.height or 0) > self._most_pixels(header):
            raise line.breach("more pixels than allowed")
        return header

    def _most_pixels(self, header: Header) -> int:
        still = header.kind == "image" or "animated_image" in header.flags
        return self._limits.max_pixels if still else self._limits.max_frame_pixels

    def _picture(self, length: int) -> tuple[int, float, NDArray[np.uint8]]:
        line, limits = self._line, self._limits
        if length != FRAME.size or not self._want.frames or self.header.kind == "audio":
            raise line.breach("a picture that was not asked for")
        index, seconds, height, width = FRAME.unpack(line.exactly(length))
        most = 1 if self.header.kind == "image" else limits.max_frames
        if not self._last_index < index < most or self._sent >= most:
            raise line.breach("a frame out of order, or too many")
        if not math.isfinite(seconds) or not self._last_seconds <= seconds <= limits.max_duration:
            raise line.breach("a time out of order")
        if not 0 < height * width <= self._most_pixels(self.header):
            raise line.breach("a frame of a size that is not allowed")
        side = self._want.max_side
        if side and max(height, width) > side:
            raise line.breach("a frame larger than asked for")
        promised = (self.header.width, self.header.height)
        if self.header.kind == "image" and not side and (width, height) != promised:
            raise line.breach("a picture that is not of the promised size")
        pixels: NDArray[np.uint8] = np.empty((height, width, 3), np.uint8)
        if line.fill(pixels.data.cast("B")) != pixels.nbytes:
            line.ended_early()
        self._last_index, self._last_seconds = index, seconds
        self._sent += 1
        return index, seconds, pixels

    def _block(self, length: int) -> None:
        rate = self._want.audio_rate
        if rate is None or not self.header.has_audio or not 0 < length <= MAX_SOUND or length % 4:
            raise self._line.breach("sound that was not asked for")
        self._samples += length // 4
        if self._samples > (self._limits.max_duration + 30) * rate:
            raise self._line.breach("more sound than allowed")
        block = np.frombuffer(self._line.exactly(length), np.float32)
        if not np.isfinite(block).all() or np.abs(block).max() > 1.0:
            raise self._line.breach("sound out of range")
        if self._sound is None:
            self._sound = tempfile.SpooledTemporaryFile(max_size=4 * 1024 * 1024)  # noqa: SIM115
        self._sound.write(block.tobytes())

    def _read_footer(self, length: int) -> Footer:
        line, limits = self._line, self._limits
        if length > MAX_JSON:
            raise line.breach("a footer that is too long")
        told = _object(line, length)
        longest = limits.max_duration + 60
        footer = Footer(
            frames_decoded=_whole(line, told.get("frames_decoded"), limits.max_frames) or 0,
            frames_sent=self._sent,
            frames_expected=_whole(line, told.get("frames_expected"), 2**32),
            incomplete=told.get("incomplete") is not False,
            flags=_words(line, told.get("flags", [])),
            seconds=_real(line, told.get("seconds"), longest) or 0.0,
            audio_seconds=_real(line, told.get("audio_seconds"), longest) or 0.0,
            decoded_share=_real(line, told.get("decoded_share"), 1.0),
        )
        if footer.frames_decoded < self._sent or footer.frames_decoded <= self._last_index:
            raise line.breach("fewer frames than were sent")
        if line.message() is not None:
            raise line.breach("more after the end")
        end = line.report()
        if end.status != 0:
            line.ended_early()
        return replace(footer, cpu_seconds=end.cpu, peak_bytes=end.peak)
