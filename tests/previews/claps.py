"""Films of a clapperboard: a white flash and a click at one moment, written and found again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

RATE = 48_000
MICROSECONDS = Fraction(1, 1_000_000)


@dataclass(frozen=True)
class Clap:
    flash: float | None
    click: float | None
    seconds: float
    size: tuple[int, int] = (0, 0)


def film(
    times: Sequence[float],
    clap: float,
    *,
    sound: tuple[float, float] | None = (0.0, 4.0),
    hole: tuple[float, float] | None = None,
    form: str = "matroska",
    size: tuple[int, int] = (320, 180),
    rate: int = 30,
) -> io.BytesIO:
    """Frames at `times`, the first at or after `clap` white; sound from and to these seconds, with
    nothing at all in `hole` and a click at `clap`."""
    out = io.BytesIO()
    # Without chance numbers, so that the same call gives the same bytes.
    with av.open(out, "w", format=form, options={"fflags": "+bitexact"}) as container:
        pictures = container.add_stream("libx264", rate=rate, options={"g": "15", "bf": "0"})
        pictures.width, pictures.height, pictures.pix_fmt = *size, "yuv420p"
        pictures.codec_context.time_base = MICROSECONDS
        voice = None
        if sound is not None:
            codec = "aac" if form in ("mp4", "mov") else "pcm_s16le"
            voice = container.add_stream(codec, rate=RATE, layout="mono")
        white = min((t for t in times if t >= clap - 1e-9), default=-1.0)
        for seconds in times:
            pixels = np.full((size[1], size[0], 3), 255 if seconds == white else 20, np.uint8)
            pixels[: size[1] // 4, : size[0] // 4] = (200, 20, 20)  # which way is up
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round(seconds * 1e6), MICROSECONDS
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        if voice is not None and sound is not None:
            assert isinstance(voice, AudioStream)
            _sound(container, voice, clap, sound, hole)
    out.seek(0)
    return out


def _sound(
    container: OutputContainer,
    voice: AudioStream,
    clap: float,
    span: tuple[float, float],
    hole: tuple[float, float] | None,
) -> None:
    kind = "fltp" if voice.codec_context.name == "aac" else "s16"
    block = 1024
    for number in range(int((span[1] - span[0]) * RATE / block)):
        start = span[0] + number * block / RATE
        if hole and hole[0] <= start < hole[1]:
            continue
        times = start + np.arange(block) / RATE
        wave = np.where(np.abs(times - clap) < 0.001, 0.9, 0.0).astype(np.float32)
        samples = wave if kind == "fltp" else (wave * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format=kind, layout="mono")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = round(start * RATE)
        container.mux(voice.encode(frame))
    container.mux(voice.encode())


def seen(file: io.BytesIO | io.BufferedRandom) -> Clap:
    """When a player of this file would show the flash and sound the click."""
    flash = click = None
    end, size = 0.0, (0, 0)
    file.seek(0)
    with av.open(file, "r") as container:
        if container.streams.video:
            for frame in container.decode(video=0):
                size = (frame.width, frame.height)
                assert frame.time is not None
                end = max(end, frame.time)
                if flash is None and frame.to_ndarray(format="gray")[-20:].mean() > 128:
                    flash = frame.time
    file.seek(0)
    with av.open(file, "r") as container:
        loudest = 0.3
        for block in container.decode(audio=0) if container.streams.audio else ():
            wave = np.abs(block.to_ndarray().reshape(-1).astype(np.float32))
            assert block.time is not None
            end = max(end, block.time + block.samples / block.sample_rate)
            if wave.max() > loudest:
                loudest = float(wave.max())
                click = block.time + int(wave.argmax()) / block.sample_rate
    return Clap(flash, click, end, size)
