"""Peak memory of a 10 min video against a 30 s one: bounded means that they are alike.

Each is analysed by a fresh process; its own memory and that of the warden and its children are
sampled together while it works.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench import clips  # noqa: E402

EVERY = 0.05


def peak_mb(path: Path) -> float:
    """The most that the whole family of processes held at one moment, shared pages counted once."""
    command = [sys.executable, str(ROOT / "manage.py"), "verify", "--json", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        root, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            peak = max(peak, sum(_held(p) for p in _family(root)))
            time.sleep(EVERY)
        assert process.stdout is not None
        said = json.loads(process.stdout.read())[0]
    if said["media"]["incomplete"] or not said["media"]["frames_decoded"]:
        raise SystemExit(f"the video was not analysed as meant: {said['reason']}")
    return peak / 1e6


def _family(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def main() -> None:
    parser = argparse.ArgumentParser(description="peak memory of a long video against a short one")
    parser.add_argument("--long", type=int, default=600, help="seconds of the long video")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        short = clips.write(Path(folder) / "short.mp4", 30)
        long = clips.write(Path(folder) / "long.mp4", 30, repeat=options.long // 30)
        small, large = peak_mb(short), peak_mb(long)
    found = {
        "short_peak_mb": round(small),
        "long_peak_mb": round(large),
        "long_seconds": options.long,
        "ratio": round(large / small, 2),
        "target": 1.15,
    }
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:14} {value}")


if __name__ == "__main__":
    main()
