"""The decoding of one file, as the parent sees it: frames, sound and footer, each checked.

Every length is checked before a byte is read or allocated; nothing that the child sends is trusted.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from sandbox.line import (
    Exit,
    Line,
    checked_real,
    checked_whole,
    checked_word,
    checked_words,
    read_object,
)  # fmt: skip
from sandbox.types import Footer, Header, Limits, Want
from sandbox.wire import FACTS, FOOTER, FRAME, HEADER, MAX_JSON, MAX_SOUND, PICTURE, SOUND

MAX_PAGES = 1_000_000
_KINDS = {"image", "video", "audio"}
_SPOOL_AFTER = 4 * 1024 * 1024


def read_facts(line: Line, limits: Limits) -> dict[str, Any]:
    try:
        kind, length = line.expected()
        if kind != FACTS or length > limits.max_facts_bytes:
            raise line.breach("facts of a wrong kind or length")
        facts = read_object(line, length)
        if line.message() is not None:
            raise line.breach("more after the facts")
        line.clean = True
        return facts
    finally:
        line.close()


class _Spool:
    """Samples in memory while they are few, in an unnamed file when they are many."""

    def __init__(self) -> None:
        self.count = 0
        self._few: list[NDArray[np.float32]] = []
        self._file: IO[bytes] | None = None

    def add(self, block: NDArray[np.float32]) -> None:
        self.count += len(block)
        if self._file is None and self.count * 4 > _SPOOL_AFTER:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
            for earlier in self._few:
                self._file.write(earlier.tobytes())
            self._few.clear()
        if self._file is None:
            self._few.append(block)
        else:
            self._file.write(block.tobytes())

    def samples(self) -> NDArray[np.float32] | None:
        if not self.count:
            return None
        if self._file is None:
            self._few = [np.concatenate(self._few)]
            return self._few[0]
        self._file.flush()
        return np.memmap(self._file, np.float32, "c", shape=(self.count,))

    def pieces(self, count: int) -> Iterator[NDArray[np.float32]]:
        if self._file is None:
            whole = self.samples()
            for start in range(0, self.count, count):
                assert whole is not None
                yield whole[start : start + count]
            return
        self._file.seek(0)
        while data := self._file.read(count * 4):
            yield np.frombuffer(data, np.float32)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()  # an array that was handed out keeps its own mapping


class Decoding:
    """One file being decoded. Use as a context manager: leaving it ends the child."""

    def __init__(self, line: Line, want: Want, limits: Limits) -> None:
        self._line, self._want, self._limits = line, want, limits
        self._sound = _Spool()
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
        self._sound.close()

    def cancel(self) -> None:
        """Kill the child now. Frames end; the footer is never known."""
        self._line.kill()

    @property
    def footer(self) -> Footer:
        if self._footer is None:
            raise RuntimeError("the footer is known only when frames() is exhausted")
        return self._footer

    def ended(self) -> Exit:
        """How the child ended, by the kernel's own account. Waits for it."""
        return self._line.report()

    def frames(self) -> Iterator[tuple[int, float, NDArray[np.uint8]]]:
        """(index in the file, seconds, pixels), in order; each array is the caller's own."""
        while self._footer is None:
            kind, length = self._line.expected()
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
        return self._sound.samples()

    def audio_pieces(self, count: int) -> Iterator[NDArray[np.float32]]:
        """The same as `audio()`, so many samples at a time: a long recording needs no more room
        than a short one."""
        for _ in self.frames():
            pass
        yield from self._sound.pieces(count)

    def _read_header(self) -> Header:
        kind, length = self._line.expected()
        if kind != HEADER or length > MAX_JSON:
            raise self._line.breach("no header")
        data, line, limits = read_object(self._line, length), self._line, self._limits
        if data.get("kind") not in _KINDS:
            raise line.breach("an unknown kind")
        most = max(limits.max_pixels, limits.max_frame_pixels)
        header = Header(
            kind=data["kind"],
            format=checked_word(line, data.get("format")),
            width=checked_whole(line, data.get("width"), most),
            height=checked_whole(line, data.get("height"), most),
            duration=checked_real(line, data.get("duration"), limits.max_duration),
            fps=checked_real(line, data.get("fps"), 1000.0),
            frames_expected=checked_whole(line, data.get("frames_expected"), 2**32),
            has_audio=data.get("has_audio") is True,
            sample_rate=checked_whole(line, data.get("sample_rate"), 10_000_000),
            channels=checked_whole(line, data.get("channels"), 1024),
            pages=checked_whole(line, data.get("pages"), MAX_PAGES),
            codecs=checked_words(line, data.get("codecs", [])),
            flags=checked_words(line, data.get("flags", [])),
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
        if self._sound.count + length // 4 > (self._limits.max_duration + 30) * rate:
            raise self._line.breach("more sound than allowed")
        block = np.frombuffer(self._line.exactly(length), np.float32)
        if not np.isfinite(block).all() or np.abs(block).max() > 1.0:
            raise self._line.breach("sound out of range")
        self._sound.add(block)

    def _read_footer(self, length: int) -> Footer:
        line, limits = self._line, self._limits
        if length > MAX_JSON:
            raise line.breach("a footer that is too long")
        data = read_object(line, length)
        longest = limits.max_duration + 60
        footer = Footer(
            frames_decoded=checked_whole(line, data.get("frames_decoded"), limits.max_frames) or 0,
            frames_sent=self._sent,
            frames_expected=checked_whole(line, data.get("frames_expected"), 2**32),
            incomplete=data.get("incomplete") is not False,
            flags=checked_words(line, data.get("flags", [])),
            seconds=checked_real(line, data.get("seconds"), longest) or 0.0,
            audio_seconds=checked_real(line, data.get("audio_seconds"), longest) or 0.0,
            decoded_share=checked_real(line, data.get("decoded_share"), 1.0),
            quantiser=checked_real(line, data.get("quantiser"), 128.0),
            cpu_seconds=checked_real(line, data.get("cpu_seconds"), 1e6) or 0.0,
            peak_bytes=checked_whole(line, data.get("peak_bytes"), 2**40) or 0,
        )
        if footer.frames_decoded < self._sent or footer.frames_decoded <= self._last_index:
            raise line.breach("fewer frames than were sent")
        if line.message() is not None:
            raise line.breach("more after the end")
        line.clean = True
        return footer
