"""Faces a second of each face detector, in one process and in two, with memory, and the detectors'
share of the analysis of the 30 s clip.

    python bench/detectors.py [--seconds 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import numpy as np  # noqa: E402
import psutil  # noqa: E402

from bench import clip as clip_bench  # noqa: E402
from bench import clips  # noqa: E402
from bench.report import Row, table  # noqa: E402
from ml.engine import registry  # noqa: E402
from ml.engine.contract import Box, Crop  # noqa: E402
from ml.engine.detectors.face_network import FaceNetworkDetector  # noqa: E402

COMMAND = "python bench/detectors.py"
MEGABYTE = 1024 * 1024


def judged(name: str, seconds: float) -> tuple[float, float]:
    """(faces a second, megabytes that the detector added to this process)."""
    process = psutil.Process()
    before = process.memory_info().rss
    detector = next(d for d in registry.detectors() if d.name == name)
    assert isinstance(detector, FaceNetworkDetector)
    faces = [drawn(seed) for seed in range(16)]
    detector.network.look(faces[0])
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        detector.network.look(faces[count % len(faces)])
        count += 1
    rate = count / (time.perf_counter() - started)
    return rate, (process.memory_info().rss - before) / MEGABYTE


def drawn(seed: int) -> Crop:
    """Noise in the shape of a crop: the network takes as long for it as for a face."""
    pixels = np.random.default_rng(seed).integers(0, 256, (240, 200, 3), np.uint8)
    box = Box(25.0, 30.0, 175.0, 210.0)
    return Crop(seed, 0.0, pixels, box, np.full((478, 3), 100.0, np.float32), quality=0.5)


def in_processes(name: str, seconds: float, processes: int) -> dict[str, float]:
    """Fresh processes that work at once, as two workers do."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        found = pool.starmap(judged, [(name, seconds)] * processes)
    return {
        "faces_a_second": round(sum(rate for rate, _ in found), 1),
        "megabytes_each": round(max(memory for _, memory in found), 1),
    }


def measure(seconds: float) -> dict[str, Any]:
    names = [d.name for d in registry.detectors() if isinstance(d, FaceNetworkDetector)]
    detectors = {
        name: {str(count): in_processes(name, seconds, count) for count in (1, 2)} for name in names
    }
    with tempfile.TemporaryDirectory() as folder:
        print("Drawing the clip", file=sys.stderr)
        film = clips.write(Path(folder) / "clip.mp4", 30.0, people=3)
        clip_bench.analyse(film, registry.detectors())
        took, _, result = clip_bench.timed(lambda: clip_bench.analyse(film, registry.detectors()))
    return {
        "detectors": detectors,
        "clip_seconds": round(took, 2),
        "clip_detector_seconds": {f.detector: round(f.seconds, 3) for f in result.findings},
        "clip_share": round(sum(f.seconds for f in result.findings) / took, 3),
    }


def rows(found: dict[str, Any]) -> list[Row]:
    per_detector = [
        Row(
            f"{name.replace('_', ' ')}: faces per second in one process and in two",
            f"{by['1']['faces_a_second']:.0f} and {by['2']['faces_a_second']:.0f} "
            f"({by['1']['megabytes_each']:.0f} MB each)",
            command=COMMAND,
        )
        for name, by in found["detectors"].items()
    ]
    return [
        *per_detector,
        Row(
            "share of all detectors in the analysis time of the 30 s 720p clip",
            f"{found['clip_share']:.0%} of {found['clip_seconds']:.1f} s",
            command=COMMAND,
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.seconds)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
