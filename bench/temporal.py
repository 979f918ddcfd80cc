"""What the temporal check costs: the analysis of a silent 30 s 720p clip with three faces, by turns
with the check and without. Told in seconds of CPU of all processes, which neighbours on the machine
lengthen less than those on the wall; `--json` has both.

    python bench/temporal.py [--rounds 5] [--seconds 30] [--weights FOLDER] [--sound] [--json]

While the check is not offered its weights are elsewhere: in the folder that its `card` wrote to.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import imageio_ffmpeg  # noqa: E402

from bench import clip as clip_bench  # noqa: E402
from bench import clips  # noqa: E402
from bench.report import Row, table  # noqa: E402
from ml import registry  # noqa: E402
from ml.contract import Detector  # noqa: E402
from ml.detectors.temporal.detector import Temporal  # noqa: E402
from ml.detectors.temporal.network import FOLDER, ServedNetwork  # noqa: E402

COMMAND = "python bench/temporal.py"
MOST_GROWTH = 1.12


def silent(path: Path, target: Path) -> Path:
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-y", "-loglevel", "error", "-i", str(path), "-an", "-c", "copy"]
    subprocess.run([*command, str(target)], check=True)
    return target


def measure(seconds: float, rounds: int, weights: Path, *, sound: bool = False) -> dict[str, Any]:
    detector = Temporal(ServedNetwork(weights))
    others: list[Detector] = [d for d in registry.detectors() if d.name != "temporal"]  # type: ignore[misc]
    told: dict[str, list[tuple[float, float]]] = {"with": [], "without": []}
    with tempfile.TemporaryDirectory() as folder:
        print("Drawing the clip", file=sys.stderr)
        film = clips.write(Path(folder) / "drawn.mp4", seconds, people=3)
        film = film if sound else silent(film, Path(folder) / "silent.mp4")
        for which in ([*others, detector], others):
            clip_bench.analyse(film, which)
        for _ in range(rounds):
            wall, work, result = clip_bench.timed(
                lambda: clip_bench.analyse(film, [*others, detector])
            )
            told["with"].append((wall, work))
            told["without"].append(clip_bench.timed(lambda: clip_bench.analyse(film, others))[:2])
    said = next(f for f in result.findings if f.detector == "temporal")
    pairs = list(zip(told["with"], told["without"], strict=True))
    walls, works = ([a[n] / b[n] for a, b in pairs] for n in (0, 1))
    return {
        "ratio": round(statistics.median(works), 3),
        "ratio_best": round(min(works), 3),
        "ratio_worst": round(max(works), 3),
        "wall_ratio": round(statistics.median(walls), 3),
        "with_seconds": round(statistics.median(w for _, w in told["with"]), 2),
        "without_seconds": round(statistics.median(w for _, w in told["without"]), 2),
        "status": str(said.status),
        "reason": said.reason,
        "counts": dict(said.counts),
        "rounds": rounds,
    }


def rows(found: dict[str, Any]) -> list[Row]:
    return [
        Row(
            "analysis of a silent 30 s 720p clip with 3 faces with the temporal check, over "
            "without it, in seconds of CPU",
            f"{found['ratio']:.2f} x ({found['ratio_best']:.2f} to {found['ratio_worst']:.2f})",
            f"<= {MOST_GROWTH} x",
            found["ratio"] <= MOST_GROWTH,
            COMMAND,
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--weights", type=Path, default=FOLDER, help="another folder with a card")
    parser.add_argument("--sound", action="store_true", help="leave the clip its sound")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.seconds, options.rounds, options.weights, sound=options.sound)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
