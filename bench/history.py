"""History with a million submissions against a thousand: each filter, order and search, timed.

Rows are made by SQL in a database of their own on the running server, which is dropped again;
pages are then asked for as the application's role, as the product does it. Not part of
`make bench`, because it takes minutes and a gigabyte:

    PYTHONPATH=platform:. .venv/bin/python -m bench.history [--rows 1000000] [--explain]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from datetime import date
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from local import postgres

ROOT = Path(__file__).resolve().parents[1]
TEAMS = 20
"""The first holds half of all; the last sent nothing for a long time."""
MAKE = f"""
INSERT INTO accounts_user (id, password, is_superuser, email, name, is_active, is_staff)
SELECT md5('user' || n)::uuid, '!', false, 'p' || n || '@example.org', 'Person ' || n, true, false
FROM generate_series(1, 500) n;
INSERT INTO accounts_team (id, name)
SELECT md5('team' || n)::uuid, 'Team ' || n FROM generate_series(1, {TEAMS}) n;
CREATE TEMP TABLE made AS
SELECT n, md5('s' || n)::uuid AS id, md5('a' || n)::uuid AS analysis,
    md5('x' || n) || md5('y' || n) AS sha256,
    md5('team' || CASE WHEN n < %(rows)s / 20 THEN {TEAMS}
        WHEN n %% 2 = 0 THEN 1 ELSE 2 + n %% ({TEAMS} - 2) END)::uuid AS team,
    md5('user' || 1 + n %% 500)::uuid AS sender,
    timestamptz '2026-01-01' + n * interval '30 seconds' AS at,
    CASE WHEN n %% 1000 = 7 THEN 'queued' WHEN n %% 5000 = 9 THEN 'parked' ELSE 'done' END AS state,
    CASE WHEN n %% 400 = 3 THEN 'manipulation_found' WHEN n %% 7 = 0 THEN 'inconclusive'
        ELSE 'no_manipulation_found' END AS outcome,
    CASE n %% 10 WHEN 0 THEN 'video/mp4' WHEN 1 THEN 'audio/flac' ELSE 'image/jpeg' END AS type,
    'IMG_' || lpad((n * 7919 %% 1000000)::text, 6, '0')
        || CASE WHEN n %% 9973 = 5 THEN '_kingfisher' ELSE '' END || '.jpg' AS filename,
    CASE WHEN n %% 50 = 0 THEN 'reported by a reader, ticket ' || n ELSE '' END AS note
FROM generate_series(1, %(rows)s::bigint) n;
INSERT INTO blobs_blob (sha256, size, media_type, damage)
SELECT sha256, 1000 + n * 31 %% 5000000, type, '' FROM made;
INSERT INTO ml_analysis (id, blob_id, chain, state, outcome, priority, attempt, crashes, fence,
    worker, progress, stage, reason_code, reason, cancel_requested, engine_version, result_sha256,
    incomplete, finished_at, turn_at)
SELECT analysis, sha256, id, state, CASE state WHEN 'done' THEN outcome END, 0, 0, 0, 0, '', 0, '',
    CASE state WHEN 'parked' THEN 'x' ELSE '' END,
    CASE state WHEN 'parked' THEN 'x' ELSE '' END, false, '', '', false,
    CASE state WHEN 'queued' THEN NULL ELSE at END, at
FROM made;
INSERT INTO ml_findingrow (analysis_id, detector, version, status, reason, evidence, segments,
    parameters, counts, seconds)
SELECT analysis, 'compression', '1', CASE WHEN n %% 300 = 0 THEN 'failed' ELSE 'ran' END, '',
    CASE WHEN n %% 50 = 1 THEN '[{{"strength": "weak"}}]' ELSE '[]' END::jsonb,
    '[]', '{{}}', '{{}}', 0
FROM made WHERE state = 'done';
INSERT INTO submissions_submission (id, team_id, blob_id, analysis_id, submitted_by_id, filename,
    note, policy_context, external_id, created_at)
SELECT id, team, sha256, analysis, sender, filename, note, '', 'ext-' || n, at FROM made;
"""
FILE = """
INSERT INTO submissions_indexcard
    (submission_id, team_id, received_at, name, size, kind, state, outcome, checks)
SELECT s.id, s.team_id, s.created_at, lower(s.filename), b.size, split_part(b.media_type, '/', 1),
    a.state, CASE a.state WHEN 'parked' THEN 'inconclusive' ELSE coalesce(a.outcome, '') END,
    submissions_checks(a.id)
FROM submissions_submission s JOIN blobs_blob b ON b.sha256 = s.blob_id
JOIN ml_analysis a ON a.id = s.analysis_id;
INSERT INTO submissions_searchtext (submission_id, sha256, sender, haystack, words)
SELECT s.id, s.blob_id, s.submitted_by_id, said,
    to_tsvector('simple', regexp_replace(said, '[^[:alnum:]]+', ' ', 'g'))
FROM submissions_submission s, LATERAL lower(concat_ws(E'\\n', filename, external_id, note)) said;
"""
"""What the triggers do, for all rows at once."""
ASKED: dict[str, dict[str, Any]] = {
    "everything": {},
    "found": {"outcome": "manipulation_found"},
    "inconclusive": {"outcome": "inconclusive"},
    "waiting": {"state": "queued"},
    "sound": {"kind": "audio"},
    "one day": {"received_from": date(2026, 1, 5), "received_to": date(2026, 1, 5)},
    "found sound": {"kind": "audio", "outcome": "manipulation_found"},
    "check noticed": {"detector": "compression", "check": "noticed"},
    "check ran": {"detector": "compression", "check": "ran"},
    "check absent": {"detector": "provenance"},
    "rare word": {"q": "kingfisher"},
    "part of a word": {"q": "ingfish"},
    "common word": {"q": "jpg"},
    "two words": {"q": "reader 4"},
    "no such word": {"q": "zebrafinch"},
    "sender": {"q": "p17@example"},
    "hash": {"q": "0123456789ab"},
    "common word, found": {"q": "jpg", "outcome": "manipulation_found"},
}


def made(pg: postgres.Server, rows: int) -> str:
    name = f"bench_history_{rows}"
    pg.sql(f"drop database if exists {name} with (force)")
    pg.sql(f"create database {name} owner {postgres.OWNER}")
    pg.sql(f"alter default privileges for role {postgres.OWNER} in schema public "
           f"grant select, insert, update, delete on tables to {postgres.APP}", name)  # fmt: skip
    env = {**os.environ, "DATABASE_URL": pg.url(postgres.OWNER, name), "DEBUG": "1"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
    with psycopg.connect(pg.url(postgres.SUPERUSER, name), autocommit=True) as link:
        link.execute("SET session_replication_role = replica; SET synchronous_commit = off;")
        for statement in (MAKE % {"rows": rows}).split(";\n"):
            if statement.strip():
                link.execute(statement)  # type: ignore[call-overload]
        for statement in FILE.split(";\n"):
            if statement.strip():
                link.execute(statement)  # type: ignore[call-overload]
        link.execute("VACUUM ANALYZE")
    return name


def measure(explain: bool) -> None:
    """In a process of its own, as the application's role."""
    import django

    django.setup()
    from accounts.actors import Actor
    from accounts.models import Role
    from audit.who import SYSTEM
    from media_analysis.submissions import history

    def actor(*teams: int) -> Actor:
        ids = [UUID(md5(f"team{n}".encode()).hexdigest()) for n in teams]
        return Actor(who=SYSTEM, teams=dict.fromkeys(ids, Role.VIEWER))

    people = {"big": actor(1), "all": actor(*range(1, TEAMS + 1)), "quiet": actor(TEAMS)}
    for who, someone in people.items():
        for asked, wanted in ASKED.items():
            for sort in ("newest", "name", "largest"):
                times = []
                for _ in range(2):
                    began = time.perf_counter()
                    page = history.page(someone, {**wanted, "sort": sort})
                    times.append(time.perf_counter() - began)
                ms = statistics.median(times) * 1000
                print(f"{who}\t{asked}\t{sort}\t{len(page.rows)}\t{ms:.1f}", flush=True)
    for asked, wanted in ASKED.items() if explain else ():
        found = history.matching(people["big"], wanted)
        ids = found.order_by("-received_at", "-submission_id").values_list("pk")[:51]
        print(f"--- {asked}\n{ids.explain(analyze=True)}", file=sys.stderr)


def measured(pg: postgres.Server, name: str, explain: bool) -> dict[str, tuple[int, float]]:
    env = {
        **os.environ,
        "DATABASE_URL": pg.url(postgres.APP, name),
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "-m", "bench.history", "--measure"]
    done = subprocess.run(
        [*command, *(["--explain"] if explain else [])],
        cwd=ROOT, env=env, check=True, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    told = {}
    for line in done.stdout.splitlines():
        *what, found, ms = line.split("\t")
        told[" | ".join(what)] = (int(found), float(ms))
    return told


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--keep", action="store_true", help="and use what was kept")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(asked.explain)
        return
    pg, told = postgres.server(), {}
    for rows in (1000, asked.rows):
        name, began = f"bench_history_{rows}", time.monotonic()
        if not (asked.keep and pg.sql(f"select 1 from pg_database where datname = '{name}'")):
            made(pg, rows)
            print(f"{rows} rows made in {time.monotonic() - began:.0f} s", flush=True)
        told[rows] = measured(pg, name, asked.explain and rows > 1000)
        if not asked.keep:
            pg.sql(f"drop database {name} with (force)")
    print("who | asked | order: rows and ms with 1,000, rows and ms with many")
    for what, many in told[asked.rows].items():
        print(f"{what}: {told[1000][what]}, {many}")


if __name__ == "__main__":
    main()
