"""What a playback copy costs: peak memory of 10 min relative to 30 s, time, and storage.

    python bench/film_copy.py [--long 600] [--short 30] [--json] [--write]

Each video is copied in a process of its own, as in a worker. Its memory and its sandbox's are
measured as in bench/memory.py. `--write` puts the lines into docs/operating.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import psutil  # noqa: E402

from bench import clips  # noqa: E402
from bench.memory import EVERY, TARGET, _held  # noqa: E402
from bench.report import Row, table, write  # noqa: E402

COMMAND = "python bench/film_copy.py"
MEGA = 1_000_000


def copy(path: Path) -> dict[str, Any]:
    """In this process: what the worker does between claim and store."""
    from media_analysis.previews.services.rendering import make
    from sandbox.services import warden

    with path.open("rb") as film, tempfile.TemporaryFile() as out:
        made = make(
            film, out, max_seconds=3600, progress=lambda share: None, should_stop=lambda: False
        )
        size = out.seek(0, os.SEEK_END)
    warden().close()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    return {"seconds": made.seconds, "took": made.took, "cpu": cpu, "bytes": size}


def measured(path: Path) -> dict[str, Any]:
    with tempfile.TemporaryFile("w+") as out:
        process = psutil.Popen(
            [sys.executable, __file__, "--copy", str(path)], cwd=ROOT, stdout=out
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _held(process))
            time.sleep(EVERY)
        out.seek(0)
        return {**json.load(out), "peak_mib": round(peak / 1024 / 1024)}


def measure(short_seconds: float, long_seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        short = clips.write(Path(folder) / "short.mp4", short_seconds)
        long = clips.repeated(short, Path(folder) / "long.mp4", round(long_seconds / short_seconds))
        found = {"short": measured(short), "long": measured(long)}
        found["short"]["original"] = short.stat().st_size
        found["long"]["original"] = long.stat().st_size
    ratio = found["long"]["peak_mib"] / found["short"]["peak_mib"]
    return {**found, "ratio": round(ratio, 3), "cores": os.cpu_count()}


def rows(found: dict[str, Any]) -> list[Row]:
    short, long = found["short"], found["long"]
    minutes = long["seconds"] / 60
    return [
        Row(
            f"peak memory while a {minutes:.0f} min video is copied ({long['peak_mib']} MiB, all "
            f"processes) over a {short['seconds']:.0f} s one ({short['peak_mib']} MiB)",
            f"{found['ratio']} x",
            f"<= {TARGET} x",
            found["ratio"] <= TARGET,
            COMMAND,
        ),
        Row(
            "processor time for a minute of video, 1280 x 720 at 25 frames per second, with sound",
            f"{long['cpu'] / minutes:.0f} s",
            command=COMMAND,
        ),
        Row(
            f"size of a minute of its copy (the original has "
            f"{long['original'] / minutes / MEGA:.1f} MB)",
            f"{long['bytes'] / minutes / MEGA:.1f} MB",
            command=COMMAND,
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", type=float, default=30.0)
    parser.add_argument("--long", type=float, default=600.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--copy", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.copy:
        print(json.dumps(copy(options.copy)))
        return
    found = measure(options.short, options.long)
    if options.write:
        write(rows(found), ROOT / "docs" / "operating.md")
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
