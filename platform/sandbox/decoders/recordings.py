"""Decodes video and sound with libav inside the child.

The file reaches libav through a read callback, so there is no name, no protocol and no reference to
follow: the demuxer is the one that the first bytes require, and a request to open anything else is
refused and reported. All frames are decoded and counted; only the sampled ones are converted and
sent.
"""

from __future__ import annotations

import importlib
import pkgutil
import resource
from collections.abc import Callable
from typing import Any

import av
import av.logging

from sandbox import containers
from sandbox.containers.extent import Extent
from sandbox.decoders.choosing import choose
from sandbox.decoders.codecs import WHITELIST
from sandbox.decoders.picture_track import PictureTrack
from sandbox.decoders.sound_track import SoundTrack
from sandbox.sniff import Kind
from sandbox.source import Source
from sandbox.types import PASS_ON, Code, Flag, Limits, Rejected, Want
from sandbox.wire import HEADER, Out

PLAUSIBLE_SECONDS_A_FRAME = 10.0
FIRST_PACKETS = 300
"""The number of picture packets that are tried to learn whether any can be decoded."""


class Elsewhere:
    """Refuses every second file that a demuxer asks for, and remembers that it did."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self, url: str, flags: int, options: dict[str, str]) -> Any:
        self.requested = True
        raise FileNotFoundError("only the file itself is read")


def warm_up() -> None:
    """Run one tiny film through, so that nothing is loaded for the first time behind the wall."""
    from sandbox.decoders import sample

    av.logging.set_level(av.logging.PANIC)
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)  # PyAV loads some kinds of stream when first met
    data = sample.film()
    with av.open(data, "r", format="matroska") as container:
        for frame in container.decode(container.streams.video[0]):
            frame.reformat(width=8, height=8, format="rgb24", threads=1).to_ndarray()
    data.seek(0)
    with av.open(data, "r", format="matroska") as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        for sound in container.decode(container.streams.audio[0]):
            for block in resampler.resample(sound):
                block.to_ndarray()


def decode(source: Source, kind: Kind, want: Want, limits: Limits, out: Out) -> None:
    measured = containers.measure(source, kind, limits)
    elsewhere = Elsewhere()
    edits = Flag.TIMESTAMPS_INVALID not in measured.flags

    def reopen() -> Any:
        return open_container(source, kind, limits, elsewhere, edits=edits)

    with reopen() as container:
        _Run(container, kind, measured, want, limits, out, reopen, elsewhere).run()


def open_container(
    source: Source, kind: Kind, limits: Limits, elsewhere: Elsewhere, *, edits: bool = True
) -> Any:
    """`edits`: whether an MP4's edit list is obeyed, which needs times that make sense."""
    own = {} if edits or kind.reader != "mov" else {"ignore_editlist": "1"}
    try:
        return av.open(
            source.stream(),
            format=kind.reader,
            io_open=elsewhere,
            buffer_size=1 << 17,
            metadata_errors="replace",
            container_options={
                "format_whitelist": kind.reader, "protocol_whitelist": "none",
                "codec_whitelist": WHITELIST, "max_streams": str(limits.max_streams), **own,
            },
            options={"codec_whitelist": WHITELIST, "max_pixels": str(limits.max_frame_pixels)},
        )  # fmt: skip
    except PASS_ON as error:
        # libav's own "operation not permitted" is about the file; only Python's is our wall.
        if isinstance(error, MemoryError) or not isinstance(error, av.error.FFmpegError):
            raise
        raise Rejected(Code.CORRUPT, type(error).__name__) from error
    except Exception as error:
        if elsewhere.requested:
            raise Rejected(Code.EXTERNAL_REFERENCE) from error
        raise Rejected(Code.CORRUPT, type(error).__name__) from error


class _Run:
    """One pass over one container. A part that cannot be decoded is left out and stated."""

    def __init__(
        self, container: Any, kind: Kind, measured: Extent, want: Want, limits: Limits, out: Out,
        reopen: Callable[[], Any], elsewhere: Elsewhere,
    ) -> None:  # fmt: skip
        self.container, self.kind, self.measured = container, kind, measured
        self.want, self.limits, self.out = want, limits, out
        self.reopen, self.elsewhere = reopen, elsewhere
        self.flags: set[str] = set(measured.flags)
        self.broken = False
        self.header_sent = False
        video, audio = choose(container, measured, limits, self.flags)
        origin = _origin(video, audio)
        self.pictures: PictureTrack | None = None
        if video is not None:
            frames = measured.frames_of_stream(video.id) or video.frames
            self.pictures = PictureTrack(video, origin, frames, want, limits, self.flags)
        self.sound = SoundTrack(audio, origin, want, limits, self.flags) if audio else None
        has_sound = self.sound is not None and want.audio_rate is not None
        if self.pictures is not None:
            closely = want.close_seconds if has_sound else want.close_seconds_without_sound
            self.pictures.look_closely(self._claimed_seconds(), closely)

    def run(self) -> None:
        self._refuse_long()
        if self.pictures is None:
            self._header()
        tracks = {t.stream.index: t for t in (self.pictures, self.sound) if t is not None}
        if self.want.audio_rate is None and self.pictures and self.sound:
            del tracks[self.sound.stream.index]
        try:
            for packet in self.container.demux([t.stream for t in tracks.values()]):
                # A flush packet's own `stream_index` is always 0; its stream is the right one.
                track = tracks.get(packet.stream.index)
                if track is not None and track in (self.pictures, self.sound):
                    self._packet(packet, track)
        except (Rejected, BrokenPipeError, MemoryError):
            raise
        except av.error.FFmpegError:
            self.broken = (
                True  # what came before stands; the rest is missing, and reported as missing
            )
        self._finish()

    def _packet(self, packet: Any, track: PictureTrack | SoundTrack) -> None:
        try:
            for frame in track.decoded(packet):
                track.take(frame, self)
        except (Rejected, BrokenPipeError, *PASS_ON):
            raise
        except Exception:
            # Our own reader broke on one part: the other part is still worth having.
            self.flags.add(Flag.READER_BROKE)
            self._drop(track)

    def _drop(self, track: PictureTrack | SoundTrack) -> None:
        """This part is not decoded any further; what was decoded is kept."""
        self.broken = True
        if track is self.sound:
            self.sound.dropped = True
        elif self.pictures is not None and self.pictures.decoded_frames == 0:
            self._without_pictures()

    def _without_pictures(self) -> None:
        """The file is examined as a sound: no picture of it could be decoded."""
        self.flags.add(Flag.PICTURES_NOT_DECODED)
        self.broken = True
        self.pictures = None

    def _refuse_long(self) -> None:
        """By the container's claim, where that is plausible; else while decoding."""
        seconds = self._claimed_seconds()
        if seconds and self.pictures is None and seconds > self.limits.max_duration:
            raise Rejected(Code.TOO_LONG, f"{seconds:.0f} s")
        if self.pictures is None or not seconds:
            return
        expected = self.pictures.expected
        if expected and expected > self.limits.max_frames:
            raise Rejected(Code.TOO_MANY_FRAMES, str(expected))
        if seconds > self.limits.max_duration:
            if not expected or seconds / expected <= PLAUSIBLE_SECONDS_A_FRAME:
                raise Rejected(Code.TOO_LONG, f"{seconds:.0f} s")
            self.flags.add(Flag.TIMESTAMPS_INVALID)

    def _claimed_seconds(self) -> float | None:
        duration = self.container.duration
        return duration / 1_000_000 if duration and duration > 0 else None

    def _header(self) -> None:
        """Sent when the first frame is decoded: what is stated is what was found."""
        claimed = self._claimed_seconds()
        seconds = claimed if claimed and claimed <= self.limits.max_duration else None
        self._allow(seconds or self.limits.max_duration)
        header: dict[str, Any] = {"kind": "audio", "format": self.kind.format, "duration": seconds}
        codecs = []
        if self.pictures is not None:
            header |= self.pictures.header()
            codecs.append(self.pictures.codec)
        if self.sound is not None:
            header |= self.sound.header()
            codecs.append(self.sound.codec)
        self.out.json(HEADER, header | {"codecs": codecs, "flags": sorted(self.flags)})
        self.header_sent = True

    def _allow(self, seconds: float) -> None:
        allowed = self.limits.cpu_seconds + self.limits.cpu_per_media_second * seconds
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = int(allowed) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard) if hard >= 0 else soft, hard))

    def begin(self) -> None:
        if not self.header_sent:
            self._header()
            if self.sound is not None:
                self.sound.release(self.out)

    def begin_with_sound(self) -> None:
        """So much sound came before any picture that it cannot wait: see whether there is one."""
        if self.pictures is not None and not self._a_picture_can_be_decoded():
            self._without_pictures()
        self.begin()

    def _a_picture_can_be_decoded(self) -> bool:
        """Read by a second reader, so that the first keeps its place."""
        assert self.pictures is not None
        with self.reopen() as again:
            stream = again.streams[self.pictures.stream.index]
            for count, packet in enumerate(again.demux(stream)):
                if count > FIRST_PACKETS:
                    break
                try:
                    if packet.stream.index == stream.index and packet.decode():
                        return True
                except av.error.EOFError:
                    break
                except MemoryError:
                    raise
                except av.error.FFmpegError:
                    continue
        return False

    def _finish(self) -> None:
        if self.elsewhere.requested:
            raise Rejected(Code.EXTERNAL_REFERENCE)
        has_sound = self.sound is not None and self.sound.seconds > 0
        if self.pictures is not None and self.pictures.decoded_frames == 0:
            if not has_sound:
                raise Rejected(Code.CORRUPT, "no_frame")
            self._without_pictures()
        if self.pictures is None and not has_sound:
            raise Rejected(Code.CORRUPT, "no_sound")
        self.begin()
        if self.pictures is not None:
            self.pictures.send_last(self)
        footer: dict[str, Any] = {"frames_decoded": 0, "seconds": 0.0, "audio_seconds": 0.0}
        unread = {Flag.PICTURES_NOT_DECODED, Flag.SOUND_NOT_DECODED} & self.flags
        missing = self.broken or self.measured.complete is False or bool(unread)
        if self.sound is not None:
            self.sound.finish(self)
            footer |= {"audio_seconds": self.sound.seconds, "seconds": self.sound.seconds}
            missing = self.sound.incomplete() or missing
        if self.pictures is not None:
            footer |= self.pictures.footer()
            missing = missing or bool(footer.pop("missing"))
        footer |= {"incomplete": missing, "flags": sorted(self.flags)}
        self.out.footer(footer)


def _origin(video: Any, audio: Any) -> float:
    """Where the timeline starts, in the container's own seconds."""
    starts = [
        float(s.start_time * s.time_base)
        for s in (video, audio)
        if s is not None and s.start_time is not None and s.time_base
    ]
    if not starts:
        return 0.0
    return min(starts) if max(starts) - min(starts) < 10 else starts[0]
