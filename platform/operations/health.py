"""Checks whether each part of this site works, with one short sentence for each.

The public answer names no host, bucket or path; those are in the log and in `manage.py doctor`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from audit import fingerprints
from audit.models import Event, Leaf
from blobs import place
from jobs import liveness
from jobs.timing import InSeconds

log = logging.getLogger("touchstone.health")
PATIENCE_SECONDS = 5.0
"""For each part; one that hangs is not ready."""
KEPT_SECONDS = 5.0
"""Answers are cached this long, so that frequent requests cost nothing."""
WORKER_SECONDS, SEAL_LAG_SECONDS = 45.0, 45.0
"""Workers reconcile and seal every 10 s. With the two times above, a fault is reported within a
minute."""
WEB = ("database", "migrations", "keys", "store")
"""What a web server needs. Workers and sealing are the rest of the site."""


@dataclass(frozen=True)
class Part:
    name: str
    ok: bool
    sentence: str
    seconds: float


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        if cursor.fetchone()[0]:
            raise NotReady("The database takes no writes: it is a replica or in recovery.")
    return "The database answers."


def migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise NotReady(f"{len(missing)} migrations are not applied: run `manage.py migrate`.")
    return "All migrations are applied."


def store() -> str:
    try:
        place.probe()
    except place.StoreUnusable as problem:
        log.error("not ready: %s", problem)
        raise NotReady("The media store does not take, give back or delete an object.") from None
    return "The media store takes, gives back and deletes an object."


def keys() -> str:
    if problems := fingerprints.problems():
        log.error("not ready: %s", " ".join(problems))
        raise NotReady("A key is missing here, or is not the one that the database works with.")
    return "The keys are those of this site."


def workers() -> str:
    health = liveness.health(fresh_seconds=WORKER_SECONDS)
    if not health.ok:
        raise NotReady(health.sentence[0].upper() + health.sentence[1:] + ".")
    return "A worker is at work."


def sealing() -> str:
    lag = seal_lag()
    if lag > SEAL_LAG_SECONDS:
        raise NotReady(f"Events have waited {lag:.0f} s for their seal: is a worker running?")
    return "The record is sealed up to now."


def seal_lag() -> float:
    """Seconds that the oldest event without a seal has waited; 0 when there is none."""
    sealed = Leaf.objects.order_by("-index").values_list("event_id", flat=True).first() or 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0) "
            f"FROM {Event._meta.db_table} WHERE id > %s",
            [sealed],
        )
        return float(cursor.fetchone()[0])


class NotReady(Exception):
    """The sentence is for the caller."""


PARTS: dict[str, Callable[[], str]] = {
    "database": database,
    "migrations": migrations,
    "keys": keys,
    "store": store,
    "workers": workers,
    "sealing": sealing,
}


def ask(name: str) -> Part:
    began = time.monotonic()
    try:
        ok, sentence = True, PARTS[name]()
    except NotReady as no:
        ok, sentence = False, str(no)
    except Exception as error:
        log.error("not ready: %s: %s", name, place.as_line(error))
        ok, sentence = False, "It does not answer."
    return Part(name, ok, sentence, round(time.monotonic() - began, 3))


class Probes:
    """The latest answers of one process. At most one question to each part is under way: a part
    that hangs holds one thread, however often somebody asks."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.threads = ThreadPoolExecutor(len(PARTS), thread_name_prefix="health")
        self.under_way: dict[str, Future[Part]] = {}
        self.kept: dict[str, tuple[float, Part]] = {}

    def parts(self, names: tuple[str, ...]) -> list[Part]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        waiting = {name: self._begin(name) for name in names if not self._fresh(name)}
        for name, future in waiting.items():
            try:
                part = future.result(max(deadline - time.monotonic(), 0.01))
            except TimeoutError:
                text = f"It has not answered for {PATIENCE_SECONDS:.0f} s."
                self.kept[name] = (time.monotonic(), Part(name, False, text, PATIENCE_SECONDS))
                continue
            self.kept[name] = (time.monotonic(), part)
        return [self.kept[name][1] for name in names]

    def _fresh(self, name: str) -> bool:
        at, _ = self.kept.get(name, (-KEPT_SECONDS, None))
        return time.monotonic() - at < KEPT_SECONDS

    def _begin(self, name: str) -> Future[Part]:
        with self.lock:
            running = self.under_way.get(name)
            if running is None or running.done():
                running = self.under_way[name] = self.threads.submit(_in_thread, name)
            return running


def _in_thread(name: str) -> Part:
    try:
        return ask(name)
    finally:
        connection.close()


_probes: Probes | None = None


def readiness(names: tuple[str, ...] = tuple(PARTS)) -> list[Part]:
    global _probes
    if _probes is None:  # made after the fork
        _probes = Probes()
    return _probes.parts(names)


def as_json(parts: list[Part]) -> dict[str, Any]:
    return {
        "ready": all(part.ok for part in parts),
        "parts": {p.name: {"ok": p.ok, "said": p.sentence, "seconds": p.seconds} for p in parts},
    }


def stale_heartbeat_seconds() -> float:
    """For metrics: how long ago any worker was last seen; a day when there is none."""
    from jobs.models import WorkerHeartbeat

    last = WorkerHeartbeat.objects.filter(seen_at__gt=InSeconds(-86_400)).order_by("-seen_at")
    seen = last.values_list("seen_at", flat=True).first()
    if seen is None:
        return 86_400.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp() - %s)", [seen])
        return float(cursor.fetchone()[0])
