"""Films whose tracks stand in any order, in every container that can hold them.

Made with the ffmpeg that the project's own packages bring. The main video is 64 pixels wide and
the main sound is a tone of 440 Hz; what must not be chosen is smaller, or higher.
"""

from __future__ import annotations

import functools
import random
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg

VIDEO, OTHER_VIDEO, SOUND, OTHER_SOUND = "video", "small video", "sound", "high sound"
SUBTITLE, DATA, COVER = "subtitle", "data", "cover"
SECONDS = 0.5
WIDTH, TONE = 64, 440

ORDERS: tuple[tuple[str, ...], ...] = (
    (VIDEO, SOUND),
    (SOUND, VIDEO),
    (VIDEO, SOUND, OTHER_SOUND),
    (SOUND, VIDEO, OTHER_SOUND),
    (SOUND, OTHER_SOUND, VIDEO),
    (VIDEO, OTHER_VIDEO, SOUND),
    (VIDEO, SOUND, OTHER_VIDEO),
    (SOUND, VIDEO, OTHER_VIDEO),
    (SUBTITLE, VIDEO, SOUND),
    (SUBTITLE, SOUND, VIDEO),
    (VIDEO, SUBTITLE, SOUND),
    (SOUND, SUBTITLE, VIDEO),
    (SOUND, VIDEO, SUBTITLE),
    (DATA, VIDEO, SOUND),
    (DATA, SOUND, VIDEO),
    (VIDEO, DATA, SOUND),
    (SOUND, DATA, VIDEO),
    (SOUND, VIDEO, DATA),
    (COVER, VIDEO, SOUND),
    (COVER, SOUND, VIDEO),
    (SOUND, COVER, VIDEO),
    (SOUND, VIDEO, COVER),
    (DATA, SUBTITLE, SOUND, OTHER_SOUND, VIDEO),
    (VIDEO,),
    (SUBTITLE, VIDEO),
    (DATA, VIDEO),
    (SOUND,),
    (SUBTITLE, SOUND),
    (DATA, SOUND),
    (COVER, SOUND),
    (SOUND, COVER),
    (SOUND, OTHER_SOUND),
)
CONTAINERS = ("mp4", "mov", "mkv", "webm", "avi", "3gp")
_CANNOT = {
    "mkv": {DATA},
    "webm": {DATA, COVER},
    "avi": {DATA, SUBTITLE},
    "3gp": {COVER, DATA},
}
"""What a container has no place for."""
_CODECS = {
    "webm": ("libvpx", "libopus"),
    "avi": ("mpeg4", "libmp3lame"),
    "3gp": ("mpeg4", "aac"),
}
_SUBTITLES = {"mp4": "mov_text", "mov": "mov_text", "3gp": "mov_text", "webm": "webvtt"}


def possible() -> list[tuple[str, tuple[str, ...]]]:
    """An AVI cannot say that its only pictures are a cover: it is a video of one frame."""
    return [
        (container, order)
        for container in CONTAINERS
        for order in ORDERS
        if not _CANNOT.get(container, set()) & set(order)
        and not (container == "avi" and COVER in order and VIDEO not in order)
    ]


def film(container: str, order: tuple[str, ...], *more: str) -> bytes:
    """The file's bytes. `more` are further options of ffmpeg, such as dispositions."""
    video, sound = _CODECS.get(container, ("libx264", "aac"))
    parts = _parts(video, sound)
    attached = container == "mkv" and COVER in order
    inputs = [track for track in order if not (attached and track == COVER)]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    for track in inputs:
        command += ["-i", str(parts[track])]
    for number, track in enumerate(inputs):
        command += ["-map", f"{number}:{'d' if track == DATA else '0'}"]
    command += ["-c", "copy", "-copy_unknown"]
    if SUBTITLE in order:
        command += ["-c:s", _SUBTITLES.get(container, "srt")]
    if attached:
        command += ["-attach", str(parts[COVER]), "-metadata:s:t", "mimetype=image/jpeg"]
    elif COVER in order and container in ("mp4", "mov"):
        place = [track for track in inputs if track in (VIDEO, OTHER_VIDEO, COVER)].index(COVER)
        command += [f"-disposition:v:{place}", "attached_pic"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"film.{container}"
        subprocess.run([*command, *more, str(path)], check=True, timeout=60)
        return path.read_bytes()


def encoded(container: str, *arguments: str) -> bytes:
    """What ffmpeg makes of these inputs and options."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made.{container}"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments, str(path)]
        subprocess.run(command, check=True, timeout=60)
        return path.read_bytes()


_folder = tempfile.TemporaryDirectory(prefix="touchstone-tracks-")


@functools.cache
def _parts(video: str, sound: str) -> dict[str, Path]:
    """Each track encoded once, alone, so that making a film is only a copy."""
    folder = Path(_folder.name) / f"{video}-{sound}"
    folder.mkdir()
    kind = "avi" if sound == "libmp3lame" else "mkv"  # whose times an AVI can keep
    played = (VIDEO, OTHER_VIDEO, SOUND, OTHER_SOUND)
    made = {track: folder / f"{track.replace(' ', '_')}.{kind}" for track in played}
    source = {
        VIDEO: f"testsrc=d={SECONDS}:s=64x64:r=10",
        OTHER_VIDEO: f"testsrc=d={SECONDS}:s=32x32:r=10",
        SOUND: f"sine={TONE}:d={SECONDS}:r=48000",
        OTHER_SOUND: f"sine=880:d={SECONDS}:r=48000",
    }
    for track, path in made.items():
        codec = ["-c:v", video, "-pix_fmt", "yuv420p"] if "video" in track else ["-c:a", sound]
        path.write_bytes(encoded(path.suffix[1:], "-f", "lavfi", "-i", source[track], *codec))
    made[COVER] = folder / "cover.jpg"
    made[COVER].write_bytes(
        encoded("jpg", "-f", "lavfi", "-i", "color=blue:d=0.1:s=16x16", "-frames:v", "1")
    )
    made[SUBTITLE] = folder / "words.srt"
    made[SUBTITLE].write_text("1\n00:00:00,000 --> 00:00:00,400\nhello\n")
    made[DATA] = folder / "readings.mp4"
    _write_readings(made[DATA])
    return made


def _write_readings(path: Path) -> None:
    """A data track, which only PyAV can make from nothing; the video beside it is not used."""
    with av.open(str(path), "w") as out:
        readings = out.add_data_stream("bin_data")
        video = out.add_stream("mpeg4", rate=10)
        video.width = video.height = 32
        video.pix_fmt = "yuv420p"
        for index in range(3):
            packet = av.Packet(b"reading")
            packet.stream, packet.pts, packet.dts, packet.duration = readings, index, index, 1
            packet.time_base = Fraction(1, 10)
            out.mux(packet)
            frame = av.VideoFrame(32, 32, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))


def with_damaged(kind: str, data: bytes, container: str = "mp4") -> bytes:
    """The same film, but every packet of one part ("video" or "audio") holds noise."""
    noise = random.Random(3)
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder) / f"whole.{container}", Path(folder) / f"broken.{container}"
        whole.write_bytes(data)
        with av.open(str(whole)) as source, av.open(str(broken), "w") as out:
            streams = {s.index: out.add_stream_from_template(s) for s in source.streams}
            for packet in source.demux():
                if not packet.size:
                    continue
                made = packet
                if packet.stream.type == kind:
                    made = av.Packet(noise.randbytes(packet.size))
                    made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
                    made.time_base, made.is_keyframe = packet.time_base, packet.is_keyframe
                made.stream = streams[packet.stream.index]
                out.mux(made)
        return broken.read_bytes()


def with_unread_codec(kind: str) -> bytes:
    """A film of which one part is in a codec that is not read here."""
    codecs = ("libx264", "tta") if kind == "audio" else ("snow", "aac")
    return encoded(
        "mkv", "-f", "lavfi", "-i", f"testsrc=d={SECONDS}:s=64x64:r=10",
        "-f", "lavfi", "-i", f"sine={TONE}:d={SECONDS}:r=48000",
        "-c:v", codecs[0], "-c:a", codecs[1],
        "-pix_fmt", "yuv420p", "-strict", "-2",
    )  # fmt: skip
