"""Makes databases with any number of submissions and cases by SQL, for benches that read them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from local import postgres

ROOT = Path(__file__).resolve().parents[1]
QUEUES = 5
"""Of each team: the first for others, the last paused. Three eighths of all cases have none."""
TEAMS = 20
"""The first holds half of all and reviews what is most probably manipulated first; the last sent
nothing for a long time and reviews the newest first; the others review the oldest first. Somebody
belongs to the first, somebody to the last, and somebody to all of them, which take turns."""
MAKE = f"""
INSERT INTO accounts_user (id, password, is_superuser, email, name, is_active, is_staff, language)
SELECT md5('user' || n)::uuid, '!', false, 'p' || n || '@example.org', 'Person ' || n, true, false,
    ''
FROM generate_series(1, 500) n;
INSERT INTO accounts_user (id, password, is_superuser, email, name, is_active, is_staff, language)
SELECT md5(who)::uuid, '!', false, who || '@example.org', who, true, false, ''
FROM unnest(ARRAY['big', 'all', 'quiet']) who;
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
INSERT INTO ml_analysis (id, blob_id, chain, state, outcome, priority, flow, attempt, crashes,
    fence, worker, progress, stage, reason_code, reason, cancel_requested, engine_version,
    result_sha256, incomplete, finished_at, turn_at)
SELECT analysis, sha256, id, state, CASE state WHEN 'done' THEN outcome END, 0, '', 0, 0,
    0, '', 0, '', CASE state WHEN 'parked' THEN 'x' ELSE '' END,
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
INSERT INTO accounts_membership (team_id, user_id, role)
SELECT md5('team1')::uuid, md5('big')::uuid, 'moderator'
UNION ALL SELECT md5('team' || n)::uuid, md5('all')::uuid, 'moderator'
FROM generate_series(1, {TEAMS}) n
UNION ALL SELECT md5('team{TEAMS}')::uuid, md5('quiet')::uuid, 'moderator';
INSERT INTO review_case (id, team_id, submission_id, state, opened_because, fence, opened_at,
    suspicion)
SELECT md5('c' || n)::uuid, team, id, 'open', 'inconclusive', 0, at, n * 7919 %% 1000 / 1000.0
FROM made;
INSERT INTO review_routingrule (team_id, manipulation_found, declared_generated, inconclusive,
    no_manipulation_found, rejected, queue_order)
SELECT md5('team' || n)::uuid, true, true, true, true, false, worked
FROM (VALUES (1, 'probable'), (2, 'due'), ({TEAMS}, 'newest')) chosen (n, worked);
INSERT INTO review_queue (team_id, name, hours, is_paused)
SELECT md5('team' || t)::uuid, 'Queue ' || q, 24, q = {QUEUES}
FROM generate_series(1, {TEAMS}) t, generate_series(1, {QUEUES}) q;
INSERT INTO review_queue_people (queue_id, user_id)
SELECT q.id, md5('user1')::uuid FROM review_queue q WHERE q.name = 'Queue 1';
INSERT INTO review_queuerule (team_id, position, name, queue_id, reviews, share)
SELECT q.team_id, right(q.name, 1)::int, 'Rule ' || q.name, q.id, true, 1 FROM review_queue q;
UPDATE review_case c SET queue_id = q.id, due_at = c.opened_at + interval '24 hours',
    routed_by = 'Rule ' || q.name
FROM review_queue q
WHERE q.team_id = c.team_id AND q.name = 'Queue ' || (1 + (hashtext(c.id::text) & 7));
"""
FILE = """
INSERT INTO submissions_indexcard
    (submission_id, team_id, received_at, name, size, kind, state, outcome)
SELECT s.id, s.team_id, s.created_at, lower(s.filename), b.size, split_part(b.media_type, '/', 1),
    a.state, CASE a.state WHEN 'parked' THEN 'inconclusive' ELSE coalesce(a.outcome, '') END
FROM submissions_submission s JOIN blobs_blob b ON b.sha256 = s.blob_id
JOIN ml_analysis a ON a.id = s.analysis_id;
INSERT INTO submissions_checkcard (submission_id, team_id, tag, received_at, name, size)
SELECT c.submission_id, c.team_id, f.detector || ':' || said.what, c.received_at, c.name, c.size
FROM submissions_indexcard c JOIN submissions_submission s ON s.id = c.submission_id
JOIN ml_findingrow f ON f.analysis_id = s.analysis_id,
LATERAL (SELECT f.status AS what UNION ALL SELECT 'noticed' WHERE f.evidence <> '[]') said;
INSERT INTO submissions_searchtext (submission_id, sha256, sender, haystack, words)
SELECT s.id, s.blob_id, s.submitted_by_id, said,
    to_tsvector('simple', regexp_replace(said, '[^[:alnum:]]+', ' ', 'g'))
FROM submissions_submission s, LATERAL lower(concat_ws(E'\\n', filename, external_id, note)) said;
"""
"""What the triggers do, for all rows at once."""
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class held ON held.oid = indrelid
WHERE NOT indisunique AND held.relnamespace = 'public'::regnamespace
    AND split_part(held.relname, '_', 1) IN ('blobs', 'ml', 'submissions', 'review')
"""


@contextmanager
def a_server(kept: Path | None) -> Iterator[postgres.Server]:
    """A PostgreSQL of its own, taken down with all that is in it unless a place to keep it is
    named."""
    home = kept or Path(tempfile.mkdtemp(prefix="touchstone-million-"))
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    pg = postgres.server(home)
    try:
        postgres.start(pg)
        yield pg
    finally:
        postgres.stop(pg, "immediate" if kept is None else "fast")
        if kept is None:
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(pg.data, ignore_errors=True)
        shutil.rmtree(pg.sockets, ignore_errors=True)


def database(pg: postgres.Server, rows: int) -> str:
    """Its name; made unless it is there."""
    name = f"bench_{rows}"
    if pg.sql(f"select 1 from pg_database where datname = '{name}_whole'"):
        return f"{name}_whole"
    pg.sql(f"drop database if exists {name} with (force)")
    pg.sql(f"create database {name} owner {postgres.OWNER}")
    for kind, rights in (("tables", "select, insert, update, delete"), ("sequences", "usage")):
        pg.sql(f"alter default privileges for role {postgres.OWNER} in schema public "
               f"grant {rights} on {kind} to {postgres.APP}", name)  # fmt: skip
    pg.sql("create extension if not exists pg_trgm", name)
    env = {**os.environ, "DATABASE_URL": pg.url(postgres.OWNER, name), "DEBUG": "1"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
    with psycopg.connect(pg.url(postgres.SUPERUSER, name), autocommit=True) as link:
        fill(link, MAKE % {"rows": rows} + FILE)
    pg.sql(f"alter database {name} rename to {name}_whole")
    return f"{name}_whole"


def fill(link: psycopg.Connection[Any], statements: str) -> None:
    """Without triggers, and with the indexes made afterwards: sorted, in a fraction of the time."""
    link.execute("SET session_replication_role = replica; SET synchronous_commit = off;")
    link.execute("SET maintenance_work_mem = '256MB'")
    indexes = link.execute(INDEXES).fetchall()
    for index, _ in indexes:
        link.execute(f"DROP INDEX {index}")
    for statement in statements.split(";\n"):
        if statement.strip():
            link.execute(statement)
    for _, made_anew in indexes:
        link.execute(made_anew)
    link.execute("VACUUM ANALYZE")
