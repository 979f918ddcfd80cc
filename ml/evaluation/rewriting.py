"""A file read through the sandbox, changed, and written as another real file.

Pictures whose pixels alone are changed are written without loss, so that nothing else is measured;
where a codec is what is to be measured, a real encoder does it. A video keeps its sound.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, BinaryIO

import av
import cv2
import numpy as np
import soundfile
from PIL import Image

from ml.engine.contract import Pixels, Samples
from ml.engine.media.audio import SANDBOX_RATE
from ml.engine.media.encoding import encoded, even
from ml.evaluation import video_codec
from ml.evaluation.degrade_sound import encode_sound
from sandbox.decoding import Decoding
from sandbox.services import warden
from sandbox.types import Want

EVERY_FRAME = 1000.0
NEARLY_LOSSLESS = 10
"""H.264's constant rate factor where the codec is not what is measured."""
TICKS = 90_000

OfFrame = Callable[[Pixels], Pixels]


@contextmanager
def decoded(file: BinaryIO) -> Iterator[Decoding]:
    file.seek(0)
    want = Want(sample_fps=EVERY_FRAME, audio_rate=SANDBOX_RATE)
    with warden().decode(file, want=want) as decoding:
        yield decoding


# === Pictures ===


def picture(file: BinaryIO) -> Pixels:
    """The first frame: of an animated picture too."""
    with decoded(file) as decoding:
        _, _, pixels = next(iter(decoding.frames()))
        decoding.cancel()
        return np.array(pixels)


def png(pixels: Pixels) -> BinaryIO:
    return _file(encoded(pixels, ".png", [cv2.IMWRITE_PNG_COMPRESSION, 1]))


def jpeg(pixels: Pixels, quality: int) -> BinaryIO:
    return _file(encoded(pixels, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality]))


def webp(pixels: Pixels, quality: int) -> BinaryIO:
    return _file(encoded(pixels, ".webp", [cv2.IMWRITE_WEBP_QUALITY, quality]))


def jpeg_again(pixels: Pixels, quality: int) -> Pixels:
    with jpeg(pixels, quality) as file, Image.open(file, formats=["JPEG"]) as again:
        return np.asarray(again.convert("RGB"))


def _file(content: bytes) -> BinaryIO:
    """Unlinked from the start: it goes when it is closed."""
    file: Any = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    file.write(content)
    file.seek(0)
    return file  # type: ignore[no-any-return]


# === Videos ===


def video(
    file: BinaryIO,
    change: OfFrame = lambda pixels: pixels,
    *,
    crf: int = NEARLY_LOSSLESS,
    fps: float | None = None,
) -> BinaryIO:
    """Every frame changed and encoded as H.264 in Matroska, the sound kept as it is. With `fps`,
    frames are dropped or repeated to that rate, as a recording of a screen does."""
    out = io.BytesIO()
    with decoded(file) as decoding, av.open(out, "w", format="matroska") as container:
        stream: Any = None
        sound: Any = None
        for seconds, pixels in _timed(decoding, fps):
            frame = even(change(pixels))
            if stream is None:
                rate = Fraction(fps or decoding.header.fps or 25).limit_denominator(1001)
                height, width = frame.shape[:2]
                stream = video_codec.add_stream(container, (height, width), rate=rate, crf=crf)
                stream.codec_context.time_base = Fraction(1, TICKS)
                if decoding.header.has_audio:
                    sound = container.add_stream("pcm_s16le", rate=SANDBOX_RATE, layout="mono")
            if frame.shape[:2] != (stream.height, stream.width):
                frame = np.asarray(cv2.resize(frame, (stream.width, stream.height)), np.uint8)
            picture_ = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            picture_.pts, picture_.time_base = round(seconds * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(picture_))
        container.mux(stream.encode(None))
        samples = decoding.audio() if sound is not None else None
        if samples is not None and len(samples):
            encode_sound(container, sound, samples, SANDBOX_RATE)
    return _file(out.getvalue())


def _timed(decoding: Decoding, fps: float | None) -> Iterator[tuple[float, Pixels]]:
    """Frames with their times, which always rise; or at an even rate."""
    last, due = -1.0, 0.0
    for _, seconds, pixels in decoding.frames():
        if fps is None:
            last = max(seconds, last + 1.0 / TICKS)
            yield last, pixels
            continue
        while due <= seconds + 1e-6:
            yield due, pixels
            due += 1.0 / fps


# === Sounds ===


def sound(file: BinaryIO, change: Callable[[Samples], Samples]) -> BinaryIO:
    """Changed, and written as WAV."""
    with decoded(file) as decoding:
        for _ in decoding.frames():
            """A sound has none, but they are what comes first."""
        samples = decoding.audio()
    if samples is None or not len(samples):
        raise ValueError("there is no sound in it")
    memory = io.BytesIO()
    soundfile.write(memory, change(samples), SANDBOX_RATE, format="WAV", subtype="PCM_16")
    return _file(memory.getvalue())
