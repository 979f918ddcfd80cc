"""How sure the decoder is of speech that was marked and of speech that was not, on many ways."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.signal import resample_poly

from lab.scenes import sounds
from lab.sound_marks import writing
from ml.engine.contract import Samples, Spans
from ml.engine.detectors.sound_marks import perth
from ml.engine.detectors.sound_marks.detector import FOLDER, FOUND_AT
from ml.engine.detectors.sound_marks.stretches import MOST, SECONDS, examine
from ml.engine.media.spectra import RATE
from ml.engine.media.voice_activity import find_speech
from ml.evaluation.degrade_sound import add_noise, through_codec

CARD = FOLDER / "card.json"
Watch = Callable[[Iterable[Any]], Iterable[Any]]
Clips = Sequence[tuple[str, Samples]]
"""Speaker and sound."""
Figures = dict[str, Any]


def _noisy(samples: Samples) -> Samples:
    return add_noise(samples, 20.0, 0.0, np.random.default_rng(len(samples)))


def _telephone(samples: Samples) -> Samples:
    """8 kHz and back."""
    return np.asarray(resample_poly(resample_poly(samples, 1, 2), 2, 1), np.float32)


def _cut(samples: Samples, seconds: float) -> Samples:
    """From the middle."""
    length = round(seconds * RATE)
    first = max(0, (len(samples) - length) // 2)
    return samples[first : first + length]


WAYS: dict[str, Callable[[Samples], Samples]] = {
    "untouched (16 kHz)": lambda samples: samples,
    "MP3, 64 kbit/s": partial(through_codec, name="mp3", bit_rate=64_000),
    "AAC, 48 kbit/s": partial(through_codec, name="aac", bit_rate=48_000),
    "Opus, 24 kbit/s": partial(through_codec, name="opus", bit_rate=24_000),
    "resampled to 8 kHz": _telephone,
    "white noise at 20 dB": _noisy,
    "cut to 3 s": partial(_cut, seconds=3.0),
    "cut to 2 s": partial(_cut, seconds=perth.LEAST_SECONDS),
}
LONG, PIECES = 12.0, 20
"""Seconds of clips of one speaker joined; pieces of each kind of music and noise."""


EVERY = 3
"""Of the clips, so many to one that is marked."""


def figures(speech: Clips, anchors: Clips, machine: Clips, watch: Watch) -> Figures:
    genuine = [sound for _, sound in speech]
    marked = [writing.marked(sound) for sound in genuine[::EVERY]]
    pairs = {
        name: ([way(sound) for sound in genuine], [way(sound) for sound in marked])
        for name, way in WAYS.items()
    }
    for name, clips in (("clips of a speaker", speech), ("news anchors", anchors)):
        whole = joined(clips)
        pairs[f"{name}, joined to {LONG:.0f} s"] = whole, [writing.marked(one) for one in whole]
    rows = [
        {"way": name, "genuine": _row(clean), "marked": _row(written)}
        for name, (clean, written) in watch(list(pairs.items()))
    ]
    others = {"machine speech without a mark": _row(sound for _, sound in machine)}
    for kind in sounds.MAKERS:
        pieces = [sounds.made(kind, n, 10.0) for n in range(PIECES)]
        others[kind.replace("_", " ")] = _row(pieces) | {"by_the_check": by_the_check(pieces)}
    return {"found_at": FOUND_AT, "ways": rows, "unmarked": others, "cost": cost()}


def joined(clips: Clips) -> list[Samples]:
    """Clips of each speaker, one after the other, as often as they make LONG seconds."""
    by_speaker: dict[str, list[Samples]] = defaultdict(list)
    for speaker, sound in clips:
        by_speaker[speaker].append(sound)
    length = round(LONG * RATE)
    found = []
    for pieces in by_speaker.values():
        whole = np.concatenate(pieces)
        found += [whole[n : n + length] for n in range(0, len(whole) - length + 1, length)]
    return found


def by_the_check(made: Iterable[Samples]) -> int:
    """How many it calls marked: it examines only speech."""
    decoder, found = perth.served(), 0
    for sound in made:
        spoken = find_speech(sound)
        stretches = examine(decoder, sound, spoken.segments) if spoken.reason is None else []
        found += any(one.confidence >= FOUND_AT for one in stretches)
    return found


def _row(made: Iterable[Samples]) -> Figures:
    decoder = perth.served()
    of_each = filter(None, (examine(decoder, sound, _all_of(sound)) for sound in made))
    values = [max(one.confidence for one in stretches) for stretches in of_each]
    return {
        "sounds": len(values),
        "found": sum(value >= FOUND_AT for value in values),
        "most": round(max(values), 3),
        "middle": round(float(np.median(values)), 3),
    }


def _all_of(sound: Samples) -> Spans:
    """As if all of it were speech: what the decoder alone says."""
    return ((0.0, len(sound) / RATE),)


def cost() -> Figures:
    """Processor seconds for 30 s of sound and for ten minutes."""
    decoder = perth.served()
    found = {}
    for name, seconds in (("seconds_of_30_s", 30), ("seconds_of_600_s", 600)):
        sound = sounds.made("melody", 1, float(seconds))
        began = time.process_time()
        examine(decoder, sound, _all_of(sound))
        found[name] = round(time.process_time() - began, 2)
    return found


def as_text(figures: Figures) -> str:
    lines = [
        f"| speech | genuine: found at {figures['found_at']} | highest | marked: found | middle |",
        "|---|---|---|---|---|",
    ]
    for row in figures["ways"]:
        genuine, marked = row["genuine"], row["marked"]
        lines.append(
            f"| {row['way']} | {genuine['found']} of {genuine['sounds']} | {genuine['most']:.3f} "
            f"| {marked['found']} of {marked['sounds']} | {marked['middle']:.3f} |"
        )
    lines += [
        "",
        "| other sounds without a mark | found by the decoder | highest | found by the check |",
        "|---|---|---|---|",
    ]
    for name, row in figures["unmarked"].items():
        checked = row.get("by_the_check", row["found"])
        lines.append(
            f"| {name} | {row['found']} of {row['sounds']} | {row['most']:.3f} | {checked} |"
        )
    cost = figures["cost"]
    lines += [
        "",
        f"Processor seconds of one core: {cost['seconds_of_30_s']} for 30 s of sound, "
        f"{cost['seconds_of_600_s']} for 10 min ({MOST} stretches of {SECONDS:.0f} s).",
    ]
    return "\n".join(lines)
