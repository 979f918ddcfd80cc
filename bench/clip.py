"""The whole analysis of a 30 s 720p clip with three people, relative to a plain ffmpeg decode of
the same clip.

    python bench/clip.py [--rounds 5] [--seconds 30] [--people 3] [--clip FILE] [--json]

Analysis and decode alternate, so that a busy machine slows both; the ratio is the median of the
rounds. The clip is made here from pictures that dependencies include.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import imageio_ffmpeg  # noqa: E402
import psutil  # noqa: E402

from bench import clips  # noqa: E402
from bench.report import Row, table  # noqa: E402
from ml.engine import analysis, registry  # noqa: E402
from ml.engine.contract import Detector, Result, Status  # noqa: E402
from ml.engine.registry import Missing  # noqa: E402
from sandbox.services import warden  # noqa: E402

TARGET = 2.5
"""Twice a bare decode for what looks at pictures, and a quarter more for what holds sound and lips
against each other."""
COMMAND = "python bench/clip.py"


def decode(clip: Path) -> None:
    """All frames decoded and thrown away, as fast as ffmpeg does it by itself."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-nostdin", "-i", str(clip)]
    subprocess.run([*command, "-f", "null", "-"], check=True)


def analyse(clip: Path, detectors: Sequence[Detector | Missing]) -> Result:
    with clip.open("rb") as file:
        return analysis.analyse(file, detectors=detectors)


def timed(act: Callable[[], Any]) -> tuple[float, float, Any]:
    """(seconds on the wall, seconds of CPU in all processes, what was done)."""
    worked, started = cpu_seconds(), time.perf_counter()
    result = act()
    return time.perf_counter() - started, cpu_seconds() - worked, result


def cpu_seconds() -> float:
    """Of this process, its children, and the sandbox's, which the warden has reaped."""
    own = os.times()
    total = own.user + own.system + own.children_user + own.children_system
    with contextlib.suppress(psutil.Error):
        times = psutil.Process(warden().pid).cpu_times() if warden().pid else None
        if times:
            total += times.children_user + times.children_system
    return total


def measure(clip: Path, rounds: int, detectors: Sequence[Detector | Missing]) -> dict[str, Any]:
    analyse(clip, detectors)  # models are loaded and the sandbox is warm, as in a worker
    decodes, analyses = [], []
    for _ in range(rounds):
        seconds, work, _ = timed(lambda: decode(clip))
        decodes.append((seconds, work))
        seconds, work, result = timed(lambda: analyse(clip, detectors))
        analyses.append((seconds, work))
    ratios = [a[0] / d[0] for a, d in zip(analyses, decodes, strict=True)]
    works = [a[1] / d[1] for a, d in zip(analyses, decodes, strict=True)]
    return {
        "ratio": round(statistics.median(ratios), 2),
        "ratio_best": round(min(ratios), 2),
        "ratio_worst": round(max(ratios), 2),
        "cpu_ratio": round(statistics.median(works), 2),
        "target": TARGET,
        "analysis_seconds": round(statistics.median(a[0] for a in analyses), 2),
        "decode_seconds": round(statistics.median(d[0] for d in decodes), 2),
        "rounds": rounds,
        "frames": result.media.frames_decoded if result.media else 0,
        "tracks": [{"id": t["id"], "measured": t["seen"]} for t in result.tracks],
        "detectors": {
            f.detector: {"status": str(f.status), "seconds": round(f.seconds, 3)}
            for f in result.findings
        },
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def rows(found: dict[str, Any]) -> list[Row]:
    ran = [n for n, d in found["detectors"].items() if d["status"] == Status.RAN]
    return [
        Row(
            f"complete analysis of a 30 s 720p clip with {len(found['tracks'])} faces "
            f"({', '.join(ran)}) compared with a plain ffmpeg decode",
            f"{found['ratio']} x",
            f"<= {TARGET} x",
            found["ratio"] <= TARGET,
            COMMAND,
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--clip", type=Path, help="take this clip instead of drawing one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = options.clip
        if clip is None:
            print("Drawing the clip", file=sys.stderr)
            clip = clips.write(Path(folder) / "clip.mp4", options.seconds, people=options.people)
        found = measure(clip, options.rounds, registry.detectors())
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
