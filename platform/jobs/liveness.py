"""Says whether this worker is alive. Only work counts: a lease renewed, or a reconciliation, in the
last minute."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from django.db.models.functions import Greatest

from jobs import registry
from jobs.models import LeasedJob, WorkerHeartbeat
from jobs.moves import State
from jobs.timing import ClockTimestamp, InSeconds

FRESH_SECONDS = 60
STUCK_SECONDS = 300


@dataclass(frozen=True)
class Health:
    ok: bool
    sentence: str


def this_host() -> str:
    return socket.gethostname()[:40]


def record_heartbeat(name: str, kind: str, *, lease: bool = False, reconcile: bool = False) -> None:
    """Note that this process did something. One upsert, the database's clock."""
    now = ClockTimestamp()
    changes: dict[str, object] = {"host": this_host(), "kind": kind, "seen_at": now}
    if lease:
        changes["lease_renewed_at"] = now
    if reconcile:
        changes["reconciled_at"] = now
    if not WorkerHeartbeat.objects.filter(pk=name).update(**changes):
        WorkerHeartbeat.objects.update_or_create(pk=name, defaults=changes)


def gone(name: str) -> None:
    WorkerHeartbeat.objects.filter(pk=name).delete()


def forget_old() -> int:
    """Rows of processes that died without a word a day ago."""
    return WorkerHeartbeat.objects.filter(seen_at__lt=InSeconds(-86_400)).delete()[0]


def health(host: str | None = None, fresh_seconds: float = FRESH_SECONDS) -> Health:
    """`host=None` asks for any worker of the site."""
    beats = WorkerHeartbeat.objects.all()
    if host is not None:
        beats = beats.filter(host=host)
    where = f" on {host}" if host else ""
    fresh = beats.alias(last=Greatest("lease_renewed_at", "reconciled_at")).filter(
        last__gt=InSeconds(-fresh_seconds)
    )
    if not fresh.exists():
        return Health(False, f"no worker{where} renewed a lease or reconciled in the last minute")
    # A process that pauses because of an outage is healthy: a restart would not help.
    paused = beats.filter(seen_at__gt=InSeconds(-FRESH_SECONDS), paused_since__isnull=False).first()
    if paused is not None:
        return Health(True, f"a worker{where} waits for a part of the site: {paused.paused_for}")
    # Alive but deaf: things wait for long and nobody holds a lease. What is done in the background
    # may wait while others are worked on.
    for model in registry.models():
        waiting = model._base_manager.filter(
            state=State.QUEUED, available_at__lt=InSeconds(-STUCK_SECONDS)
        )
        worked_on = registry.models() if registry.entry(model).background else [model]
        if waiting.exists() and not any(map(_leased, worked_on)):
            return Health(False, f"{model._meta.label} rows wait for minutes and nobody works")
    return Health(True, f"a worker{where} is at work")


def _leased(model: type[LeasedJob]) -> bool:
    rows = model._base_manager
    return bool(rows.filter(state=State.RUNNING, lease_until__gt=ClockTimestamp()).exists())
