"""Clips for benches and tests, drawn from pictures that dependencies ship under free licences:
matplotlib's public-domain portrait and scikit-learn's photograph of a temple (CC BY)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

Pixels = NDArray[np.uint8]
HEAD = (120, 60, 400, 400)


def portrait() -> Image.Image:
    return shipped("matplotlib", "matplotlib/mpl-data/sample_data/grace_hopper.jpg")


def scenery() -> Image.Image:
    return shipped("scikit-learn", "sklearn/datasets/images/china.jpg")


def shipped(package: str, name: str) -> Image.Image:
    path = Path(str(metadata.distribution(package).locate_file(name)))
    with Image.open(path) as image:
        return image.convert("RGB")


def heads() -> list[Image.Image]:
    """Four heads that differ in side, colour and light, each in a soft oval."""
    head = portrait().crop(HEAD)
    return [
        head,
        ImageOps.mirror(head),
        ImageEnhance.Brightness(ImageEnhance.Color(head).enhance(0.3)).enhance(1.15),
        ImageEnhance.Contrast(ImageOps.mirror(head)).enhance(0.8),
    ]


def frames(
    seconds: float, *, fps: int = 25, size: tuple[int, int] = (1280, 720), people: int = 3
) -> Iterator[Pixels]:
    """People who move and come nearer before a scene that pans, with a camera's noise."""
    width, height = size
    scene = scenery().resize((width + width // 4, height + height // 4), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(7).normal(0, 2.0, (height + 64, width + 64, 1))
    grains = np.repeat(np.round(noise), 3, axis=2).astype(np.int16)
    faces = heads()
    for number in range(round(seconds * fps)):
        at = number / fps
        pan = (1 + np.sin(at / 5)) / 2
        left, top = round(pan * width / 4), round(pan * height / 8)
        frame = scene.crop((left, top, left + width, top + height))
        for person in range(people):
            side = height * (0.24 + 0.06 * person + 0.05 * np.sin(at / 3 + person))
            face = faces[person % len(faces)].resize((round(side), round(side * 1.2)))
            x = width * (person + 0.5) / people + width * 0.06 * np.sin(at * 0.9 + 2 * person)
            y = height * 0.5 + height * 0.12 * np.sin(at * 0.7 + person)
            frame.paste(face, (round(x - side / 2), round(y - side * 0.6)))
        shift = (number * 37) % 64
        grain = grains[shift : shift + height, shift : shift + width]
        yield np.asarray(cv2.add(np.asarray(frame), grain, dtype=cv2.CV_8U), np.uint8)


def write(
    path: Path,
    seconds: float,
    *,
    fps: int = 25,
    size: tuple[int, int] = (1280, 720),
    people: int = 3,
) -> Path:
    """An H.264 clip with sound, at 4 Mbit/s."""
    width, height = size
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-",
        "-f", "lavfi", "-i", "sine=frequency=220:sample_rate=48000",
        "-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-shortest", "-movflags", "+faststart", str(path),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        for frame in frames(seconds, fps=fps, size=size, people=people):
            ffmpeg.stdin.write(frame.tobytes())
        ffmpeg.stdin.close()
    if ffmpeg.returncode:
        raise RuntimeError(f"ffmpeg ended with {ffmpeg.returncode}")
    return path


def repeated(path: Path, target: Path, times: int) -> Path:
    """The same clip several times in a row, without encoding anew."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error",
        "-stream_loop", str(times - 1), "-i", str(path), "-c", "copy", str(target),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return target
