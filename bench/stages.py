"""How long each stage of an analysis takes, and how far the reported progress differs from the
time.

    PYTHONPATH=platform:. python bench/stages.py [FILE...]

Without files: a portrait, a speaking clip of 10 s, a voice of 60 s, and the clip repeated twelve
times. `ml/engine/progress.py` has the costs that these shares are compared with.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import soundfile  # noqa: E402

from bench import clips  # noqa: E402
from bench.sync import speaking  # noqa: E402
from ml.engine import analysis  # noqa: E402
from tests.lab.voice.voices import speech_like  # noqa: E402

STAGES = ("opening", "looking", "listening", "concluding")


@contextmanager
def drawn() -> Iterator[list[Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips.portrait().save(folder / "portrait.jpg", quality=90)
        soundfile.write(folder / "voice.wav", speech_like(60.0), 16_000)
        clip = speaking(folder, 10.0)
        film = clips.repeated(clip, folder / "film.mp4", 12)
        yield [folder / "portrait.jpg", clip, folder / "voice.wav", film]


def measure(path: Path) -> tuple[float, dict[str, float], float, str]:
    """(seconds, share of the time by stage, the largest distance between reported progress and
    time, the checks that took longest)."""
    reports: list[tuple[float, float, str]] = []
    began = time.perf_counter()
    with path.open("rb") as file:
        result = analysis.analyse(
            file,
            progress=lambda share, stage: reports.append(
                (time.perf_counter() - began, share, stage)
            ),
        )
    whole = time.perf_counter() - began
    ends = [*(at for at, _, _ in reports[1:]), whole]
    shares = dict.fromkeys(STAGES, 0.0)
    for (at, _, stage), end in zip(reports, ends, strict=True):
        if stage in shares:
            shares[stage] += (end - at) / whole
    away = max((abs(share - at / whole) for at, share, _ in reports), default=0.0)
    costs = sorted(result.findings, key=lambda finding: -finding.seconds)[:4]
    slowest = ", ".join(f"{finding.detector} {finding.seconds:.2f} s" for finding in costs)
    return whole, shares, away, slowest


def main(files: list[Path]) -> None:
    measure(files[0])  # the first loads the models, as in a worker that has just been started
    print("| file | seconds | " + " | ".join(STAGES) + " | furthest off | checks |")
    print("|---" * (len(STAGES) + 4) + "|")
    for path in files:
        whole, shares, away, checks = measure(path)
        cells = [f"{shares[stage]:.0%}" for stage in STAGES]
        print(f"| {path.name} | {whole:.1f} | {' | '.join(cells)} | {away:.0%} | {checks} |")


if __name__ == "__main__":
    if given := [Path(name) for name in sys.argv[1:]]:
        main(given)
    else:
        with drawn() as made:
            main(made)
