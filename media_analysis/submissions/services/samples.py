"""Sample media for a first look: made here, or shipped by a dependency under a free licence."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from ml.engine.media.face_model import GOLDEN_FILE

FPS, SECONDS, RATE = 25, 4, 48_000


@dataclass(frozen=True)
class Sample:
    filename: str
    content: bytes
    note: str


def all_samples() -> Iterator[Sample]:
    yield Sample(
        "grace_hopper.jpg",
        portrait(),
        "A genuine photograph: public domain, US Navy.",
    )
    yield Sample(
        "landscape_with_prompt.png",
        drawn_with_prompt(),
        "Drawn by Touchstone; carries the text that image generators leave in their files.",
    )
    yield Sample(
        "saved_twice.jpg",
        saved_twice(),
        "The photograph again, cropped and saved a second time at another quality.",
    )
    yield Sample("clip.mp4", clip(), "A short film made here: the photograph moving, with a tone.")
    yield Sample("tone.wav", tone(), "Four seconds of a tone, made here.")


def portrait() -> bytes:
    return GOLDEN_FILE.read_bytes()


def drawn_with_prompt() -> bytes:
    picture = Image.new("RGB", (512, 320), "#9db4c8")
    draw = ImageDraw.Draw(picture)
    for number, colour in enumerate(("#7c8f6b", "#6b7d5a", "#4f5f45")):
        y = 190 + 40 * number
        draw.polygon(
            [(0, y + 30), (170, y - 20), (340, y + 25), (512, y), (512, 320), (0, 320)], colour
        )
    text = PngInfo()
    text.add_text(
        "parameters",
        "rolling hills under a pale sky\n"
        "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x320",
    )
    return _saved(picture, "PNG", pnginfo=text)


def saved_twice() -> bytes:
    with Image.open(io.BytesIO(portrait())) as original:
        first = _saved(original.convert("RGB"), "JPEG", quality=60)
    with Image.open(io.BytesIO(first)) as again:
        return _saved(again.crop((3, 5, again.width - 4, again.height - 3)), "JPEG", quality=92)


def clip() -> bytes:
    with Image.open(io.BytesIO(portrait())) as original:
        picture = original.convert("RGB")
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=FPS, options={"crf": "23", "g": "25"})
        video.width, video.height, video.pix_fmt = 480, 480, "yuv420p"
        sound = container.add_stream("aac", rate=RATE)
        for number in range(FPS * SECONDS):
            top = round(20 + 15 * np.sin(number / 12))
            cut = picture.crop((16, top, 496, top + 480))
            frame = av.VideoFrame.from_image(cut)  # type: ignore[no-untyped-call]  # PyAV gives no types
            container.mux(video.encode(frame))
        container.mux(video.encode())
        samples = _sine()[None, :].astype(np.float32)
        for start in range(0, samples.shape[1], 1024):
            block = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples[:, start : start + 1024]), format="fltp", layout="mono"
            )
            block.sample_rate, block.pts = RATE, start
            container.mux(sound.encode(block))
        container.mux(sound.encode())
    return out.getvalue()


def tone() -> bytes:
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, _sine(), RATE, format="WAV", subtype="PCM_16")
    return out.getvalue()


def _sine() -> np.ndarray:
    seconds = np.arange(RATE * SECONDS) / RATE
    return 0.2 * np.sin(2 * np.pi * 440 * seconds) * np.minimum(1, seconds * 4)


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
