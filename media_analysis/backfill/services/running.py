"""The verbs of a backfill: plan, start, pause, resume, cancel, retry what failed. Each is one
transaction with its event. Only site administrators may: the workers belong to everybody."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.services import record, site_chain
from audit.verbs import Verb
from audit.who import SYSTEM, Who
from jobs.bell import ring_on_commit
from jobs.models import UNDER_WAY, State
from jobs.services import requeue_parked
from jobs.timing import NEVER_SECONDS, ClockTimestamp, InSeconds
from media_analysis.backfill.models import (
    MOST_AT_ONCE,
    MOST_PER_HOUR,
    UNFINISHED,
    Backfill,
    BackfillItem,
    Stage,
)
from media_analysis.backfill.selection import Selection
from media_analysis.backfill.services.estimating import SECONDS_PER_HOUR, estimate
from ml.engine.analysis import engine_version

AT_ONCE = 100
RUN_CANCELLED = "backfill_cancelled"


@transaction.atomic
def plan(
    actor: Actor,
    selection: Selection,
    *,
    team: Team | None = None,
    at_once: int = AT_ONCE,
    per_hour: int | None = None,
    version: str = "",
) -> Backfill:
    """Counts, and starts nothing. `version` is that of the workers' engine, where the engine here
    is another."""
    _require(actor)
    selection.check()
    if not 1 <= at_once <= MOST_AT_ONCE:
        raise Refusal("backfill_at_once", most=MOST_AT_ONCE)
    if per_hour is not None and not 1 <= per_hour <= MOST_PER_HOUR:
        raise Refusal("backfill_rate", most=MOST_PER_HOUR)
    run = Backfill(
        team=team, selection=selection.as_json(), engine_version=version or engine_version(),
        ordered_by=actor.who.ref, at_once=at_once, per_hour=per_hour,
    )  # fmt: skip
    run.estimate = estimate(run).as_json()
    run.save(force_insert=True)
    run.refresh_from_db()
    _event(run, Verb.BACKFILL_PLANNED, actor.who, files=sum(run.estimate["files"].values()))
    return run


@transaction.atomic
def start(actor: Actor, pk: UUID) -> Backfill:
    """The feeding duty of a worker queues the first files within seconds."""
    run = _moved(actor, pk, (Stage.PLANNED,), Stage.RUNNING, started_at=Now())
    _event(run, Verb.BACKFILL_STARTED, actor.who)
    return run


@transaction.atomic
def pause(actor: Actor, pk: UUID) -> Backfill:
    """What runs is finished; nothing else begins."""
    run = _moved(actor, pk, (Stage.RUNNING,), Stage.PAUSED)
    run.items.filter(state=State.QUEUED).update(available_at=InSeconds(NEVER_SECONDS))
    _event(run, Verb.BACKFILL_PAUSED, actor.who)
    return run


@transaction.atomic
def resume(actor: Actor, pk: UUID) -> Backfill:
    run = _moved(actor, pk, (Stage.PAUSED,), Stage.RUNNING, next_at=None)
    _make_due(run)
    _event(run, Verb.BACKFILL_RESUMED, actor.who)
    return run


@transaction.atomic
def cancel(actor: Actor, pk: UUID) -> Backfill:
    """For good. What was analysed stays; what is being analysed is stopped."""
    run = _moved(actor, pk, UNFINISHED, Stage.CANCELLED, ended_at=Now())
    run.items.filter(state__in=(State.QUEUED, State.PARKED)).update(
        state=State.CANCELLED, finished_at=ClockTimestamp(), reason_code=RUN_CANCELLED,
        reason=RUN_CANCELLED,
    )  # fmt: skip
    run.items.filter(state=State.RUNNING).update(cancel_requested=True)
    _event(run, Verb.BACKFILL_CANCELLED, actor.who)
    return run


@transaction.atomic
def retry(actor: Actor, pk: UUID) -> int:
    """What failed goes back to the queue, also of a backfill that has ended. Returns how many."""
    run = _locked(actor, pk, (Stage.RUNNING, Stage.DONE))
    failed = list(run.items.filter(state=State.PARKED).values_list("pk", flat=True))
    again = sum(requeue_parked(BackfillItem, one, by=actor.who) for one in failed)
    if again and run.state == Stage.DONE:
        _set(run, state=Stage.RUNNING, ended_at=None)
    if again:
        _event(run, Verb.BACKFILL_RESUMED, actor.who, retried=again)
    return again


def end(run: Backfill) -> None:
    """In the caller's transaction, which has locked the row: everything is settled."""
    _set(run, state=Stage.DONE, ended_at=Now())
    done = run.items.filter(state=State.DONE).count()
    failed = run.items.filter(state=State.PARKED).count()
    _event(run, Verb.BACKFILL_ENDED, SYSTEM, done=done, failed=failed)


def _require(actor: Actor) -> None:
    if not actor.is_site_admin:
        raise Refusal("site_admin_only")


def _locked(actor: Actor, pk: UUID, states: Collection[str]) -> Backfill:
    _require(actor)
    run = Backfill.objects.select_for_update().get(pk=pk)
    if run.state not in states:
        raise Refusal("backfill_state", state=run.get_state_display())
    return run


def _moved(
    actor: Actor, pk: UUID, states: Collection[str], state: Stage, **changes: Any
) -> Backfill:
    run = _locked(actor, pk, states)
    _set(run, state=state, **changes)
    return run


def _set(run: Backfill, **changes: Any) -> None:
    Backfill.objects.filter(pk=run.pk).update(**changes)
    run.refresh_from_db()


def _make_due(run: Backfill) -> None:
    """Those that wait, one behind the other at the run's rate."""
    apart = SECONDS_PER_HOUR / run.per_hour if run.per_hour else 0.0
    waiting = list(run.items.filter(state=State.QUEUED).order_by("turn_at"))
    for place, item in enumerate(waiting):
        type(item)._base_manager.filter(pk=item.pk, state=State.QUEUED).update(
            available_at=InSeconds(apart * place)
        )
        if not apart * place:
            ring_on_commit(item)
    if run.per_hour and waiting:
        _set(run, next_at=Now() + timedelta(seconds=apart * len(waiting)))


def is_over(run: Backfill) -> bool:
    return run.is_exhausted and not run.items.filter(state__in=UNDER_WAY).exists()


def _event(run: Backfill, verb: Verb, who: Who, **data: int) -> None:
    record(
        chain=team_chain(run.team_id) if run.team_id else site_chain("backfill"),
        verb=verb, who=who, object_type="backfill", object_id=run.pk, rows=[run], data=data,
    )  # fmt: skip
