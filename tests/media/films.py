"""Videos of included pictures and a made-up voice, cut as a test needs them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bench import clips
from tests.lab.voice.voices import RATE, speech_like

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SIZE = (640, 360)
FPS = 25


@dataclass(frozen=True)
class Shot:
    """So many seconds of some people before a plain colour, or of scenery without any."""

    seconds: float
    people: int = 0
    speaks: bool = False
    colour: tuple[int, int, int] = (70, 90, 150)


THREE = (Shot(5, 0, True), Shot(5, 1, False, (150, 90, 60)), Shot(7, 1, True, (60, 140, 90)))
"""Speech over scenery, a silent face, a face with speech."""


def film(
    path: Path, shots: Sequence[Shot], *options: str, sound: NDArray[np.floating] | None = None
) -> Path:
    """H.264 and AAC; `sound` (16 kHz) instead of the shots' own, `options` for the encoder."""
    wave = voices(shots) if sound is None else sound
    sound_file = path.with_suffix(".wav")
    soundfile.write(sound_file, wave, RATE)
    width, height = SIZE
    command = [
        FFMPEG, "-y", "-loglevel", "error",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "-",
        "-i", str(sound_file), "-c:v", "libx264", "-preset", "veryfast", "-crf", "20",
        "-pix_fmt", "yuv420p", "-c:a", "aac", *options, str(path),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        for shot in shots:
            picture = np.asarray(_picture(shot))
            for number in range(round(shot.seconds * FPS)):
                ffmpeg.stdin.write(np.roll(picture, number % 8 // 4, axis=1).tobytes())
        ffmpeg.stdin.close()
    assert ffmpeg.returncode == 0
    sound_file.unlink()
    return path


def voices(shots: Sequence[Shot]) -> NDArray[np.floating]:
    return np.concatenate(
        [
            speech_like(shot.seconds, seed=number) if shot.speaks
            else np.zeros(round(shot.seconds * RATE), np.float32)
            for number, shot in enumerate(shots)
        ]
    )  # fmt: skip


def converted(source: Path, target: Path, *options: str) -> Path:
    command = [FFMPEG, "-y", "-loglevel", "error", "-i", str(source), *options, str(target)]
    subprocess.run(command, check=True)
    return target


def _picture(shot: Shot) -> Image.Image:
    if not shot.people:
        return clips.scenery().resize(SIZE)
    picture = Image.new("RGB", SIZE, shot.colour)
    head = clips.portrait().crop(clips.HEAD).resize((200, 243))
    for person in range(shot.people):
        face = ImageOps.mirror(head) if person % 2 else head
        picture.paste(face, (round(SIZE[0] * (person + 0.5) / shot.people - 100), 60))
    return picture
