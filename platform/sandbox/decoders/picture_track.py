"""The frames of one video stream: all decoded and counted, the sampled ones converted and sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sandbox.decoders.pixels import Sampler, Stretches, fitted
from sandbox.decoders.quantiser import QuantiserProbe
from sandbox.decoders.track import Track
from sandbox.types import Code, Flag, Limits, Rejected, Want

if TYPE_CHECKING:
    from sandbox.decoders.recordings import _Run

MAX_PLAUSIBLE_FPS = 1000
MAX_PLAUSIBLE_GAP = 120.0
NOMINAL_FPS = 25.0


class PictureTrack(Track):
    damaged = Flag.PICTURE_ERRORS

    def __init__(
        self, stream: Any, origin: float, promised: int, want: Want, limits: Limits, flags: set[str]
    ) -> None:
        super().__init__(stream, origin, flags)
        self.want, self.limits = want, limits
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = limits.threads
        self.expected: int | None = promised or None
        self.fps = self._rate()
        self.decoded_frames = self.discarded = self.sent = 0
        self.seconds = 0.0
        self._last_time: float | None = None
        self._size: tuple[int, int] | None = None
        self._rotation = 0
        self._sampler = Sampler(want.sample_fps)
        self._close_sampler = Sampler(want.close_fps)
        self._stretches = Stretches(None, 0.0, want.close_stretch)
        self._held: tuple[int, float, Any] | None = None
        self._quantiser = QuantiserProbe(stream.codec_context)

    def _rate(self) -> float | None:
        rate = self.stream.average_rate or self.stream.guessed_rate
        fps = float(rate) if rate else 0.0
        if fps > MAX_PLAUSIBLE_FPS or Flag.TIMESTAMPS_INVALID in self.flags:
            self.flags.add(Flag.TIMESTAMPS_INVALID)
            return None
        return fps if fps > 0 else None

    def decoded(self, packet: Any) -> Iterator[Any]:
        if packet.is_discard:
            self.discarded += 1
        self._quantiser.take(packet)
        yield from super().decoded(packet)

    def take(self, frame: Any, run: _Run) -> None:
        size = (frame.width, frame.height)
        if frame.width * frame.height > self.limits.max_frame_pixels:
            raise Rejected(Code.TOO_MANY_PIXELS, f"{frame.width}x{frame.height}")
        if max(size) > self.limits.max_aspect * min(size):
            raise Rejected(Code.ASPECT_NOT_SUPPORTED, f"{frame.width}x{frame.height}")
        if self._size is None:
            self._size, self._rotation = size, round(frame.rotation / 90) % 4
            if self._rotation:
                self.flags.add(Flag.ROTATED)
        elif size != self._size:
            self.flags.add(Flag.RESOLUTION_CHANGE)
        if frame.is_corrupt:
            self.flags |= {Flag.DECODE_ERRORS, Flag.PICTURE_ERRORS}
        if self.decoded_frames >= self.limits.max_frames:
            raise Rejected(Code.TOO_MANY_FRAMES, str(self.decoded_frames))
        index, seconds = self.decoded_frames, self._time(frame)
        self.decoded_frames += 1
        self.seconds = seconds
        if seconds > self.limits.max_duration:
            raise Rejected(Code.TOO_LONG, f"{seconds:.0f} s")
        run.begin()
        if not self.want.frames:
            return
        if self._is_due(seconds):
            self._held = None
            self._send(index, seconds, frame, run)
        else:
            self._held = (index, seconds, frame)

    def look_closely(self, duration: float | None, closely: float) -> None:
        """Send this many seconds at full frame rate, to be compared with the sound or with each
        other."""
        self._stretches = Stretches(duration, closely, self.want.close_stretch)

    def _is_due(self, seconds: float) -> bool:
        sampled = self._sampler.is_due(seconds)
        closely = self._stretches.hold(seconds) and self._close_sampler.is_due(seconds)
        return sampled or closely

    def _time(self, frame: Any) -> float:
        """Seconds from the start; where the file's own times make no sense, a plain count."""
        step = 1 / (self.fps or NOMINAL_FPS)
        seconds: float | None = None
        if frame.pts is not None and frame.time_base:
            seconds = float(frame.pts * frame.time_base) - self.origin
        before = self._last_time
        if self.fps is None and Flag.TIMESTAMPS_INVALID in self.flags:
            seconds = None
        valid = seconds is not None and (
            -1.0 <= seconds <= MAX_PLAUSIBLE_GAP
            if before is None
            else before < seconds <= before + MAX_PLAUSIBLE_GAP
        )
        if seconds is None or not valid:
            self.flags.add(Flag.TIMESTAMPS_INVALID)
            seconds = 0.0 if before is None else before + step
        self._last_time = max(seconds, 0.0)
        return self._last_time

    def _send(self, index: int, seconds: float, frame: Any, run: _Run) -> None:
        width, height = fitted(frame.width, frame.height, self.want.max_side)
        rgb = frame.reformat(width=width, height=height, format="rgb24", threads=1).to_ndarray()
        if self._rotation:
            rgb = np.rot90(rgb, self._rotation)
        run.out.picture(index, seconds, np.ascontiguousarray(rgb))
        self.sent += 1

    def send_last(self, run: _Run) -> None:
        if self._held is not None:
            self._send(*self._held, run)

    def header(self) -> dict[str, Any]:
        context = self.stream.codec_context
        width, height = self._size or (context.width, context.height)
        if self._rotation in (1, 3):
            width, height = height, width
        return {
            "kind": "video", "width": width, "height": height, "fps": self.fps,
            "frames_expected": self.expected,
        }  # fmt: skip

    def footer(self) -> dict[str, Any]:
        expected = self.expected
        if expected is None:
            self.flags.add(Flag.FRAME_COUNT_UNKNOWN)
        else:
            # An edit list may tell players to leave frames out: those are not missing.
            expected = max(expected - self.discarded, 0)
        step = 1 / (self.fps or NOMINAL_FPS)
        missing = expected is not None and self.decoded_frames < expected
        return {
            "frames_decoded": self.decoded_frames, "frames_expected": expected,
            "seconds": self.seconds + step, "missing": missing,
            "decoded_share": min(self.decoded_frames / expected, 1.0) if expected else None,
            "quantiser": self._quantiser.mean,
        }  # fmt: skip
