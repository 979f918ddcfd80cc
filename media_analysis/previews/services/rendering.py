"""A film made again from clean frames and samples, small enough for a page: WebM, VP9 and Opus.

No byte of the original reaches the copy: the sandbox decodes, and only its pixels and samples are
encoded here. Both keep their own times, so that picture and sound stay together; what is rounded
is rounded to a thousandth of a second. Frames go to the encoder as they come and the encoder
writes to files, so a long film needs no more memory than a short one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from sandbox.services import warden
from sandbox.types import Limits, Rejected, Want

SIDE = 480
RATE = 48_000
CLOSEST = 0.026
"""Seconds between two frames of the copy: of 50 or 60 a second every other one is left out."""
EVERY_FRAME = 1000.0
MILLISECONDS = Fraction(1, 1000)
PICTURE_BITS, SOUND_BITS = 500_000, 64_000
KEY_EVERY = 50
"""Frames; what a browser decodes at most to step back by one."""
OPUS_FRAME = 960
SAME_BYTES = {"fflags": "+bitexact"}
"""No name of a writer and no chance number: the same original gives the same copy."""
DECODED_SHARE = 0.9
"""The share of the progress for the pictures. The rest is the sound and the file."""

Picture = NDArray[np.uint8]


class Stopped(Exception):
    """`should_stop` said so."""


@dataclass(frozen=True)
class Made:
    media_type: str
    seconds: float
    fps: float | None
    took: float


def make(
    file: BinaryIO,
    copy: IO[bytes],
    *,
    max_seconds: float,
    progress: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> Made:
    """Write the copy of `file` to `copy`. Raises what the sandbox raises, or `Stopped`."""
    began = time.monotonic()
    want = Want(sample_fps=EVERY_FRAME, max_side=SIDE, audio_rate=RATE, sound_in_time=True)
    limits = Limits(max_duration=max_seconds)
    with warden().decode(file, want=want, limits=limits) as decoding, TemporaryFile() as silent:
        length = decoding.header.duration or max_seconds
        reel = _Reel(silent)
        for _, seconds, pixels in decoding.frames():
            if should_stop():
                raise Stopped
            reel.add(seconds, pixels)
            progress(min(seconds / length, 1.0) * DECODED_SHARE)
        reel.close()
        sounds = _checked(decoding.audio_pieces(RATE), should_stop)
        samples = _join(silent if reel.frames else None, sounds, copy)
    if not reel.frames and not samples:
        raise Rejected("no_media")
    return Made(
        media_type="video/webm" if reel.frames else "audio/webm",
        seconds=max(reel.end, samples / RATE),
        fps=reel.fps,
        took=time.monotonic() - began,
    )


def _checked(
    pieces: Iterator[NDArray[np.float32]], should_stop: Callable[[], bool]
) -> Iterator[NDArray[np.float32]]:
    for piece in pieces:
        if should_stop():
            raise Stopped
        yield piece


class _Reel:
    """The pictures alone, encoded to a file of their own: the sound is whole only after them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._container: Any = None
        self._stream: Any = None
        self._last = -1.0
        self._first = 0.0
        self.frames = 0

    @property
    def fps(self) -> float | None:
        span = self._last - self._first
        if not self.frames:
            return None
        return round((self.frames - 1) / span, 3) if self.frames > 1 and span > 0 else 1.0

    @property
    def end(self) -> float:
        return self._last + 1 / (self.fps or 1.0) if self.frames else 0.0

    def add(self, seconds: float, pixels: Picture) -> None:
        if self.frames and seconds - self._last < CLOSEST:
            return
        if self._container is None:
            self._open(pixels)
            self._first = seconds
        frame = av.VideoFrame.from_ndarray(
            _of_size(pixels, self._stream.width, self._stream.height), format="rgb24"
        )
        frame.pts, frame.time_base = round(seconds * 1000), MILLISECONDS
        self._container.mux(self._stream.encode(frame))
        self._last = seconds
        self.frames += 1

    def _open(self, pixels: Picture) -> None:
        height, width = (max(side // 2 * 2, 2) for side in pixels.shape[:2])
        self._container = av.open(self._file, "w", format="matroska")
        stream = self._container.add_stream("libvpx-vp9", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = PICTURE_BITS
        stream.options = {
            "deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "row-mt": "1",
            "crf": "32",
        }  # fmt: skip
        stream.codec_context.time_base = MILLISECONDS
        stream.codec_context.gop_size = KEY_EVERY
        stream.codec_context.thread_count = 2
        self._stream = stream

    def close(self) -> None:
        if self._container is not None:
            self._container.mux(self._stream.encode())
            self._container.close()


def _of_size(pixels: Picture, width: int, height: int) -> Picture:
    """As it is but for an odd line; a frame of another size is fitted into the first one's."""
    tall, wide = pixels.shape[:2]
    if wide - width in (0, 1) and tall - height in (0, 1):
        return np.ascontiguousarray(pixels[:height, :width])
    scale = min(width / wide, height / tall)
    size = max(round(wide * scale), 1), max(round(tall * scale), 1)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    whole = np.zeros((height, width, 3), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    whole[top : top + size[1], left : left + size[0]] = small
    return whole


def _join(silent: IO[bytes] | None, sounds: Iterator[NDArray[np.float32]], copy: IO[bytes]) -> int:
    """Pictures and sound in the order of their times. Returns the number of samples."""
    waiting = _in_frames(sounds)
    sound = next(waiting, None)
    with ExitStack() as stack:
        out = stack.enter_context(av.open(copy, "w", format="webm", options=SAME_BYTES))
        packets = stack.enter_context(_Pictures(silent, out)) if silent else ()
        voice = _Voice(out) if sound is not None else None
        for packet in packets:
            while voice and sound is not None and voice.seconds <= packet.pts / 1000:
                voice.add(sound)
                sound = next(waiting, None)
            out.mux(packet)
        while voice and sound is not None:
            voice.add(sound)
            sound = next(waiting, None)
        if voice:
            voice.close()
    return voice.samples if voice else 0


class _Pictures:
    """What `_Reel` has written, for the file that has the sound too."""

    def __init__(self, silent: IO[bytes], out: Any) -> None:
        silent.seek(0)
        self._reel = av.open(silent, "r", format="matroska")
        self._stream = out.add_stream_from_template(self._reel.streams.video[0])

    def __enter__(self) -> Iterator[Any]:
        for packet in self._reel.demux(video=0):
            if packet.dts is not None:
                packet.stream = self._stream
                yield packet

    def __exit__(self, *_: object) -> None:
        self._reel.close()


class _Voice:
    def __init__(self, container: Any) -> None:
        self._container = container
        self._stream = container.add_stream("libopus", rate=RATE, layout="mono")
        self._stream.bit_rate = SOUND_BITS
        self.samples = 0

    @property
    def seconds(self) -> float:
        return self.samples / RATE

    def add(self, samples: NDArray[np.float32]) -> None:
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.samples, Fraction(1, RATE)
        self._container.mux(self._stream.encode(frame))
        self.samples += samples.size

    def close(self) -> None:
        self._container.mux(self._stream.encode())


def _in_frames(pieces: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """As many samples at a time as the encoder takes."""
    rest = np.empty(0, np.float32)
    for piece in pieces:
        rest = np.concatenate([rest, piece])
        whole = len(rest) // OPUS_FRAME * OPUS_FRAME
        yield from np.split(rest[:whole], range(OPUS_FRAME, whole, OPUS_FRAME)) if whole else ()
        rest = rest[whole:]
    if rest.size:
        yield rest
