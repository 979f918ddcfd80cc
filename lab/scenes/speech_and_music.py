"""Measures how well music is distinguished from speech: a table of the voice activity in synthetic
and real sounds.

    python -m lab.scenes.speech_and_music [--pieces 40] [--music FOLDER] [--write docs/scenes.md]

Music and noise are made here; speech comes from the research data (`speech`, test split, genuine),
joined to at least ten seconds of one source, and from real music if a folder of WAV files is named.
Without the data its rows are left out.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from lab.scenes import sounds
from lab.voice import data
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE
from ml.engine.media.voice_activity import find_speech
from ml.evaluation import data_folders, pages

SECONDS = 10.0
HEAD = (
    "| sound | pieces of 10 s or more | taken for speech | of those, share of the loud time "
    "that is not |\n|---|---|---|---|"
)
MIXED_HEAD = (
    "| speech, then as long of | files | a voice is examined | of the speech, kept | of the rest, "
    "taken for speech |\n|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Taken:
    """The result for one piece."""

    speech: bool
    refused: float

    @classmethod
    def of(cls, sound: Samples) -> Taken:
        activity = find_speech(sound)
        refused = sum(b - a for a, b in activity.refused)
        loud = refused + activity.seconds
        return cls(activity.reason is None, refused / loud if loud else 0.0)


def row(name: str, pieces: Iterable[Samples]) -> str:
    taken = [Taken.of(piece) for piece in pieces]
    passed = [one for one in taken if one.speech]
    left = f"{100 * np.mean([one.refused for one in passed]):.1f} %" if passed else "–"
    return f"| {name} | {len(taken)} | {_share(len(passed), len(taken))} | {left} |"


def mixed_row(name: str, pairs: Iterable[tuple[Samples, Samples]]) -> str:
    """Speech for some time, then something else for as long, equally loud."""
    examined, kept, wrong = [], [], []
    for speech, other in pairs:
        length = min(len(speech), len(other))
        loud = float(np.sqrt(np.mean(speech[:length] ** 2)))
        joined = np.concatenate([speech[:length], sounds.at_level(other[:length], loud)])
        activity = find_speech(joined)
        examined.append(activity.reason is None)
        if activity.reason is None:
            half = length / RATE
            alone = find_speech(speech[:length]).segments
            before = sum(_inside(activity.segments, a, b) for a, b in alone)
            kept.append(before / max(sum(b - a for a, b in alone), 1e-9))
            wrong.append(_inside(activity.segments, half, 2 * half) / half)
    shares = [f"{100 * np.mean(s):.0f} %" if s else "–" for s in (kept, wrong)]
    share = _share(sum(examined), len(examined))
    return f"| {name} | {len(examined)} | {share} | {shares[0]} | {shares[1]} |"


def _share(some: int, of: int) -> str:
    return f"{some} ({100 * some / max(of, 1):.0f} %)"


def _inside(spans: Iterable[tuple[float, float]], start: float, end: float) -> float:
    return sum(max(0.0, min(b, end) - max(a, start)) for a, b in spans)


def in_noise(speech: Samples, seed: int) -> Samples:
    noise = sounds.pink_noise(np.random.default_rng(seed), len(speech))
    level = float(np.sqrt(np.mean(speech**2))) / 10 ** (10 / 20)
    return speech + sounds.at_level(noise, level)


def real_speech(splits: tuple[str, ...] = ("test",)) -> list[Samples]:
    """Clips of one source after another, until there are ten seconds; empty without the data."""
    folder = data_folders.research("speech")
    if folder is None:
        return []
    clips = [
        clip for clip in data.read_manifest(folder / data_folders.MANIFEST)
        if clip.label == data.REAL and clip.split in splits
    ]  # fmt: skip
    joined = []
    for _, own in itertools.groupby(sorted(clips, key=_by_speaker), key=lambda c: c.source):
        piece: list[Samples] = []
        for samples in data.read_clips(list(own), folder):
            piece.append(samples)
            if sum(map(len, piece)) >= SECONDS * RATE:
                joined.append(np.concatenate(piece))
                piece = []
    return joined


def _by_speaker(clip: data.Clip) -> tuple[str, str, str]:
    return clip.source, clip.speaker, clip.member


def real_music(folder: Path) -> Iterator[Samples]:
    """Pieces of ten seconds, one each half minute."""
    for path in sorted(folder.glob("*.wav")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = np.asarray(resample_poly(samples.mean(axis=1), RATE, rate), np.float32)
        length = round(SECONDS * RATE)
        for first in range(0, len(mono) - length, 3 * length):
            yield mono[first : first + length]


def tables(pieces: int, music: Path | None) -> str:
    speech = real_speech()
    lines = [HEAD]
    if speech:
        lines.append(row("genuine speech, test split", speech))
        noisy = map(in_noise, speech, range(len(speech)))
        lines.append(row("the same with pink noise 10 dB below it", noisy))
    for kind in sounds.MAKERS:
        made = (sounds.made(kind, seed, SECONDS) for seed in range(pieces))
        lines.append(row(f"{kind}, made", made))
    if music is not None:
        lines.append(row("recorded music", real_music(music)))
    if not speech:
        return "\n".join(lines)
    lines += ["", MIXED_HEAD]
    for kind in ("melody", "band", "drums", "pink noise"):
        pairs = ((s, sounds.made(kind, n, len(s) / RATE)) for n, s in enumerate(speech))
        lines.append(mixed_row(f"{kind}, made", pairs))
    if music is not None:
        lines.append(mixed_row("recorded music", zip(speech, real_music(music), strict=False)))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pieces", type=int, default=40, help="of each kind that is made")
    parser.add_argument("--music", type=Path, help="a folder of WAV files with music")
    parser.add_argument("--write", type=Path, help="write the tables into this page")
    options = parser.parse_args()
    text = tables(options.pieces, options.music)
    sys.stdout.write(text + "\n")
    if options.write:
        pages.written(options.write, "heard", text)


if __name__ == "__main__":
    main()
