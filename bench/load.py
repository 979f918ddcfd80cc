"""Five uploads and fifty reads a second for two minutes, by locust, against web and worker.

    PYTHONPATH=platform:. python bench/load.py [--seconds 120] [--uploads 5] [--reads 50] [--json]

Each of 55 senders and readers does one request a second; a server that cannot keep up shows as a
lower rate, and one that breaks as errors. Reads are the partner's list and single submissions;
uploads are small pictures of their own bytes each, which the worker examines meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench.report import Row, table  # noqa: E402
from bench.standing import installation  # noqa: E402

COMMAND = "python bench/load.py"


def measure(seconds: int, uploads: int, reads: int) -> dict[str, Any]:
    with (
        installation(workers=2, concurrency=1) as (door, key),
        tempfile.TemporaryDirectory() as folder,
    ):
        out = Path(folder) / "said"
        env = {
            **os.environ,
            "LOAD_KEY": key,
            "LOAD_UPLOADS": str(uploads),
            "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
        }
        subprocess.run(
            [
                sys.executable, "-m", "locust", "-f", str(ROOT / "bench" / "senders.py"),
                "--headless", "--only-summary", "--host", door.url, "--json-file", str(out),
                "--csv", str(Path(folder) / "kept"),
                "--users", str(uploads + reads), "--spawn-rate", str(uploads + reads),
                "--run-time", f"{seconds}s", "--exit-code-on-error", "0", "--stop-timeout", "60",
            ],
            env=env, check=True, stdout=sys.stderr, stderr=sys.stderr,
        )  # fmt: skip
        said = json.loads(next(Path(folder).glob("said*.json")).read_text())
        failed = (Path(folder) / "kept_failures.csv").read_text().splitlines()[1:]
        settled, waiting = states(door)
    named = {line["name"]: line for line in said}
    return {
        "seconds": seconds,
        "wanted": {"uploads": uploads, "reads": reads},
        "uploads": summary(named, ["upload"], seconds),
        "reads": summary(named, ["list", "one submission"], seconds),
        "what_failed": failed,
        "analysed_meanwhile": settled,
        "still_waiting": waiting,
        "load_after": round(os.getloadavg()[0], 2),
    }


def states(door: Any) -> tuple[int, int]:
    found = door.house.states()
    return found.get("done", 0), found.get("queued", 0) + found.get("running", 0)


def summary(named: dict[str, Any], names: list[str], seconds: int) -> dict[str, Any]:
    lines = [named[name] for name in names if name in named]
    times: dict[float, int] = {}
    for line in lines:
        for took, count in line["response_times"].items():
            times[float(took)] = times.get(float(took), 0) + count
    requests = sum(line["num_requests"] for line in lines)
    return {
        "requests": requests,
        "errors": sum(line["num_failures"] for line in lines),
        "a_second": round(requests / seconds, 1),
        "median_ms": percentile(times, 0.5),
        "p95_ms": percentile(times, 0.95),
    }


def percentile(times: dict[float, int], share: float) -> float:
    wanted, seen = share * sum(times.values()), 0
    for took in sorted(times):
        seen += times[took]
        if seen >= wanted:
            return took
    return 0.0


def rows(found: dict[str, Any]) -> list[Row]:
    made = []
    for name in ("uploads", "reads"):
        part, wanted = found[name], found["wanted"][name]
        reached = part["a_second"] >= 0.95 * wanted
        made.append(
            Row(
                f"{name} over REST for {found['seconds']} s, with the others and a real worker "
                f"beside them (load {found['load_after']})",
                f"{part['a_second']} a second, {part['errors']} errors of {part['requests']}, "
                f"median {part['median_ms']:.0f} ms, p95 {part['p95_ms']:.0f} ms",
                f"{wanted} a second, 0 errors",
                reached and part["errors"] == 0,
                f"{COMMAND} --seconds {found['seconds']}",
            )
        )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--uploads", type=int, default=5)
    parser.add_argument("--reads", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.seconds, options.uploads, options.reads)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
