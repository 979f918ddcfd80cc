"""The whole analysis of a 30 s 720p clip with three faces, against a bare ffmpeg decode of it.

Both in one run and in turns, because the machine is shared: read the ratio.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench import clips  # noqa: E402
from ml.engine import analyse  # noqa: E402


def bare_decode(path: Path) -> float:
    """What ffmpeg alone needs to decode picture and sound, with its own choice of threads."""
    began = time.perf_counter()
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "null", "-"]
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def whole_analysis(path: Path) -> tuple[float, dict[str, float]]:
    began = time.perf_counter()
    with path.open("rb") as file:
        result = analyse(file)
    share = {f.detector: f.seconds for f in result.findings}
    if result.media is None or not result.tracks:
        raise SystemExit(f"the clip was not analysed as meant: {result.verdict.reason}")
    return time.perf_counter() - began, share


def measure(path: Path, rounds: int) -> dict[str, object]:
    whole_analysis(path)  # models loaded, decoder warm: a worker's second file and all later ones
    decodes, analyses, detectors = [], [], {}
    for _ in range(rounds):
        decodes.append(bare_decode(path))
        seconds, detectors = whole_analysis(path)
        analyses.append(seconds)
    ratios = [a / d for a, d in zip(analyses, decodes, strict=True)]
    return {
        "rounds": rounds,
        "ffmpeg_seconds": round(statistics.median(decodes), 2),
        "analysis_seconds": round(statistics.median(analyses), 2),
        "ratio": round(statistics.median(ratios), 2),
        "lowest_ratio": round(min(ratios), 2),
        "highest_ratio": round(max(ratios), 2),
        "target": 2.0,
        "detector_share": {
            name: round(seconds / analyses[-1], 3) for name, seconds in detectors.items()
        },
        "own_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="analysis of a clip against a bare decode")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = clips.write(Path(folder) / "clip.mp4", options.seconds)
        found = measure(path, options.rounds)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:18} {value}")


if __name__ == "__main__":
    main()
