"""Well-formed media, made here: what every sandbox test starts from before it breaks something."""

from __future__ import annotations

import io
import struct
import tempfile
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener(thumbnails=False)


def scene(width: int = 160, height: int = 120, step: int = 0) -> np.ndarray:
    """A picture with edges, texture and a mark that moves with `step`; red at the top left."""
    y, x = np.mgrid[0:height, 0:width]
    red = (x * 255 // max(width - 1, 1)).astype(np.uint8)
    green = (y * 255 // max(height - 1, 1)).astype(np.uint8)
    blue = (((x // 8 + y // 8) % 2) * 120 + 60).astype(np.uint8)
    rgb = np.dstack([255 - red, green, blue])
    rgb[: height // 4, : width // 4] = (255, 0, 0)
    left = (step * 7) % max(width - 12, 1)
    rgb[height // 2 : height // 2 + 10, left : left + 10] = (255, 255, 255)
    return rgb


def picture(kind: str = "JPEG", width: int = 160, height: int = 120, **options: Any) -> bytes:
    data = io.BytesIO()
    Image.fromarray(scene(width, height)).save(data, kind, **options)
    return data.getvalue()


def animation(kind: str = "GIF", frames: int = 6, size: tuple[int, int] = (64, 48)) -> bytes:
    data = io.BytesIO()
    pictures = [Image.fromarray(scene(*size, step=i)) for i in range(frames)]
    pictures[0].save(data, kind, save_all=True, append_images=pictures[1:], duration=100, loop=0)
    return data.getvalue()


def tone(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    wave = np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate) * 0.4
    return np.tile(wave.astype(np.float32), (channels, 1))


def video(
    *, container: str = "mp4", codec: str = "libx264", frames: int = 50, fps: int = 25,
    size: tuple[int, int] = (160, 120), sound: str | None = "aac", rotation: int = 0,
    options: dict[str, str] | None = None, muxer: dict[str, str] | None = None,
    pix_fmt: str = "yuv420p", rate: int = 48_000,
) -> bytes:  # fmt: skip
    """A short film. The sound lasts as long as the pictures."""
    with tempfile.NamedTemporaryFile() as file:  # some muxers go back over what they wrote
        with av.open(file.name, "w", format=container, options=muxer or {}) as out:
            _film(out, codec, frames, fps, size, sound, rotation, options or {}, pix_fmt, rate)
        return Path(file.name).read_bytes()


def _film(
    out: Any, codec: str, frames: int, fps: int, size: tuple[int, int], sound: str | None,
    rotation: int, options: dict[str, str], pix_fmt: str, rate: int,
) -> None:  # fmt: skip
    pictures = out.add_stream(codec, rate=fps, options=options)
    pictures.width, pictures.height, pictures.pix_fmt = *size, pix_fmt
    pictures.codec_context.thread_count = 1
    if rotation:
        pictures.set_display_rotation(rotation)
    sounds = None
    if sound:
        sounds = out.add_stream(sound, rate=rate, layout="stereo")
    for index in range(frames):
        frame = av.VideoFrame.from_ndarray(scene(*size, step=index), format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, fps)
        out.mux(pictures.encode(frame))
    out.mux(pictures.encode(None))
    if sounds is not None:
        _sound(out, sounds, tone(frames / fps, rate, 2), rate)


def _sound(out: Any, stream: Any, samples: np.ndarray, rate: int) -> None:
    wanted = stream.codec_context.format.name
    layout = stream.codec_context.layout.name
    if not wanted.startswith("flt"):
        scale = 32767 if wanted.startswith("s16") else 2**31 - 1
        samples = (samples * scale).astype(np.int16 if wanted.startswith("s16") else np.int32)
    if not wanted.endswith("p"):
        samples = np.ascontiguousarray(samples.T).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format=wanted, layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def sound(
    container: str = "wav", codec: str = "pcm_s16le", seconds: float = 2.0, rate: int = 44_100,
    layout: str = "stereo",
) -> bytes:  # fmt: skip
    data = io.BytesIO()
    with av.open(data, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        _sound(out, stream, tone(seconds, rate, 2 if layout == "stereo" else 1), rate)
    return data.getvalue()


SOUNDS = {
    "wav": ("wav", "pcm_s16le", 44_100),
    "flac": ("flac", "flac", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "ogg_opus": ("ogg", "libopus", 48_000),
    "m4a": ("ipod", "aac", 44_100),
    "aac": ("adts", "aac", 44_100),
}
VIDEOS: dict[str, dict[str, Any]] = {
    "mp4_h264": {"container": "mp4"},
    "mov_h264": {"container": "mov"},
    "mp4_hevc": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "mp4_av1": {"codec": "libsvtav1", "options": {"preset": "12"}, "frames": 20},
    "mkv_h264": {"container": "matroska"},
    "webm_vp9": {
        "container": "webm", "codec": "libvpx-vp9", "sound": "libopus",
        "options": {"deadline": "realtime", "cpu-used": "8"}, "frames": 20,
    },
    "webm_vp8": {
        "container": "webm", "codec": "libvpx", "sound": "libopus",
        "options": {"deadline": "realtime", "cpu-used": "8"}, "frames": 20,
    },
    "avi_mpeg4": {"container": "avi", "codec": "mpeg4", "sound": "libmp3lame"},
    "mov_prores": {
        "container": "mov", "codec": "prores_ks", "sound": "pcm_s16le", "pix_fmt": "yuv422p10le",
        "frames": 10,
    },
    "mp4_fragmented": {"muxer": {"movflags": "frag_keyframe+empty_moov"}},
    "mp4_faststart": {"muxer": {"movflags": "faststart"}},
}  # fmt: skip
PICTURES = {
    "jpeg": ("JPEG", {}),
    "jpeg_progressive": ("JPEG", {"progressive": True}),
    "png": ("PNG", {}),
    "webp": ("WEBP", {"lossless": False}),
    "gif": ("GIF", {}),
    "heif": ("HEIF", {}),
    "avif": ("AVIF", {}),
}


def flat_picture(level: int, size: tuple[int, int] = (320, 240)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, (level,) * 3).save(data, "PNG")
    return data.getvalue()


def silence(seconds: float = 2.0) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(bytes(2 * round(seconds * 16_000)))
    return data.getvalue()


def _black(size: tuple[int, int]) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    for number, plane in enumerate(frame.planes):
        plane.update(bytes([16 if number == 0 else 128]) * plane.buffer_size)
    return frame


def still_film(*, seconds: int, fps: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """Black, and cheap to make even when it is very long or very large."""
    with tempfile.NamedTemporaryFile() as file:
        with av.open(file.name, "w", format="mp4") as out:
            stream = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            frame = _black(size)
            for index in range(seconds * fps):
                frame.pts, frame.time_base = index, Fraction(1, fps)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        return Path(file.name).read_bytes()


def changing_film() -> bytes:
    """MPEG-4 whose second half has another size, each with its own headers, in one AVI track."""
    data = io.BytesIO()
    packets: list[tuple[bytes, bool]] = []
    for size in ((160, 120), (96, 64)):
        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt = *size, "yuvj420p"
        encoder.time_base = Fraction(1, 25)
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(scene(*size, step=index), format="rgb24")
            frame = frame.reformat(format="yuvj420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            packets += [(bytes(p), p.is_keyframe) for p in encoder.encode(frame)]
        packets += [(bytes(p), p.is_keyframe) for p in encoder.encode(None)]
    with av.open(data, "w", format="avi") as out:
        stream = out.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuvj420p"
        for index, (payload, key) in enumerate(packets):
            packet = av.Packet(payload)
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = index
            packet.is_keyframe = key
            out.mux(packet)
    return data.getvalue()


def sound_with_cover() -> bytes:
    """An MP3 whose only picture is its cover, in an ID3 tag."""
    frame = b"\0image/jpeg\0\3\0" + picture("JPEG")
    tag = b"APIC" + struct.pack(">I", len(frame)) + b"\0\0" + frame
    size = bytes((len(tag) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    plain = sound("mp3", "libmp3lame")
    return b"ID3\3\0\0" + size + tag + plain[plain.index(b"\xff\xfb") :]


def two_video_streams() -> bytes:
    data = io.BytesIO()
    with av.open(data, "w", format="matroska") as out:
        streams = []
        for size in ((160, 120), (96, 64)):
            stream = out.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            streams.append((stream, size))
        for index in range(10):
            for stream, size in streams:
                frame = av.VideoFrame.from_ndarray(scene(*size, step=index), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                out.mux(stream.encode(frame))
        for stream, _ in streams:
            out.mux(stream.encode(None))
    return data.getvalue()
