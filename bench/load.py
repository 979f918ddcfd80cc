"""Five uploads and fifty reads a second for two minutes with locust, against web server and worker.

    PYTHONPATH=platform:. python bench/load.py [--seconds 120] [--uploads 5] [--reads 50] [--json]

Each of 55 clients sends one request a second. A server that cannot keep up shows a lower rate, and
one that fails shows errors. Reads are the partner's list and single submissions; uploads are small
pictures, each with other bytes, which the worker analyses meanwhile.

The same load runs for a minute before, which no figure counts. Before it, some uploads load the
worker's models. In that minute each thread of the web opens its database connection, imports what
it needs and answers each kind of request: a web process grows by a twentieth, once.

Memory is the PSS of all web processes and of all processes of the worker, averaged over the first
minute that counts and over the last. The sandbox's children count: they share pages with the
worker, whose own part would otherwise seem to grow whenever one of them ends. What grows in a web
process after that minute is bounded: the results that it keeps for repeated reads
(media_analysis/partners/rendered.py, 4 MB) and the free pieces between them.

Shares are of all processors; the use by other programs on the machine is reported as its load.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench.installation import installation  # noqa: E402
from bench.noise import noise  # noqa: E402
from bench.report import Row, table  # noqa: E402
from bench.watching import Watch, timed, with_children  # noqa: E402

COMMAND = "python bench/load.py"
READ_P95_MS, MOST_GROWTH = 300, 0.05
IDLE_ENOUGH = 0.1
FIRST_PICTURES = 8
WARM_SECONDS = 60


def measure(seconds: int, uploads: int, reads: int) -> dict[str, Any]:
    with (
        installation(workers=2, concurrency=1) as (door, key),
        tempfile.TemporaryDirectory() as scratch,
    ):
        folder = Path(scratch)
        watch = watch_over(door)
        load_models(door, key)
        send(door, key, WARM_SECONDS, uploads, reads, folder)
        door.house.wait_for(lambda: states(door)[1] == 0, 300, "the first pictures are examined")
        before, _ = states(door)
        with watch.watching():
            generator = send(door, key, seconds, uploads, reads, folder)
        watch.processor_seconds["load generator"] = generator
        statistics = json.loads(next(folder.glob("statistics*.json")).read_text())
        failed = (folder / "kept_failures.csv").read_text().splitlines()[1:]
        settled, waiting = states(door)
    named = {line["name"]: line for line in statistics}
    return {
        "seconds": seconds,
        "wanted": {"uploads": uploads, "reads": reads},
        "uploads": summary(named, ["upload"], seconds),
        "reads": summary(named, ["list", "one submission"], seconds),
        "what_failed": failed,
        "analysed_meanwhile": settled - before,
        "still_waiting": waiting,
        "memory_mb": {part: watch.grew(part) for part in watch.memory},
        "processor": {part: watch.share(part) for part in watch.processor_seconds},
        "idle": watch.idle,
        "load_after": round(os.getloadavg()[0], 2),
    }


def watch_over(door: Any) -> Watch:
    house = door.house
    database = int((house.pg.data / "postmaster.pid").read_text().split()[0])

    def web() -> list[Any]:
        return with_children(door.process.pid)

    def worker() -> list[Any]:
        return with_children(house.workers[0].pid)

    return Watch(
        memory={"web": web, "worker": worker},
        shares={
            "web": web,
            "worker": worker,
            "PostgreSQL": lambda: with_children(database),
        },
    )


def load_models(door: Any, key: str) -> None:
    """Pictures enough for each slot of the worker, sent and examined."""
    headers = {"Authorization": f"Bearer {key}"}
    for _ in range(FIRST_PICTURES):
        files = {"file": ("noise.png", noise(), "image/png")}
        where = f"{door.url}/api/v1/submissions/"
        requests.post(where, files=files, headers=headers, timeout=60).raise_for_status()
        requests.get(where, headers=headers, timeout=60).raise_for_status()
    door.house.wait_for(
        lambda: states(door) == (FIRST_PICTURES, 0), 300, "the first pictures are examined"
    )


def send(door: Any, key: str, seconds: int, uploads: int, reads: int, folder: Path) -> float:
    """The load for so long, its statistics in the folder; the generator's processor seconds."""
    env = {
        **os.environ,
        "LOAD_KEY": key,
        "LOAD_UPLOADS": str(uploads),
        "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
    }
    return timed(
        [
            sys.executable, "-m", "locust", "-f", str(ROOT / "bench" / "senders.py"),
            "--headless", "--only-summary", "--host", door.url,
            "--json-file", str(folder / "statistics"), "--csv", str(folder / "kept"),
            "--users", str(uploads + reads), "--spawn-rate", str(uploads + reads),
            "--run-time", f"{seconds}s", "--exit-code-on-error", "0", "--stop-timeout", "60",
        ],
        env=env, stdout=sys.stderr, stderr=sys.stderr,
    )  # fmt: skip


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
    return [*rates(found), *further(found)]


OTHER = {"uploads": "reads", "reads": "uploads"}


def rates(found: dict[str, Any]) -> list[Row]:
    made = []
    for name in ("uploads", "reads"):
        part, wanted = found[name], found["wanted"][name]
        reached = part["a_second"] >= 0.95 * wanted
        made.append(
            Row(
                f"{name} over REST for {found['seconds']} s, with {OTHER[name]} and a real worker "
                f"at the same time (load {found['load_after']})",
                f"{part['a_second']} per second, {part['errors']} errors of {part['requests']}, "
                f"median {part['median_ms']:.0f} ms, p95 {part['p95_ms']:.0f} ms",
                f"{wanted} per second, 0 errors",
                reached and part["errors"] == 0,
                f"{COMMAND} --seconds {found['seconds']}",
            )
        )
    return made


def further(found: dict[str, Any]) -> list[Row]:
    """Of the same run: how long reads took, whether memory grew, and what the bottleneck was."""
    command = f"{COMMAND} --seconds {found['seconds']}"
    p95 = found["reads"]["p95_ms"]
    made = [
        Row(f"p95 of these reads (load {found['load_after']})", f"{p95:.0f} ms",
            f"<= {READ_P95_MS} ms", p95 <= READ_P95_MS, command)
    ]  # fmt: skip
    names = {"web": "all web processes", "worker": "the worker's processes"}
    for part, (first, last) in found["memory_mb"].items():
        growth = last / first - 1 if first else 0.0
        made.append(
            Row(f"memory (Pss) of {names[part]}, first and last minute of {found['seconds']} s",
                f"{first:.0f} MB, {last:.0f} MB ({growth:+.1%})", f"<= {MOST_GROWTH:.0%} more",
                growth <= MOST_GROWTH, command)
        )  # fmt: skip
    shares = sorted(found["processor"].items(), key=lambda pair: -pair[1])
    usage = ", ".join(f"{part} {share:.0%}" for part, share in shares)
    others = 1 - found["idle"] - sum(share for _, share in shares)
    made.append(
        Row(f"bottleneck of this run: {bottleneck(found)}",
            f"of all processors {usage}, others {max(others, 0):.0%}, idle {found['idle']:.0%}",
            command=command)
    )  # fmt: skip
    return made


def bottleneck(found: dict[str, Any]) -> str:
    """Where processors stood idle, none of them was."""
    if found["idle"] >= IDLE_ENOUGH:
        return "not the processors"
    part = max(found["processor"], key=lambda name: found["processor"][name])
    return f"processors, most of all for {part}"


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
