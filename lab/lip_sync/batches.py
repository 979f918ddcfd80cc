"""Makes batches of whole clips, each with its own sound. The wrong sounds are the other clips'
right ones.

Within a batch every other place of the same clip, and every other clip, is a wrong sound, so none
is drawn apart. What happens to a clip happens to its pictures and its sound by one generator, which
depends on seed and step alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.lip_sync.data import Talk
from ml.engine.contract import Samples
from ml.engine.detectors.lip_sync import inputs
from ml.engine.media.lips import RATE, SIDE
from ml.evaluation import degrade_sound

PLACES = 20
"""Of a clip in a batch: what a clip of 30 pictures gives, less what jitter in time needs."""
VARIANTS = 5
"""Ways in which each clip's pictures, and its sound, are changed."""
SMALLEST_SPREAD = 0.05
"""The share of the greatest spread; directions with less spread are not amplified."""
EDGE = 4
"""Pixels by which a changed mouth is larger than what the network sees."""


def aligned(talks: Iterable[Talk], offsets: Mapping[str, float]) -> list[Talk]:
    """Each sound in its place, where it is known by how many places the speaker's comes late."""
    return [
        replace(talk, start=talk.start + offsets.get(talk.clip.speaker, 0.0) / RATE)
        for talk in talks
    ]


@dataclass(frozen=True)
class Batch:
    mouths: NDArray[np.float32]
    sound: NDArray[np.float32]
    shapes: NDArray[np.float32]
    """What the mouths of the places look like; standardised in each clip."""
    speakers: NDArray[np.int64]


def place_range(talk: Talk) -> tuple[int, int]:
    """Places of a clip that have both all their pictures and all their sound."""
    return inputs.sound_places(
        talk.sound, talk.start, inputs.LIPS_CONTEXT, len(talk.mouths) - inputs.LIPS_CONTEXT
    )


@dataclass(frozen=True)
class Changed:
    """One clip as the world may have changed it, a few times over: made once, since making it
    costs more than a step of training."""

    talk: Talk
    low: int
    high: int
    mouths: Sequence[NDArray[np.uint8]]
    sounds: Sequence[NDArray[np.float16]]
    """Of all places from `low` to `high`; half as exact, since a sound is kept many times over."""

    def example(
        self, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        first = int(rng.integers(self.low, self.high - PLACES + 1))
        chosen = slice(first - inputs.LIPS_CONTEXT, first + PLACES + inputs.LIPS_CONTEXT)
        mouths = cut(self.mouths[int(rng.integers(len(self.mouths)))][chosen], rng)
        begin = inputs.MEL_A_PLACE * (first - self.low)
        rows = inputs.MEL_A_PLACE * PLACES + inputs.MEL_CONTEXT
        sound = self.sounds[int(rng.integers(len(self.sounds)))][begin : begin + rows]
        shapes = self.talk.shapes
        shapes = (shapes - shapes.mean(axis=0)) / (shapes.std(axis=0) + 0.02)
        return (
            inputs.lips(mouths),
            masked(inputs.without_channel(sound.astype(np.float32)), rng),
            shapes[first : first + PLACES].astype(np.float32),
        )


def changed(talk: Talk, rng: np.random.Generator) -> Changed:
    low, high = place_range(talk)
    sounds = [talk.sound, *(shaken_sound(talk.sound, rng) for _ in range(VARIANTS - 1))]
    return Changed(
        talk=talk,
        low=low,
        high=high,
        mouths=[shaken_mouths(talk.mouths, rng) for _ in range(VARIANTS)],
        sounds=[
            inputs.sound_features(sound, talk.start, low, high).astype(np.float16)
            for sound in sounds
        ],
    )


class Draw:
    """Clips by turns of speakers, so that nobody weighs more than another."""

    def __init__(self, talks: Sequence[Talk], *, clips: int, seed: int) -> None:
        usable = [t for t in talks if np.diff(place_range(t))[0] >= PLACES]
        self.clips, self.seed = clips, seed
        self.changed = [
            changed(talk, np.random.default_rng([seed, number, 0]))
            for number, talk in enumerate(usable)
        ]
        self.names = sorted({t.clip.speaker for t in usable})
        self.of = {n: [i for i, t in enumerate(usable) if t.clip.speaker == n] for n in self.names}

    def ear_directions(self, count: int) -> NDArray[np.float32]:
        """The directions along which the encoder's features vary most within the clips, each to
        about unit spread; to be multiplied with from the right."""
        encoded = [one.sounds[0][:, inputs.BANDS :].astype(np.float64) for one in self.changed]
        rows = np.concatenate([clip - clip.mean(axis=0) for clip in encoded])
        powers, turned = np.linalg.eigh(rows.T @ rows / len(rows))
        spreads = np.sqrt(np.maximum(powers[::-1][:count], 0.0))
        least = SMALLEST_SPREAD * spreads[0]
        return np.asarray(turned[:, ::-1][:, :count] / np.maximum(spreads, least), np.float32)

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng([self.seed, step])
        order: list[str] = []
        while len(order) < self.clips:
            order += list(rng.permutation(self.names))
        rows = []
        taken: set[int] = set()
        for name in order[: self.clips]:
            left = [n for n in self.of[name] if n not in taken] or self.of[name]
            number = int(rng.choice(left))
            taken.add(number)
            rows.append(self.changed[number].example(rng))
        mouths, sound, shapes = (np.stack(column) for column in zip(*rows, strict=True))
        which = np.array([self.names.index(name) for name in order[: self.clips]])
        return Batch(mouths, sound, shapes, which)


def cut(mouths: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The network's part of the picture, slightly shifted, mirrored half of the time."""
    top, left = (int(n) for n in rng.integers(0, EDGE + 1, 2))
    part = mouths[:, top : top + inputs.LIPS_SIDE, left : left + inputs.LIPS_SIDE]
    return part[:, :, ::-1] if rng.random() < 0.5 else part


def shaken_mouths(mouths: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Place, size, angle, light, sharpness and noise; one way for the whole clip, with a
    little trembling from picture to picture as measuring gives."""
    side = inputs.LIPS_SIDE + EDGE
    edge = (SIDE - side) / 2
    size = rng.uniform(0.86, 1.14)
    angle = rng.normal(0, 4.0)
    shift = rng.uniform(-edge, edge, 2)
    drift = np.cumsum(rng.normal(0, 0.25, (len(mouths), 2)), axis=0) * (rng.random() < 0.5)
    gain, lift = rng.uniform(0.6, 1.4), rng.uniform(-30, 30)
    curve = rng.uniform(0.7, 1.4)
    table = np.clip(255 * (np.arange(256) / 255) ** curve * gain + lift, 0, 255).astype(np.uint8)
    small = int(rng.choice([0, 0, 0, 36, 28, 22, 18]))
    noise = float(rng.choice([0.0, 0.0, 3.0, 8.0]))
    quality = int(rng.integers(20, 90)) if rng.random() < 0.3 else 0
    found = np.empty((len(mouths), side, side), np.uint8)
    for number, mouth in enumerate(mouths):
        turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), angle, size)
        turn[:, 2] += shift + drift[number] - edge
        picture: Any = cv2.warpAffine(mouth, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
        if small:
            picture = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
            picture = cv2.resize(picture, (side, side))
        picture = table[picture]
        if noise:
            picture = np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255)
            picture = picture.astype(np.uint8)
        if quality:
            _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
            picture = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
        found[number] = picture
    return found


def shaken_sound(sound: Samples, rng: np.random.Generator) -> Samples:
    """Noise, room, band and line. Codecs whose delay is not known exactly are left out: they would
    teach wrong offsets."""
    changed = sound
    if float(np.abs(changed).max(initial=0.0)) < 1e-4:
        return changed
    if rng.random() < 0.2:
        changed = degrade_sound.in_a_room(
            changed, rng.uniform(0.1, 0.4), rng.uniform(0.01, 0.08), rng
        )
    if rng.random() < 0.5:
        changed = degrade_sound.add_noise(changed, rng.uniform(5, 35), rng.uniform(0, 2), rng)
    if rng.random() < 0.25:
        changed = degrade_sound.in_a_band(changed, rng.uniform(30, 250), rng.uniform(3200, 7900))
    if rng.random() < 0.3:
        changed = degrade_sound.at_level(changed, rng.uniform(-32, -10))
        way = str(rng.choice(["mulaw", "g722", "opus"]))
        changed = degrade_sound.through_codec(changed, way, 16_000 if way == "opus" else None)
    return changed


def degraded(talk: Talk, seed: int) -> Talk:
    """One way through the world, for calibration and measurement: the sound changed, and in half
    of the clips the pictures made coarse and saved as JPEG."""
    rng = np.random.default_rng(seed)
    sound = shaken_sound(talk.sound, rng)
    mouths = talk.mouths
    if rng.random() < 0.5:
        mouths = np.stack([_coarse(mouth) for mouth in mouths])
    return replace(talk, sound=sound, mouths=mouths)


def _coarse(mouth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = cv2.resize(mouth, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])
    decoded: Any = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    back = cv2.resize(decoded, (SIDE, SIDE))
    return np.asarray(back, np.uint8)


def masked(bands: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A few bands of log-mel taken away."""
    if rng.random() < 0.5:
        width = int(rng.integers(1, 9))
        low = int(rng.integers(0, inputs.BANDS - width + 1))
        bands = bands.copy()
        bands[:, low : low + width] = 0.0
    return bands
