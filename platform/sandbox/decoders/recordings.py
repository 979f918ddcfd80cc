"""Video and sound, through libav inside the child.

The file reaches libav as a read callback, so there is no name, no protocol and nothing to follow:
the demuxer is the one that the first bytes demand, and a request to open anything else is refused
and said. All frames are decoded and counted; only the sampled ones are converted and sent.
"""

from __future__ import annotations

import importlib
import pkgutil
import resource
from typing import Any

import av
import av.logging

from sandbox import containers
from sandbox.containers.extent import Extent
from sandbox.decoders.picture_track import PictureTrack
from sandbox.decoders.sound_track import SoundTrack
from sandbox.sniff import Kind
from sandbox.source import Source
from sandbox.types import PASS_ON, Code, Flag, Limits, Rejected, Want
from sandbox.wire import HEADER, Out

CODECS = ",".join((
    "h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "mpeg4", "mpeg2video", "mpeg1video",
    "msmpeg4v3", "h263", "mjpeg", "prores", "dnxhd", "ffv1", "rawvideo", "wmv2", "vc1",
    "aac", "mp3", "mp3float", "mp2", "mp2float", "opus", "libopus", "vorbis", "flac", "alac",
    "ac3", "eac3", "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb",
    "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_u8",
    "pcm_s8", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_alaw", "pcm_mulaw",
    "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt",
))  # fmt: skip
"""What phones, cameras, editors and messengers write. Every other decoder stays unreachable."""

PLAUSIBLE_SECONDS_A_FRAME = 10.0


class Elsewhere:
    """Refuses every second file that a demuxer asks for, and remembers that it asked."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, url: str, flags: int, options: dict[str, str]) -> Any:
        self.asked = True
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
    odd_times = Flag.TIMESTAMPS_INVALID in measured.flags
    container = open_container(source, kind, limits, elsewhere, edits=not odd_times)
    try:
        _Run(container, kind, measured, want, limits, out, elsewhere).run()
    finally:
        container.close()


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
                "codec_whitelist": CODECS, "max_streams": str(limits.max_streams), **own,
            },
            options={"codec_whitelist": CODECS, "max_pixels": str(limits.max_frame_pixels)},
        )  # fmt: skip
    except PASS_ON as error:
        # libav's own "operation not permitted" is about the file; only Python's is our wall.
        if isinstance(error, MemoryError) or not isinstance(error, av.error.FFmpegError):
            raise
        raise Rejected(Code.CORRUPT, type(error).__name__) from error
    except Exception as error:
        if elsewhere.asked:
            raise Rejected(Code.EXTERNAL_REFERENCE) from error
        raise Rejected(Code.CORRUPT, type(error).__name__) from error


class _Run:
    """One pass over one container."""

    def __init__(
        self, container: Any, kind: Kind, measured: Extent, want: Want, limits: Limits, out: Out,
        elsewhere: Elsewhere,
    ) -> None:  # fmt: skip
        self.container, self.kind, self.measured = container, kind, measured
        self.want, self.limits, self.out, self.elsewhere = want, limits, out, elsewhere
        self.flags: set[str] = set(measured.flags)
        self.broken = False
        self.header_sent = False
        video, audio = self._choose()
        origin = _origin(video, audio)
        frames = measured.frames or (video.frames if video is not None else 0)
        self.pictures = (
            PictureTrack(video, origin, frames, want, limits, self.flags) if video else None
        )
        self.sound = SoundTrack(audio, origin, want, limits, self.flags) if audio else None
        heard = self.sound is not None and want.audio_rate is not None
        if self.pictures is not None:
            closely = want.close_seconds if heard else want.close_seconds_without_sound
            self.pictures.look_closely(self._claimed_seconds(), closely)

    def _choose(self) -> tuple[Any, Any]:
        """The first real video stream and the first sound stream; the rest is stated."""
        streams = self.container.streams
        if len(streams) > self.limits.max_streams:
            raise Rejected(Code.CORRUPT, f"{len(streams)} streams")
        covers = av.stream.Disposition.attached_pic
        known = [s for s in streams if s.codec_context is not None]
        videos = [s for s in known if s.type == "video" and not s.disposition & covers]
        audios = [s for s in known if s.type == "audio"]
        if any(s.disposition & covers for s in streams.video):
            self.flags.add(Flag.COVER_ART_IGNORED)
        if any(s.codec_context is None for s in (*streams.video, *streams.audio)):
            self.flags.add(Flag.UNKNOWN_CODEC)
        if len(videos) > 1 or len(audios) > 1:
            self.flags.add(Flag.EXTRA_STREAMS)
        if not videos and not audios:
            raise Rejected(Code.NO_MEDIA)
        return (videos[0] if videos else None), (audios[0] if audios else None)

    def run(self) -> None:
        self._refuse_long()
        if self.pictures is None:
            self._header()
        tracks = {t.stream.index: t for t in (self.pictures, self.sound) if t is not None}
        if self.want.audio_rate is None and self.pictures and self.sound:
            del tracks[self.sound.stream.index]
        try:
            for packet in self.container.demux([t.stream for t in tracks.values()]):
                track = tracks.get(packet.stream_index)
                if track is not None:  # streams may appear on the way: they were not chosen
                    self._packet(packet, track)
        except (Rejected, BrokenPipeError, MemoryError):
            raise
        except av.error.FFmpegError:
            self.broken = True  # what came before stands; the rest is missing, and said to be
        self._finish()

    def _packet(self, packet: Any, track: Any) -> None:
        for frame in track.decoded(packet):
            if track is self.pictures:
                self.pictures.take(frame, self)
            else:
                track.take(frame, self)

    def _refuse_long(self) -> None:
        """By the container's claim, where the claim is plausible; else decoding will tell."""
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

    def _finish(self) -> None:
        if self.elsewhere.asked:
            raise Rejected(Code.EXTERNAL_REFERENCE)
        if self.pictures is not None and self.pictures.decoded_frames == 0:
            raise Rejected(Code.CORRUPT, "no_frame")
        self.begin()
        if self.pictures is not None:
            self.pictures.send_last(self)
        footer: dict[str, Any] = {"frames_decoded": 0, "seconds": 0.0, "audio_seconds": 0.0}
        missing = self.broken or self.measured.complete is False
        if self.sound is not None:
            self.sound.finish(self)
            if self.sound.seconds == 0 and self.pictures is None:
                raise Rejected(Code.CORRUPT, "no_sound")
            footer |= {"audio_seconds": self.sound.seconds, "seconds": self.sound.seconds}
            missing = missing or self.sound.incomplete(self.pictures is None)
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
