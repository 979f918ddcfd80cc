from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from jobs.models import State
from jobs.moves import ALLOWED, SETTLED
from tests.jobs.errands import Errand


def fields_for(state: str) -> dict[str, str]:
    """SQL that makes a row consistent with a state, so that only the move itself is on trial."""
    running = state == State.RUNNING
    return {
        "state": f"'{state}'",
        "lease_until": "clock_timestamp() + interval '1 minute'" if running else "NULL",
        "started_at": "clock_timestamp()",
        "worker": "'w'",
        "finished_at": "clock_timestamp()" if state in SETTLED else "NULL",
        "reason_code": "'c'",
        "reason": "'r'",
    }


def put(pk: Any, state: str, *, fence: str = "fence") -> None:
    changes = {**fields_for(state), "fence": fence}
    sql = ", ".join(f"{name} = {value}" for name, value in changes.items())
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(f"UPDATE errands_errand SET {sql} WHERE id = %s", [pk])


def force(pk: Any, state: str) -> None:
    """Any state at all, as only a superuser who switches the trigger off can make it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        put(pk, state)


@pytest.mark.parametrize("before", State.values)
@pytest.mark.parametrize("after", State.values)
def test_the_database_itself_refuses_illegal_moves(
    errands: type[Errand], before: str, after: str
) -> None:
    """Plain SQL, all 36 pairs of states: the allowed moves pass, all others are refused."""
    errand = errands.objects.create()
    force(errand.pk, before)
    claims = after == State.RUNNING and before != State.RUNNING
    legal = before == after or (before, after) in ALLOWED
    if legal:
        put(errand.pk, after, fence="fence + 1" if claims else "fence")
    else:
        with pytest.raises(IntegrityError, match="may not go from"):
            put(errand.pk, after, fence="fence + 1" if claims else "fence")
    errand.refresh_from_db()
    assert errand.state == (after if legal else before)


@pytest.mark.parametrize(
    "change",
    [
        "fence = fence + 1",
        "fence = fence - 1",
        "lease_until = NULL",
        "worker = ''",
        "started_at = NULL",
        "finished_at = now()",
        "state = 'dreaming'",
        "progress = 1.5",
        "progress = -0.1",
        "state = 'parked', lease_until = NULL, finished_at = now(), reason_code = '', reason = ''",
        "state = 'done', lease_until = NULL",
        "state = 'done', finished_at = now()",
        "state = 'queued'",
    ],
)
def test_the_database_refuses_a_running_row_that_contradicts_itself(
    errands: type[Errand], change: str
) -> None:
    """Lease, worker, end, reason and progress belong to the state, whoever writes."""
    errand = errands.objects.create()
    put(errand.pk, State.RUNNING, fence="fence + 1")
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(f"UPDATE errands_errand SET {change} WHERE id = %s", [errand.pk])


@pytest.mark.parametrize("fence", ["fence", "fence + 2", "fence - 1"])
def test_a_claim_raises_the_fence_by_one(errands: type[Errand], fence: str) -> None:
    """A claim that keeps, skips or lowers the fence is refused by the database."""
    errand = errands.objects.create()
    with pytest.raises(IntegrityError, match="fence"):
        put(errand.pk, State.RUNNING, fence=fence)


def test_the_turn_is_the_databases_own(errands: type[Errand]) -> None:
    """Whatever is written there, the turn is the arrival plus a minute for each step."""
    errand = errands.objects.create(priority=20)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE errands_errand SET turn_at = '1999-01-01'")
    errand.refresh_from_db()
    assert (errand.turn_at - errand.created_at).total_seconds() == 20 * 60


def test_the_claim_uses_its_partial_index(errands: type[Errand]) -> None:
    """Among many finished rows the claim reads the index of those that wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO errands_errand (state, priority, flow, attempt, crashes, fence, worker, "
            "progress, stage, reason_code, reason, cancel_requested, result, finished_at) "
            "SELECT 'done', 0, '', 1, 0, 1, 'w', 1, '', '', '', false, '', now() "
            "FROM generate_series(1, 3000)"
        )
        errands.objects.create()
        cursor.execute("ANALYZE errands_errand")
        cursor.execute(
            "EXPLAIN SELECT id FROM errands_errand WHERE state = 'queued' "
            "AND available_at <= clock_timestamp() ORDER BY turn_at LIMIT 1 FOR UPDATE SKIP LOCKED"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "errand_turn_idx" in plan


def test_a_model_without_the_walls_cannot_register() -> None:
    """A Meta that does not inherit loses guard and constraints: registration refuses it."""
    from jobs import registry
    from jobs.models import LeasedJob

    class Bare(LeasedJob):
        class Meta:
            app_label = "errands"

    with pytest.raises(TypeError, match=r"LeasedJob\.Meta"):
        registry.register(Bare, lambda claim: None)
