"""What opponents see of a file: its size and its blur, or what a network that nobody tuned for
this sees in the picture. Files are decoded in the sandbox, as everywhere."""

from __future__ import annotations

import base64
import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Pixels
from ml.engine.detectors.compression.quantisation import nearest_quality
from ml.engine.detectors.compression.traces import quantisation_tables
from ml.evaluation import rewriting
from sandbox.services import warden

Vector = NDArray[np.float32]
Feature = Callable[[BinaryIO], Vector]
FORMATS = ("jpeg", "png", "webp", "mp4", "matroska", "wav", "flac", "mp3", "ogg")
VERSION = "1"
SIDE = 224


def file_statistics(file: BinaryIO) -> Vector:
    """Bytes, sides, format, JPEG quality, blur, noise and light; of a sound bytes, length, loudness
    and bandwidth. A model that separates the classes by these has found no manipulation."""
    size = float(file.seek(0, os.SEEK_END))
    file.seek(0)
    tables = quantisation_tables(warden().facts(file))
    quality = float(nearest_quality(np.asarray(tables[0]))) if tables else 0.0
    with rewriting.decoded(file) as decoding:
        header = decoding.header
        first = next((pixels for _, _, pixels in decoding.frames()), None)
        picture = None if first is None else np.array(first)
        if header.kind == "audio":
            sound = _of_sound(decoding.audio())
        else:
            sound = np.zeros(5, np.float32)
            decoding.cancel()
    area = float((header.width or 0) * (header.height or 0)) or 1.0
    whole = [
        np.log(size), np.log(area), np.log(size / area), np.log(header.duration or 1.0),
        (header.width or 1) / (header.height or 1), quality, float(bool(tables)),
        *(float(header.format == name) for name in FORMATS),
    ]  # fmt: skip
    seen = np.zeros(8, np.float32) if picture is None else _of_picture(picture)
    return np.concatenate([np.array(whole, np.float32), seen, sound])


def _of_picture(pixels: Pixels) -> Vector:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = cv2.Laplacian(grey, cv2.CV_32F)
    grain = grey - cv2.medianBlur(grey, 3)
    halves = cv2.resize(cv2.resize(grey, None, fx=0.5, fy=0.5), grey.shape[::-1])
    values = [edges.var(), np.abs(grain).mean(), np.abs(grey - halves).mean(), grey.std()]
    light = [*pixels.reshape(-1, 3).mean(axis=0), pixels.std()]
    return np.array([*np.log1p(values), *light], np.float32)


def _of_sound(samples: Any) -> Vector:
    if samples is None or not len(samples):
        return np.zeros(5, np.float32)
    power = np.abs(np.fft.rfft(np.asarray(samples, np.float32))) ** 2 + 1e-12
    edges = [int(len(power) * share) for share in (0.25, 0.5, 0.875)]
    shares = [float(power[edge:].sum() / power.sum()) for edge in edges]
    loud = float(np.sqrt(np.mean(np.square(samples))) + 1e-9)
    quiet = float(np.mean(np.abs(samples) < 1e-4))
    return np.array([np.log(loud), quiet, *np.log(np.array(shares) + 1e-9)], np.float32)


def spectrum(file: BinaryIO) -> Vector:
    """Fourier spectrum, DCT and wavelets of the picture's middle at its own size. Of a video the
    first frame."""
    from ml.evaluation import spectral

    return spectral.statistics(rewriting.picture(file)).astype(np.float32)


def frozen_clip(file: BinaryIO) -> Vector:
    """CLIP ViT-B/16's image encoder as it was published: all twelve blocks, float32, the whole
    picture at 224 pixels. Of a video the first frame."""
    from ml.engine.image_encoders import reference
    from ml.engine.image_encoders.weights import BLOCKS

    pixels = rewriting.picture(file)
    return reference.features(_clip(), (BLOCKS,), _square(pixels))


@functools.cache
def _clip() -> Any:
    from ml.engine.image_encoders import weights

    return weights.load()


def _square(pixels: Pixels) -> Pixels:
    """The shorter side at 224 pixels, and the middle of the longer."""
    height, width = pixels.shape[:2]
    share = SIDE / min(height, width)
    size = (max(round(width * share), SIDE), max(round(height * share), SIDE))
    how = cv2.INTER_AREA if share < 1.0 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
    top, left = (small.shape[0] - SIDE) // 2, (small.shape[1] - SIDE) // 2
    return np.ascontiguousarray(small[top : top + SIDE, left : left + SIDE])


class Memory:
    """Features of files that were seen before, by content and change. Only ever added to."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"features-{name}-{VERSION}.jsonl"
        self._known: dict[str, Vector] = {}
        if self._file.is_file():
            for line in self._file.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                    numbers = np.frombuffer(base64.b64decode(entry["numbers"]), np.float32)
                    self._known[entry["key"]] = numbers
                except (ValueError, KeyError, TypeError):
                    continue  # a line that a killed run left half written

    def get(self, key: str) -> Vector | None:
        return self._known.get(key)

    def add(self, key: str, numbers: Vector) -> None:
        self._known[key] = numbers
        self._file.parent.mkdir(parents=True, exist_ok=True)
        packed = base64.b64encode(np.asarray(numbers, np.float32).tobytes()).decode()
        with self._file.open("a", encoding="utf-8") as file:
            file.write(("\n" if file.tell() else "") + json.dumps({"key": key, "numbers": packed}))
