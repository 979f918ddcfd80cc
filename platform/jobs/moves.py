"""The states of a job, the allowed transitions, and the database constraints that enforce them.

CHECK constraints tie the state to its fields. A trigger refuses illegal transitions and a fence
that does not grow, whoever writes: this code, the administration or psql.
"""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q


class State(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"
    PARKED = "parked"
    CANCELLED = "cancelled"


class Priority(models.IntegerChoices):
    INTERACTIVE = 0
    PARTNER = 10
    BATCH = 20


UNDER_WAY = (State.QUEUED, State.RUNNING)
SETTLED = (State.DONE, State.REJECTED, State.PARKED, State.CANCELLED)
"""Nothing is being done for a row in these; a parked one waits for a person."""

ALLOWED = frozenset(
    {
        (State.QUEUED, State.RUNNING),
        (State.QUEUED, State.CANCELLED),
        (State.RUNNING, State.DONE),
        (State.RUNNING, State.REJECTED),
        (State.RUNNING, State.PARKED),
        (State.RUNNING, State.CANCELLED),
        (State.RUNNING, State.QUEUED),
        (State.PARKED, State.QUEUED),
        (State.PARKED, State.CANCELLED),
    }
)

SECONDS_PER_PRIORITY = 60
"""Ageing: a batch job (20) is served as if it had come 20 minutes later than it did, so what is
interactive goes first and yet nothing waits for ever. The turn never changes, so it is indexed."""

SECONDS_PER_FLOW_ROW = 15
"""Fairness: each row of a flow is served as if it had come this much later than the flow's last one
that still waits. So a flood queues up behind itself, and what others send meanwhile goes first. A
weight divides it: rows of weight 2 come twice as close, so their flow gets two turns for one."""

_moves = ", ".join(f"'{a.value}>{b.value}'" for a, b in sorted(ALLOWED))

GUARD = pgtrigger.Trigger(
    name="job_guard",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    declare=[("last_turn", "timestamptz")],
    func=f"""
        IF TG_OP = 'INSERT' THEN
            NEW.turn_at := NEW.created_at
                + NEW.priority * interval '{SECONDS_PER_PRIORITY} seconds';
            IF NEW.flow <> '' THEN
                EXECUTE format('SELECT max(turn_at) FROM %I.%I WHERE state = $1'
                    ' AND flow = $2 AND priority = $3', TG_TABLE_SCHEMA, TG_TABLE_NAME)
                    INTO last_turn USING 'queued', NEW.flow, NEW.priority;
                NEW.turn_at := greatest(NEW.turn_at,
                    last_turn + interval '{SECONDS_PER_FLOW_ROW} seconds'
                        / greatest(NEW.weight, 1));
            END IF;
            RETURN NEW;
        END IF;
        NEW.turn_at := OLD.turn_at + (NEW.created_at - OLD.created_at)
            + (NEW.priority - OLD.priority) * interval '{SECONDS_PER_PRIORITY} seconds';
        IF NEW.state <> OLD.state
                AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[{_moves}]) THEN
            RAISE EXCEPTION 'a job may not go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.state = 'running' AND OLD.state <> 'running' THEN
            IF NEW.fence <> OLD.fence + 1 THEN
                RAISE EXCEPTION 'a claim must raise the fence by one'
                    USING ERRCODE = 'check_violation';
            END IF;
        ELSIF NEW.fence <> OLD.fence THEN
            RAISE EXCEPTION 'only a claim may move the fence'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,  # noqa: S608 - the table is the trigger's own
)


def constraints() -> list[models.BaseConstraint]:
    name = "%(app_label)s_%(class)s_"
    running = Q(state=State.RUNNING)
    return [
        models.CheckConstraint(name=name + "state_known", condition=Q(state__in=State.values)),
        models.CheckConstraint(
            name=name + "running_is_leased",
            condition=(running & Q(lease_until__isnull=False, started_at__isnull=False))
            & ~Q(worker="")
            | (~running & Q(lease_until__isnull=True)),
        ),
        models.CheckConstraint(
            name=name + "settled_is_finished",
            condition=Q(state__in=SETTLED, finished_at__isnull=False)
            | (~Q(state__in=SETTLED) & Q(finished_at__isnull=True)),
        ),
        models.CheckConstraint(
            name=name + "refusal_has_reason",
            condition=~Q(state__in=(State.PARKED, State.REJECTED))
            | (~Q(reason_code="") & ~Q(reason="")),
        ),
        models.CheckConstraint(
            name=name + "numbers_sane",
            condition=Q(progress__gte=0, progress__lte=1, attempt__gte=0, crashes__gte=0)
            & Q(fence__gte=F("attempt")),
        ),
    ]


def indexes() -> list[models.Index]:
    return [
        models.Index(
            fields=["turn_at"], condition=Q(state=State.QUEUED), name="%(class)s_turn_idx"
        ),
        models.Index(
            fields=["flow", "priority", "turn_at"],
            condition=Q(state=State.QUEUED) & ~Q(flow=""),
            name="%(class)s_flow_idx",
        ),
        # Not over `lease_until`: a heartbeat that touches no index is a HOT update. There are as
        # many running rows as slots, so the expired among them are found at once.
        models.Index(
            fields=["started_at"], condition=Q(state=State.RUNNING), name="%(class)s_running_idx"
        ),
        models.Index(
            fields=["finished_at"], condition=Q(state=State.PARKED), name="%(class)s_parked_idx"
        ),
    ]
