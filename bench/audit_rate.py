"""What the hash chain costs: chained inserts compared with plain ones, in one run.

    PYTHONPATH=platform python bench/audit_rate.py [--clients 8] [--seconds 2] [--rounds 10]
        [--chains 1000] [--work-ms 5] [--json]

Both write the same event: same columns, same indexes, one transaction and one commit each, from
several clients of PostgreSQL's own pgbench on a scratch database of the embedded server. `plain` is
an INSERT of an event with a ready hash. `chained` is `audit_append`: lock the chain's head, number,
date and hash the event, insert it, move the head. There are two cases:

- bare: nothing but inserts, as many as possible; the hardest comparison, and on a machine whose
  processors are all busy it compares processor time alone;
- with work: each transaction does `--work-ms` of other work after the insert while it holds the
  chain, as a request that records an event does.

There are two figures for each: the ratio of the rates in short alternating rounds, which a busy
machine disturbs (hence the lowest and the highest); and the ratio of the latencies when every
client chooses one of the two at random, so that both meet the same machine at the same moment.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "platform"))

from local import postgres  # noqa: E402

DATABASE = "bench_audit_rate"
PLAIN_TABLE = """
    CREATE TABLE plain_event (LIKE audit_event INCLUDING ALL);
    GRANT INSERT, SELECT ON plain_event TO touchstone_app;
"""
PAYLOAD = (
    '{"data":{"engine":"1.0"},"object":{"id":"7d1b44b0-54c8-4f26-9a5e-0a3f6d1c2b11","sha256":"'
    + "ab" * 32
    + '","type":"submission"},"v":1,"verb":"media.viewed","where":{"code":"'
    + "0" * 40
    + '","host":"0123456789abcdef","lock":"'
    + "0" * 64
    + '","service":"web"},"who":{"id":"0d4a0b6c-2d43-4f0a-8a76-5f9c3c1a7a55","kind":"user",'
    '"role":"moderator","token":"","via":"passkey"},"why":""}'
)
CHAIN = r"""\set chain random(1, {chains})
\set serial random(1, 9000000000000000)
"""
WAYS = {
    "plain": "INSERT INTO plain_event (chain, seq, prev_hash, hash, payload, xid, recorded_at, "
    "verb, who, object_type, object_id) VALUES (uuid_in(lpad(:chain::text, 32, '0')::cstring), "
    ":serial, :hash, :hash, convert_to(:payload, 'UTF8'), pg_current_xact_id(), clock_timestamp(), "
    "'media.viewed', 'user:0d4a0b6c-2d43-4f0a-8a76-5f9c3c1a7a55', 'submission', "
    "'7d1b44b0-54c8-4f26-9a5e-0a3f6d1c2b11');",
    "chained": "SELECT id FROM audit_append(uuid_in(lpad(:chain::text, 32, '0')::cstring), "
    "convert_to(:payload, 'UTF8'));",
}


def prepare(pg: postgres.Server) -> None:
    pg.sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    pg.sql(f"CREATE DATABASE {DATABASE} OWNER {postgres.OWNER}")
    pg.sql(f"GRANT USAGE ON SCHEMA public TO {postgres.APP}", DATABASE)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "audit", "--verbosity", "0"],
        cwd=ROOT,
        check=True,
        env=os.environ
        | {
            "DATABASE_URL": pg.url(postgres.OWNER, DATABASE),
            "PYTHONPATH": "platform",
            "DEBUG": "1",
        },
    )
    pg.sql(PLAIN_TABLE, DATABASE)
    pg.sql("VACUUM ANALYZE", DATABASE)


def script(folder: Path, way: str, work_ms: float, chains: int) -> Path:
    lines = [CHAIN.format(chains=chains), "BEGIN;", WAYS[way]]
    if work_ms:
        lines.append(f"SELECT pg_sleep({work_ms / 1000});")
    file = folder / f"{way}-{work_ms}.sql"
    file.write_text("\n".join([*lines, "COMMIT;\n"]))
    file.chmod(0o644)
    return file


def pgbench(pg: postgres.Server, files: list[Path], clients: int, seconds: int) -> str:
    scripts = [argument for file in files for argument in ("-f", str(file))]
    output = pg.program(
        "pgbench", "-U", postgres.APP, "-n", "-M", "prepared", "-c", str(clients), "-j", "2",
        "-T", str(seconds), "-D", f"payload={PAYLOAD}", "-D", f"hash={'x' * 32}", *scripts,
        DATABASE,
    ).stdout  # fmt: skip
    failed = re.search(r"number of failed transactions: (\d+)", output)
    if "tps = " not in output or (failed and failed[1] != "0"):
        raise SystemExit(f"pgbench did not do its work:\n{output}")
    return output


def rate(pg: postgres.Server, file: Path, clients: int, seconds: int) -> float:
    return float(re.findall(r"^tps = ([\d.]+)", pgbench(pg, [file], clients, seconds), re.M)[0])


def latency_ratio(pg: postgres.Server, files: dict[str, Path], clients: int, seconds: int) -> float:
    output = pgbench(pg, [files["plain"], files["chained"]], clients, seconds)
    plain, chained = map(float, re.findall(r"^ - latency average = ([\d.]+) ms", output, re.M))
    return plain / chained


def compare(
    pg: postgres.Server, folder: Path, options: argparse.Namespace, work_ms: float
) -> dict[str, float]:
    files = {way: script(folder, way, work_ms, options.chains) for way in WAYS}
    clients, seconds = options.clients, options.seconds
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    for round_ in range(options.rounds):
        for way in list(WAYS) if round_ % 2 == 0 else list(reversed(WAYS)):
            rates[way].append(rate(pg, files[way], clients, seconds))
    ratios = [c / p for c, p in zip(rates["chained"], rates["plain"], strict=True)]
    mixed = [latency_ratio(pg, files, clients, seconds) for _ in range(options.rounds // 2 or 1)]
    return {
        "plain_per_second": round(statistics.median(rates["plain"]), 1),
        "chained_per_second": round(statistics.median(rates["chained"]), 1),
        "ratio": round(statistics.median(ratios), 3),
        "lowest_ratio": round(min(ratios), 3),
        "highest_ratio": round(max(ratios), 3),
        "latency_ratio": round(statistics.median(mixed), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="audit-chained insert rate against plain")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--chains", type=int, default=1000)
    parser.add_argument("--work-ms", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    pg = postgres.server()
    started = not postgres.is_running(pg)
    if started:
        postgres.start(pg)
    folder = Path(pg.sockets) / "bench"  # the server's user can read it
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    try:
        prepare(pg)
        result = {
            "clients": options.clients,
            "chains": options.chains,
            "target": 0.8,
            "bare": compare(pg, folder, options, 0),
            "with_work": compare(pg, folder, options, options.work_ms)
            | {"work_ms": options.work_ms},
        }
    finally:
        pg.sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        if started:
            postgres.stop(pg)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        for name in ("bare", "with_work"):
            line = result[name]
            print(
                f"{name:10} chained {line['chained_per_second']}/s, plain "
                f"{line['plain_per_second']}/s: {line['ratio']:.0%} "
                f"({line['lowest_ratio']:.0%} to {line['highest_ratio']:.0%}); "
                f"latency at the same moment {line['latency_ratio']:.0%}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
