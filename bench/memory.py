"""Peak memory of the analysis of a 10 min video relative to a 30 s one: it must not grow.

    python bench/memory.py [--long 600] [--short 30] [--json]

Each runs as `manage.py verify` in a process of its own. Its memory and that of all its children is
sampled many times a second as proportional set size, so that shared pages count once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import psutil  # noqa: E402

from bench import clips  # noqa: E402
from bench.report import Row, table  # noqa: E402

TARGET = 1.15
COMMAND = "python bench/memory.py"
EVERY = 0.1


def peak_bytes(clip: Path) -> tuple[int, dict[str, Any]]:
    """The most that the process and its children held together at any look, and the item."""
    with tempfile.TemporaryFile("w+") as out:
        process = psutil.Popen(
            [sys.executable, "manage.py", "verify", "--json", str(clip)],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _held(process))
            time.sleep(EVERY)
        out.seek(0)
        (item,) = json.load(out)
    return peak, item


def _held(process: psutil.Process) -> int:
    total = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in family:
        try:
            total += member.memory_full_info().pss
        except psutil.Error:
            continue  # it has just ended
    return total


def measure(short_seconds: float, long_seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        print("Drawing the clips", file=sys.stderr)
        short = clips.write(Path(folder) / "short.mp4", short_seconds)
        long = clips.repeated(short, Path(folder) / "long.mp4", round(long_seconds / short_seconds))
        short_peak, short_item = peak_bytes(short)
        long_peak, long_item = peak_bytes(long)
    mib = 1024 * 1024
    return {
        "ratio": round(long_peak / short_peak, 3),
        "target": TARGET,
        "short": {
            "seconds": short_item["media"]["duration"],
            "frames": short_item["media"]["frames_decoded"],
            "peak_mib": round(short_peak / mib),
        },
        "long": {
            "seconds": long_item["media"]["duration"],
            "frames": long_item["media"]["frames_decoded"],
            "peak_mib": round(long_peak / mib),
        },
        "cores": os.cpu_count(),
    }


def rows(found: dict[str, Any]) -> list[Row]:
    return [
        Row(
            f"peak memory of a {found['long']['seconds'] / 60:.0f} min video "
            f"({found['long']['peak_mib']} MiB, all processes) over a "
            f"{found['short']['seconds']:.0f} s one ({found['short']['peak_mib']} MiB)",
            f"{found['ratio']} x",
            f"<= {TARGET} x",
            found["ratio"] <= TARGET,
            COMMAND,
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", type=float, default=30.0)
    parser.add_argument("--long", type=float, default=600.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.short, options.long)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
