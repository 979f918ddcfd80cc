"""What the temporal check costs: the analysis of a silent 30 s 720p clip with three faces, with the
check and without, alternating. Reported in CPU seconds of all processes, which other programs on
the machine affect less than elapsed time; `--json` has both.

    python bench/temporal.py [--rounds 5] [--seconds 30] [--weights FOLDER] [--sound] [--json]

`--weights` measures other weights than the served ones: the folder that `card --out` wrote to.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import imageio_ffmpeg  # noqa: E402

from bench import clips, one_check  # noqa: E402
from bench.report import Row, table  # noqa: E402
from ml.engine.detectors.temporal.detector import Temporal  # noqa: E402
from ml.engine.detectors.temporal.network import FOLDER, ServedNetwork  # noqa: E402

COMMAND = "python bench/temporal.py"
MOST_GROWTH = 1.12


def silent(path: Path, target: Path) -> Path:
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-y", "-loglevel", "error", "-i", str(path), "-an", "-c", "copy"]
    subprocess.run([*command, str(target)], check=True)
    return target


def measure(seconds: float, rounds: int, weights: Path, *, sound: bool = False) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        print("Drawing the clip", file=sys.stderr)
        film = clips.write(Path(folder) / "drawn.mp4", seconds, people=3)
        film = film if sound else silent(film, Path(folder) / "silent.mp4")
        turns, finding = one_check.by_turns(film, Temporal(ServedNetwork(weights)), rounds)
    return {
        **one_check.summarise(turns, finding, one_check.WORK),
        "wall_ratio": one_check.summarise(turns, finding, one_check.WALL)["ratio"],
        "counts": dict(finding.counts),
        "rounds": rounds,
    }


def rows(found: dict[str, Any]) -> list[Row]:
    return [
        one_check.row(
            "analysis of a silent 30 s 720p clip with 3 faces with the temporal check compared "
            "with an analysis without it, processor time",
            found,
            MOST_GROWTH,
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
