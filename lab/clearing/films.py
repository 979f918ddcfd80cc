"""Makes fake videos and matching genuine ones, to measure the conditions for clearing a video.

    python -m lab.clearing.films --out FOLDER

Uses clips of filmed speakers whom the face checks were not trained on: the validation half are the
last training speakers by number and those of the validation split, the other half those of the test
split. Each video joins some clips of one speaker; each way of altering it is one kind. Every video
is encoded once more with H.264 and AAC, genuine or not. `lab.clearing sample --films` reads
FOLDER/manifest.csv.
"""

from __future__ import annotations

import argparse
import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.random import Generator

from lab.clearing import forging
from lab.clearing.forging import SOUND_HZ, Clip, Sound
from lab.common.speaking import say
from lab.face.store import Finder, face_finder
from ml.engine.media.encoding import even
from ml.evaluation import data_folders, video_codec

HELD_BACK = ("spk24", "spk27", "spk29", "spk31")
"""Training speakers that counted as validation when the face checks learnt."""
SHOTS = 4
CLIPS_EACH = 12
"""The limit per speaker: more would show the same face."""
RATES = (18, 23, 28, 33)
"""Constant rate factors of H.264."""
STRONG = 28
SWAPPED, LIPS = "swapped faces", "lips moved to other words"
UNSTEADY, SPOKEN = "altered parts of faces", "speech by a synthesis"
KINDS = (SWAPPED, LIPS, UNSTEADY, SPOKEN)
COLUMNS = ("path", "label", "source", "method", "split", "group")


def clips(folder: Path, find: Finder) -> Iterator[tuple[str, Clip]]:
    """(split, clip) of the held-back speakers, the same ones every time."""
    taken: dict[str, int] = defaultdict(int)
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["sha256"])
    for row in rows:
        split = "val" if row["speaker"] in HELD_BACK else row["split"]
        if split == "train" or taken[row["speaker"]] >= CLIPS_EACH:
            continue
        with zipfile.ZipFile(folder / row["archive"]) as archive:
            content = archive.read(row["member"])
        clip = decoded(content, row["speaker"], row["member"], find)
        if clip is not None:
            taken[row["speaker"]] += 1
            yield split, clip


def decoded(content: bytes, speaker: str, name: str, find: Finder) -> Clip | None:
    """None where a frame shows no face."""
    with av.open(io.BytesIO(content), "r") as film:
        rate = float(film.streams.video[0].average_rate or 25)
        frames = [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in film.decode(video=0)
        ]
    points = [find(np.ascontiguousarray(frame, dtype=np.uint8)) for frame in frames]
    found = [one for one in points if one is not None]
    if len(found) < len(frames) or not frames:
        return None
    sound = decoded_sound(io.BytesIO(content))
    return Clip(speaker, name, rate, frames, forging.steadied(found), sound)


def decoded_sound(file: io.BytesIO) -> Sound:
    """Mono at SOUND_HZ."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_HZ)
    with av.open(file, "r") as opened:
        parts = [
            part.to_ndarray()[0]
            for frame in opened.decode(audio=0)
            for part in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


def speech(folder: Path) -> dict[str, list[bytes]]:
    """Synthesised speech by split."""
    found: dict[str, list[bytes]] = defaultdict(list)
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "fake"]
    for row in sorted(rows, key=lambda row: row["sha256"]):
        if row["split"] != "train":
            with zipfile.ZipFile(folder / row["archive"]) as archive:
                found[row["split"]].append(archive.read(row["member"]))
    return found


def forged(
    kind: str, shots: Sequence[Clip], others: Sequence[Clip], random: Generator
) -> list[Clip]:
    """The film's shots, each altered in the same way. `others` give what is put in."""
    made = []
    for clip, other in zip(shots, others, strict=True):
        if kind == SWAPPED:
            made.append(replace(clip, frames=forging.swapped(clip, other, random)))
        elif kind == LIPS:
            frames = forging.other_words(clip, other, random)
            made.append(replace(clip, frames=frames, sound=_fitted(other.sound, len(clip.sound))))
        elif kind == UNSTEADY:
            made.append(replace(clip, frames=forging.unsteady(clip, random)))
        else:
            made.append(clip)
    return made


def _fitted(sound: Sound, length: int) -> Sound:
    """Cut, or ended with silence."""
    return np.pad(sound[:length], (0, max(length - len(sound), 0)))


def written(shots: Sequence[Clip], sound: Sound, crf: int, target: Path) -> None:
    rate = Fraction(shots[0].rate).limit_denominator(1001)
    with av.open(str(target), "w", format="mp4") as film:
        height, width = even(np.asarray(shots[0].frames[0])).shape[:2]
        video = video_codec.add_stream(film, (height, width), rate=rate, crf=crf)
        audio = film.add_stream("aac", rate=SOUND_HZ)
        audio.layout = "mono"
        for clip in shots:
            for pixels in clip.frames:
                frame = av.VideoFrame.from_ndarray(even(np.asarray(pixels)), format="rgb24")
                film.mux(video.encode(frame))
        film.mux(video.encode(None))
        sound_frame = av.AudioFrame.from_ndarray(sound[None], format="flt", layout="mono")
        sound_frame.rate = SOUND_HZ
        film.mux(audio.encode(sound_frame))
        film.mux(audio.encode(None))


class Maker:
    def __init__(self, clips: Sequence[Clip], spoken: Sequence[bytes], seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.spoken = spoken
        self.by_speaker: dict[str, list[Clip]] = defaultdict(list)
        for clip in clips:
            self.by_speaker[f"{clip.speaker} {clip.rate:.2f} {clip.frames[0].shape}"].append(clip)
        self.by_speaker = {k: v for k, v in self.by_speaker.items() if len(v) >= 2 * SHOTS - 2}

    def film(self, kind: str | None) -> tuple[list[Clip], Sound]:
        who = sorted(self.by_speaker)
        name = who[int(self.random.integers(len(who)))]
        order = [
            self.by_speaker[name][int(n)]
            for n in self.random.permutation(len(self.by_speaker[name]))
        ]
        shots = order[:SHOTS]
        if kind == SWAPPED:
            donor = self._another(name)
            others = [donor] * SHOTS
        else:
            others = (order[SHOTS:] + order[:SHOTS])[: len(shots)]
        if kind is not None:
            shots = forged(kind, shots, others, self.random)
        sound = np.concatenate(
            [_fitted(c.sound, round(len(c.frames) / c.rate * SOUND_HZ)) for c in shots]
        )
        if kind == SPOKEN:
            sound = self._speech(len(sound))
        return shots, sound

    def _another(self, name: str) -> Clip:
        speaker = name.split()[0]
        rest = [c for some in self.by_speaker.values() for c in some if c.speaker != speaker]
        return rest[int(self.random.integers(len(rest)))]

    def _speech(self, length: int) -> Sound:
        first = int(self.random.integers(len(self.spoken)))
        parts: list[Sound] = []
        while sum(map(len, parts)) < length:
            parts.append(decoded_sound(io.BytesIO(self.spoken[first % len(self.spoken)])))
            first += 1
        return np.concatenate(parts)[:length]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=24, help="films of each kind and half")
    parser.add_argument("--genuine", type=int, default=40, help="genuine films of each half")
    options = parser.parse_args()
    talking, speaking = (data_folders.research(name) for name in ("talking", "speech"))
    if talking is None or speaking is None:
        raise SystemExit("The clips or the speech are not there; see docs/evaluation.md.")
    halves: dict[str, list[Clip]] = defaultdict(list)
    with face_finder() as find:
        for split, clip in clips(talking, find):
            halves[split].append(clip)
    spoken = speech(speaking)
    options.out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    for half, found in sorted(halves.items()):
        maker = Maker(found, spoken[half], seed=1)
        plan = [None] * options.genuine + [kind for kind in KINDS for _ in range(options.each)]
        for number, kind in enumerate(plan):
            crf = RATES[number % len(RATES)]
            name = f"{half}-{number:03}.mp4"
            shots, sound = maker.film(kind)
            written(shots, sound, crf, options.out / name)
            source = "filmed speakers" + (", strongly compressed" if crf >= STRONG else "")
            rows.append({
                "path": name, "label": "fake" if kind else "real", "source": source,
                "method": kind or "", "split": half, "group": shots[0].speaker,
            })  # fmt: skip
        say(f"{half}: {len(found)} clips, {len(plan)} films")
    with (options.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
