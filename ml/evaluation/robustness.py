"""Whether the figures hold after what happens to media on their way: a table of cells.

A cell is one kind of change at one strength, applied to real files which then go through the same
engine. Each is compared with the untouched files that it was applied to, at the operating point
that was frozen before: AUC, hits, false alarms, and how much is still decided.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from ml.engine.contract import Kind, Samples
from ml.evaluation import degradations, rewriting
from ml.evaluation.degradations import CODEC, OF_A_FRAME, STRENGTHS
from ml.evaluation.manifest import Case
from ml.evaluation.records import Record
from ml.evaluation.running import Task
from ml.evaluation.scoring import FUSED, Evaluation

VERSION = "1"
"""Of the changes: what was kept of other ones is not used."""
JPEG = "JPEG quality x size"
LAUNDERING = "laundering"
SOUND = "sound"
QUALITIES, SIZES = (95, 75, 50, 30), (1.0, 0.75, 0.5)
SOUNDS = ("Opus 24k", "8 kHz mu-law", "MP3 64k", "noise 10 dB")

Laundering = Callable[[BinaryIO], BinaryIO]


@dataclass(frozen=True)
class Cell:
    """One change at one strength; applied in the process that examines its outcome."""

    family: str
    level: str
    still: bool

    @property
    def name(self) -> str:
        return f"{self.family}/{self.level}/{'still' if self.still else 'moving'}/{VERSION}"

    def __call__(self, file: BinaryIO) -> BinaryIO:
        if self.family in STRENGTHS:
            return self._degraded(file, STRENGTHS[self.family][int(self.level) - 1])
        if self.family == JPEG:
            quality, size = self.level.split(" x ")
            pixels = rewriting.picture(file)
            return rewriting.jpeg(degradations.smaller(pixels, float(size)), int(quality))
        if self.family == LAUNDERING:
            return (STILL if self.still else MOVING)[self.level](file)
        return rewriting.sound(file, self._sound)

    def _degraded(self, file: BinaryIO, strength: float) -> BinaryIO:
        if self.family == CODEC:
            if not self.still:
                return rewriting.video(file, crf=int(strength))
            from ml.evaluation.degrade import h264

            return rewriting.png(h264(rewriting.picture(file), strength))
        change, random = OF_A_FRAME[self.family], self._random()
        if self.still:
            return rewriting.png(change(rewriting.picture(file), strength, random))
        return rewriting.video(file, lambda pixels: change(pixels, strength, random))

    def _sound(self, samples: Samples) -> Samples:
        from ml.evaluation.degrade_sound import NAMED

        return NAMED[self.level](samples, self._random())

    def _random(self) -> np.random.Generator:
        return np.random.default_rng(zlib.crc32(self.name.encode()))


# === Laundering ===


def _messenger(file: BinaryIO) -> BinaryIO:
    return rewriting.jpeg(degradations.within(rewriting.picture(file), 640), 70)


def _social(file: BinaryIO) -> BinaryIO:
    """Uploaded, saved, uploaded again."""
    pixels = degradations.within(rewriting.picture(file), 1080)
    return rewriting.jpeg(rewriting.jpeg_again(pixels, 80), 72)


def _screenshot(file: BinaryIO) -> BinaryIO:
    from ml.evaluation.degrade import sharpen

    pixels = sharpen(degradations.smaller(rewriting.picture(file), 0.75), 0.5)
    return rewriting.jpeg(pixels, 80)


def _messenger_video(file: BinaryIO) -> BinaryIO:
    return rewriting.video(file, lambda pixels: degradations.within(pixels, 640), crf=30)


def _social_video(file: BinaryIO) -> BinaryIO:
    with rewriting.video(file, lambda p: degradations.within(p, 1280), crf=28) as once:
        return rewriting.video(once, crf=28)


def _screen_recording(file: BinaryIO) -> BinaryIO:
    return rewriting.video(file, crf=32, fps=25.0)


STILL: dict[str, Laundering] = {
    "messenger": _messenger,
    "social, twice": _social,
    "screenshot": _screenshot,
}
MOVING: dict[str, Laundering] = {
    "messenger": _messenger_video,
    "social, twice": _social_video,
    "screen recording": _screen_recording,
}


# === The grid ===


def cells(kind: str | None) -> list[Cell]:
    """What is done to a file of this kind."""
    still = kind == Kind.IMAGE
    if kind == Kind.AUDIO:
        return [Cell(SOUND, name, False) for name in SOUNDS]
    if kind not in (Kind.IMAGE, Kind.VIDEO):
        return []
    found = [Cell(family, str(level), still) for family in STRENGTHS for level in range(1, 6)]
    if still:
        found += [Cell(JPEG, f"{q} x {s:g}", still) for s in SIZES for q in QUALITIES]
    return found + [Cell(LAUNDERING, name, still) for name in (STILL if still else MOVING)]


def chosen(cases: Sequence[Case], records: Sequence[Record], count: int) -> list[int]:
    """Positions of the files that are taken: examined without failure, both classes alike, the
    sources of each in turn; within a source by digest, so that a longer manifest of the same files
    does not change who is first."""
    taken: list[int] = []
    for fake in (False, True):
        by_source: dict[str, list[int]] = {}
        for number, (case, record) in enumerate(zip(cases, records, strict=True)):
            if case.fake == fake and cells(record.kind):
                by_source.setdefault(f"{case.source}/{case.method}", []).append(number)
        rows = [
            sorted(numbers, key=lambda n: records[n].sha256)
            for _, numbers in sorted(by_source.items())
        ]
        turns = [row[turn] for turn in range(max(map(len, rows), default=0))
                 for row in rows if turn < len(row)]  # fmt: skip
        taken += turns[: count // 2]
    return sorted(taken)


def tasks(
    cases: Sequence[Case], records: Sequence[Record], taken: Sequence[int]
) -> list[tuple[int, Task]]:
    return [
        (number, Task(cases[number], cell))
        for number in taken
        for cell in cells(records[number].kind)
    ]


def summary(
    clean: Evaluation, done: Sequence[tuple[int, Task]], records: Sequence[Record]
) -> dict[str, Any]:
    """Per detector and of the verdict: every cell beside the same files untouched."""
    by_cell: dict[tuple[str, str], list[tuple[int, Record]]] = {}
    for (number, task), record in zip(done, records, strict=True):
        assert isinstance(task.change, Cell)
        key = task.change.family, task.change.level
        by_cell.setdefault(key, []).append((number, record))
    names = [*clean.names, FUSED]
    found: dict[str, Any] = {name: {"cells": []} for name in names}
    for (family, level), rows in by_cell.items():
        cases = [clean.cases[number] for number, _ in rows]
        after = Evaluation(cases, [record for _, record in rows], clean.names)
        before = Evaluation(cases, [clean.records[number] for number, _ in rows], clean.names)
        for name in names:
            found[name]["cells"].append(
                {"family": family, "level": level, **_compared(before, after, name)}
            )
    for name in names:
        found[name] |= {"scale": clean.columns[name].scale, **_drops(found[name]["cells"])}
    return found


KEPT = ("n", "coverage", "tpr", "fpr", "decided_share", "decided_accuracy", "failed")


def _compared(before: Evaluation, after: Evaluation, name: str) -> dict[str, Any]:
    was, now = before.figures(name, draws=0), after.figures(name, draws=500)
    return {
        **{key: now[key] for key in KEPT},
        "auc": now["auc"],
        "auc_low": now["auc_low"],
        "auc_high": now["auc_high"],
        "auc_clean": was["auc"],
        "fpr_clean": was["fpr"],
    }


def _drops(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean fall of the AUC over the seven kinds, and the worst cell of all."""

    def drop(family: str) -> float | None:
        falls = [
            cell["auc_clean"] - cell["auc"]
            for cell in found
            if cell["family"] == family
            and cell["auc"] is not None
            and cell["auc_clean"] is not None
        ]
        return float(np.mean(falls)) if falls else None

    drops = {family: drop(family) for family in (*STRENGTHS, JPEG, LAUNDERING, SOUND)}
    seven = [fall for family in STRENGTHS if (fall := drops[family]) is not None]
    measured = [cell for cell in found if cell["auc"] is not None]
    worst = min(measured, key=lambda cell: cell["auc"], default=None)
    return {
        "drop_by_family": {family: fall for family, fall in drops.items() if fall is not None},
        "mean_drop": float(np.mean(seven)) if len(seven) == len(STRENGTHS) else None,
        "worst_cell": f"{worst['family']} {worst['level']}" if worst else None,
        "worst_auc": worst["auc"] if worst else None,
    }
