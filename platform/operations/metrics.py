"""Metrics for Prometheus. Those of the whole site are read from the database on request; each
process counts only its own requests."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import DatabaseError, connection
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from accounts.actors import TEST_FLOW
from jobs import registry
from jobs.claiming import paused_since
from jobs.models import State
from operations import health

KEPT_SECONDS = 5.0
LIVE = f"flow NOT LIKE '{TEST_FLOW}%'"
"""What test keys queued is nobody's work."""
WINDOW = "interval '1 hour'"
REQUEST_SECONDS = Histogram(
    "touchstone_http_request_seconds",
    "How long requests took, by route.",
    ["method", "route", "status"],
    buckets=(0.025, 0.1, 0.3, 1, 3, 10, 30),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """By route, so that no number in an address makes a series of its own."""
    known = method if method in _METHODS else "other"
    REQUEST_SECONDS.labels(known, route or "none", str(status)).observe(seconds)


def exposition() -> tuple[bytes, str]:
    collected = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(collected)  # type: ignore[no-untyped-call]
    else:
        collected.register(REQUEST_SECONDS)  # one process: runserver, tests
    collected.register(Site())
    return generate_latest(collected), CONTENT_TYPE_LATEST


class Site:
    """One round of questions to the database, each over an index; kept for some seconds."""

    _lock = threading.Lock()
    _kept: tuple[float, list[Any]] = (-KEPT_SECONDS, [])

    def collect(self) -> Iterable[Any]:
        with Site._lock:
            at, families = Site._kept
            if time.monotonic() - at >= KEPT_SECONDS:
                families = list(_families())
                Site._kept = (time.monotonic(), families)
        return families


def _families() -> Iterator[Any]:
    up = GaugeMetricFamily("touchstone_part_ready", "1 where a part can work.", labels=["part"])
    took = GaugeMetricFamily(
        "touchstone_part_seconds", "How long a part took to answer its probe.", labels=["part"]
    )
    parts = health.readiness()
    for part in parts:
        up.add_metric([part.name], float(part.ok))
        took.add_metric([part.name], part.seconds)
    yield from (up, took)
    if not next(part.ok for part in parts if part.name == "database"):
        return
    try:
        yield from _work()
        yield from _results()
        yield from _safety()
    except DatabaseError:
        connection.close()


def _work() -> Iterator[Any]:
    due = GaugeMetricFamily("touchstone_jobs_due", "Rows that could be worked on now.",
                            labels=["kind", "media", "priority"])  # fmt: skip
    oldest = GaugeMetricFamily("touchstone_jobs_oldest_due_seconds",
                               "How long the oldest due row has waited.",
                               labels=["kind", "media"])  # fmt: skip
    running = GaugeMetricFamily("touchstone_jobs_running", "Rows with a lease.",
                                labels=["kind", "media"])  # fmt: skip
    parked = GaugeMetricFamily("touchstone_jobs_parked", "Rows that wait for a person.",
                               labels=["kind", "code"])  # fmt: skip
    for model in registry.models():
        kind, table = model._meta.label_lower, model._meta.db_table
        live = f"FROM {table} WHERE {LIVE} AND state"
        queued = f"{live} = '{State.QUEUED.value}' AND available_at <= now()"
        all_media = registry.kinds_of(model) or ("",)
        media = "kind" if registry.kinds_of(model) else "''"
        for of, priority, count in _rows(
            f"SELECT {media}, priority, count(*) {queued} GROUP BY 1, 2"
        ):
            due.add_metric([kind, of, str(priority)], count)
        age = f"SELECT {media}, extract(epoch FROM now() - min(available_at)) {queued} GROUP BY 1"
        held = f"SELECT {media}, count(*) {live} = '{State.RUNNING.value}' GROUP BY 1"
        for family, statement in ((oldest, age), (running, held)):
            found = dict(_rows(statement))
            for of in all_media:
                family.add_metric([kind, of], float(found.get(of) or 0))
        aside = f"{live} = '{State.PARKED.value}'"
        for code, count in _rows(f"SELECT reason_code, count(*) {aside} GROUP BY 1"):
            parked.add_metric([kind, code], count)
    yield from (due, oldest, running, parked)
    teams = GaugeMetricFamily("touchstone_team_due", "Due analyses of a team.", labels=["team"])
    for team, count in _rows(
        "SELECT s.team_id, count(*) FROM ml_analysis a "
        "JOIN submissions_submission s ON s.analysis_id = a.id "
        "WHERE a.state = 'queued' AND a.available_at <= now() GROUP BY 1"
    ):
        teams.add_metric([str(team)], count)
    yield teams


def _results() -> Iterator[Any]:
    ended = GaugeMetricFamily("touchstone_analyses_ended_1h",
                              "Analyses that ended within the hour.",
                              labels=["how", "code"])  # fmt: skip
    took = GaugeMetricFamily("touchstone_analysis_seconds_1h",
                             "From order to end within the hour, waiting included.",
                             labels=["quantile"])  # fmt: skip
    recent = f"FROM dashboard_ending WHERE ended_at > now() - {WINDOW}"
    for how, code, count in _rows(f"SELECT how, code, count(*) {recent} GROUP BY 1, 2"):
        ended.add_metric([how, code], count)
    for share in (0.5, 0.95):
        middle = f"SELECT percentile_cont({share}) WITHIN GROUP (ORDER BY seconds) {recent}"
        if (seconds := _one(middle)) is not None:
            took.add_metric([str(share)], float(seconds))
    stages = GaugeMetricFamily("touchstone_analysis_stage_seconds_1h",
                               "Of these: until a worker took it (waiting), and from then on "
                               "(examining).", labels=["stage", "quantile"])  # fmt: skip
    for stage, column in (("waiting", "waited"), ("examining", "seconds - waited")):
        for share in (0.5, 0.95):
            middle = f"SELECT percentile_cont({share}) WITHIN GROUP (ORDER BY {column}) {recent}"
            if (seconds := _one(middle)) is not None:
                stages.add_metric([stage, str(share)], float(seconds))
    yield from (ended, took, stages)


def _safety() -> Iterator[Any]:
    yield GaugeMetricFamily(
        "touchstone_seal_lag_seconds", "How long the oldest event has waited for its seal.",
        value=health.seal_lag(),
    )  # fmt: skip
    yield GaugeMetricFamily(
        "touchstone_worker_last_seen_seconds", "Since any worker was last seen.",
        value=health.stale_heartbeat_seconds(),
    )  # fmt: skip
    yield GaugeMetricFamily(
        "touchstone_workers", "Worker processes seen within a minute.",
        value=_one("SELECT count(*) FROM jobs_workerheartbeat WHERE kind = 'slot' "
                   "AND seen_at > now() - interval '1 minute'"),
    )  # fmt: skip
    yield CounterMetricFamily(
        "touchstone_refused_late_writes", "Writes of workers that had lost their lease.",
        value=_one("SELECT coalesce(max(id), 0) FROM jobs_refusedwrite"),
    )  # fmt: skip
    yield GaugeMetricFamily(
        "touchstone_damaged_blobs", "Stored files that scrubbing found damaged.",
        value=_one("SELECT count(*) FROM blobs_blob WHERE damage NOT IN ('', 'removed')"),
    )  # fmt: skip
    drift = GaugeMetricFamily(
        "touchstone_drift_alarms",
        "Figures of checks that differed last month from the months before.", labels=["team"],
    )  # fmt: skip
    for team, count in _rows(
        "SELECT c.team_id, count(*) FROM review_driftalarm a "
        "JOIN review_driftcheck c ON c.id = a.check_made_id WHERE c.month = "
        "(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month')::date GROUP BY 1"
    ):
        drift.add_metric([str(team)], count)
    yield drift
    yield GaugeMetricFamily(
        "touchstone_claiming_paused_seconds", "How long workers have not claimed for an outage.",
        value=paused_since(),
    )  # fmt: skip


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _one(statement: str) -> Any:
    return _rows(statement)[0][0]
