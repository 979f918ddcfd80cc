"""The samples of one sound stream: mono, float32, at the rate that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from numpy.typing import NDArray

from sandbox.decoders.track import Track
from sandbox.types import Code, Flag, Limits, Rejected, Want
from sandbox.wire import Out

if TYPE_CHECKING:
    from sandbox.decoders.recordings import _Run

BLOCK = 32_000
"""Samples that are sent together: each message has its price on both sides."""
MAX_WAITING = 16 * 1024 * 1024 // 4
MAX_CHANGES = 1000
MAX_PAD_SECONDS = 10.0
MAX_DRIFT_SECONDS = 0.02
"""Times in a container are rounded, to a thousandth of a second in some."""
MAX_HOLE_SECONDS = 120.0
"""Where times jump further they are not believed, as for pictures."""


class SoundTrack(Track):
    damaged = Flag.SOUND_ERRORS

    def __init__(
        self, stream: Any, origin: float, want: Want, limits: Limits, flags: set[str]
    ) -> None:
        super().__init__(stream, origin, flags)
        self.wanted = want.audio_rate is not None
        self.in_time = want.sound_in_time
        self._given = 0.0
        self.rate = want.audio_rate or 16_000
        self.limits = limits
        stream.codec_context.thread_count = 1
        self._resampler = _resampler(self.rate)
        self._changes = 0
        self._first = True
        self._waiting: list[NDArray[np.float32]] = []
        self._held = 0
        self.samples = 0
        self.source_samples = 0
        self.packets = 0
        self.dropped = False
        """Decoding it broke; what came before stands."""

    @property
    def seconds(self) -> float:
        rate = self.stream.codec_context.sample_rate
        return self.source_samples / rate if rate else 0.0

    def decoded(self, packet: Any) -> Iterator[Any]:
        if self.dropped:
            return
        self.packets += bool(packet.size)
        yield from super().decoded(packet)

    def take(self, frame: Any, run: _Run) -> None:
        if self._first and not self.in_time:
            self._pad(frame)
            self._first = False
        self.source_samples += frame.samples
        if self.seconds > self.limits.max_duration:
            raise Rejected(Code.TOO_LONG, f"{self.seconds:.0f} s")
        if not self.wanted or (self.in_time and not self._bridged(frame, run)):
            return
        self._give_blocks(self._resampled(frame), run)

    def _resampled(self, frame: Any) -> list[Any]:
        """A stream can change its rate or layout; that is stated, and decoding continues. Sound
        that cannot be mixed down at all (a hundred channels) is also stated and left out."""
        try:
            try:
                return list(self._resampler.resample(frame))
            except ValueError:
                if self._changes >= MAX_CHANGES:
                    raise
                self._changes += 1
                rest = self._rest()
                self._resampler = _resampler(self.rate)
                after = list(self._resampler.resample(frame))
                self.flags.add(Flag.AUDIO_FORMAT_CHANGE)
                return rest + after
        except (ValueError, av.error.FFmpegError) as error:
            if isinstance(error, MemoryError):
                raise
            self.flags.add(Flag.DECODE_ERRORS)
            return []

    def _rest(self) -> list[Any]:
        """What the resampler still holds; one that never took a frame in holds nothing."""
        try:
            return list(self._resampler.resample(None))
        except (ValueError, av.error.FFmpegError) as error:
            if isinstance(error, MemoryError):
                raise
            return []

    def _pad(self, frame: Any) -> None:
        """Silence, so that sample 0 is second 0 of the pictures."""
        if frame.pts is None or not frame.time_base:
            return
        late = float(frame.pts * frame.time_base) - self.origin
        if self.wanted and 0.001 < late <= MAX_PAD_SECONDS:
            self._waiting.append(np.zeros(round(late * self.rate), np.float32))

    def _bridged(self, frame: Any, run: _Run) -> bool:
        """Whether the frame belongs at the end of what was given, if need be after silence."""
        if frame.pts is not None and frame.time_base:
            drift = float(frame.pts * frame.time_base) - self.origin - self._given
            if abs(drift) > MAX_HOLE_SECONDS:
                self.origin += drift
            elif drift < -MAX_DRIFT_SECONDS:
                return False
            elif drift > (MAX_DRIFT_SECONDS if self._given else 0.001):
                self._fill_hole(drift, run)
        if frame.sample_rate:
            self._given += frame.samples / frame.sample_rate
        return True

    def _fill_hole(self, seconds: float, run: _Run) -> None:
        if self._given:
            self._give_blocks(self._rest(), run)
            self._resampler = _resampler(self.rate)
        most = int(self.limits.max_duration * self.rate)
        end = min(round((self._given + seconds) * self.rate), most)
        self._silence(end - self.samples, run)
        self._given += seconds

    def _silence(self, samples: int, run: _Run) -> None:
        for start in range(0, samples, BLOCK):
            self._give(np.zeros(min(BLOCK, samples - start), np.float32), run)

    def _give_blocks(self, blocks: list[Any], run: _Run) -> None:
        for block in blocks:
            self._give(block.to_ndarray().reshape(-1), run)

    def _give(self, samples: NDArray[Any], run: _Run) -> None:
        self.samples += len(samples)
        self._waiting.append(samples)
        self._held += len(samples)
        if run.header_sent:
            if self._held >= BLOCK:
                self.release(run.out)
        elif self._held > MAX_WAITING:
            run.begin_with_sound()

    def release(self, out: Out) -> None:
        """Send what has gathered; what is not a number becomes silence, and that is stated."""
        if not self._waiting:
            return
        block = np.concatenate(self._waiting).astype(np.float32, copy=False)
        if not np.isfinite(block).all():
            self.flags.add(Flag.AUDIO_REPAIRED)
            block = np.nan_to_num(block, posinf=0.0, neginf=0.0)
        out.sound(np.clip(block, -1.0, 1.0))
        self._waiting.clear()
        self._held = 0

    def finish(self, run: _Run) -> None:
        if self.wanted and self.source_samples:
            self._give_blocks(self._rest(), run)
        self.release(run.out)

    def incomplete(self) -> bool:
        """Whether clearly less was decoded than the stream promised, or nothing of what it has."""
        if self.wanted and self.packets and not self.source_samples:
            self.flags.add(Flag.SOUND_NOT_DECODED)
            return True
        if not self.stream.duration or not self.stream.time_base:
            return False
        promised = float(self.stream.duration * self.stream.time_base)
        exact = self.codec == "flac" or self.codec.startswith("pcm_")
        short = promised - self.seconds > (0.001 if exact else max(0.25, 0.01 * promised))
        if short:
            self.flags.add(Flag.AUDIO_INCOMPLETE)
        return short

    def header(self) -> dict[str, Any]:
        context = self.stream.codec_context
        return {
            "has_audio": True, "sample_rate": context.sample_rate, "channels": context.channels,
        }  # fmt: skip


def _resampler(rate: int) -> Any:
    return av.AudioResampler(format="flt", layout="mono", rate=rate)
