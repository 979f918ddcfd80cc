"""Changes that happen to a whole video before it is uploaded: real ones must stay real, and fakes
go through them as well. Each change that makes a fake (flickering light, shaking, repeated frames)
has a counterpart here for the whole picture, where it is no sign of manipulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ml.engine.contract import Pixels
from ml.evaluation import degrade, video_codec


@dataclass(frozen=True)
class Film:
    """Frames and when each is shown."""

    frames: Sequence[Pixels]
    times: NDArray[np.float64]

    def with_frames(self, frames: Sequence[Pixels]) -> Film:
        return Film(frames, self.times)

    @property
    def rate(self) -> float:
        return (len(self.times) - 1) / float(self.times[-1] - self.times[0])


def h264(film: Film, crf: float) -> Film:
    """Through a real encoder, as a whole video with its predicted frames, and back."""
    frames = video_codec.passed(film.frames, rate=round(film.rate), crf=round(crf, 1))
    if len(frames) != len(film.frames):
        raise RuntimeError("The encoder lost frames.")
    return film.with_frames(frames)


# === To the whole picture alike ===


def noise(film: Film, random: Generator) -> Film:
    sigma = random.uniform(1.5, 6.0)
    seeds = random.integers(2**31, size=len(film.frames))
    return film.with_frames(
        [degrade.noise(f, sigma, int(s)) for f, s in zip(film.frames, seeds, strict=True)]
    )


def smaller(film: Film, random: Generator) -> Film:
    factor = random.uniform(0.5, 0.9)
    return film.with_frames([degrade.scale(f, factor) for f in film.frames])


def light(film: Film, random: Generator) -> Film:
    """It grows lighter or darker, or flickers, everywhere alike."""
    count = len(film.frames)
    slow = random.uniform(-0.25, 0.25) * np.linspace(0, 1, count)
    quick = random.normal(0, random.choice([0.0, 0.01, 0.03]), count)
    lift = random.uniform(-15, 15)
    return film.with_frames(
        [np.clip(f * (1 + g) + lift, 0, 255).astype(np.uint8)
         for f, g in zip(film.frames, slow + quick, strict=True)]
    )  # fmt: skip


def soft(film: Film, random: Generator) -> Film:
    """Focus that comes and goes."""
    amounts = np.abs(random.normal(0, random.uniform(0.3, 1.2), len(film.frames)))
    return film.with_frames(
        [degrade.blur(f, float(a)) if a > 0.25 else f
         for f, a in zip(film.frames, amounts, strict=True)]
    )  # fmt: skip


def shake(film: Film, random: Generator) -> Film:
    """A camera in the hand: trembling, and wandering."""
    count = len(film.frames)
    height, width = film.frames[0].shape[:2]
    path = random.normal(0, random.uniform(0.2, 1.5), (count, 2))
    path += np.cumsum(random.normal(0, random.uniform(0.0, 0.8), (count, 2)), axis=0)
    moves = [np.array([[1, 0, x], [0, 1, y]]) for x, y in path]
    return film.with_frames(
        [np.asarray(cv2.warpAffine(f, m, (width, height), borderMode=cv2.BORDER_REPLICATE))
         for f, m in zip(film.frames, moves, strict=True)]
    )  # fmt: skip


def jpeg(film: Film, random: Generator) -> Film:
    """Each frame saved by itself."""
    quality = random.uniform(40, 90)
    return film.with_frames([degrade.jpeg(f, quality) for f in film.frames])


def at_rate(film: Film, rate: float) -> Film:
    """As converters do it: at each new time the nearest frame that there is."""
    seconds = float(film.times[-1] - film.times[0])
    times = film.times[0] + np.arange(int(seconds * rate + 1e-6) + 1) / rate
    nearest = np.abs(film.times[None] - times[:, None]).argmin(axis=1)
    return Film([film.frames[int(n)] for n in nearest], times)


def repeated(film: Film, random: Generator) -> Film:
    """Down to fifteen a second or twelve and a half, and up again with frames that stand twice."""
    rate = film.rate
    return at_rate(at_rate(film, float(random.choice([15.0, 12.5]))), rate)


def fifteen(film: Film, random: Generator) -> Film:
    return at_rate(film, 15.0)


def twelve(film: Film, random: Generator) -> Film:
    return at_rate(film, 12.5)


WHOLE: dict[str, Callable[[Film, Generator], Film]] = {
    "15 frames a second": fifteen,
    "12.5 frames a second": twelve,
    "frames repeated": repeated,
    "noise": noise,
    "made smaller": smaller,
    "light of the whole": light,
    "focus of the whole": soft,
    "shaking camera": shake,
    "JPEG frames": jpeg,
}
