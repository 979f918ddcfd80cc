"""One sender's flood delays only that sender."""

from __future__ import annotations

from statistics import median

from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.models import Priority, State
from jobs.moves import SECONDS_PER_FLOW_ROW
from jobs.services import claim, finish
from tests.jobs.errands import Errand


def _served(errands: type[Errand]) -> str:
    """The flow of the row whose turn it was, or nothing when none waits."""
    got = claim(errands, worker="w")
    if got is None:
        return ""
    with transaction.atomic():
        finish(got, State.DONE)
    return errands.objects.get(pk=got.pk).flow


def test_what_another_flow_sends_goes_before_the_rest_of_a_flood(errands: type[Errand]) -> None:
    for _ in range(100):
        errands.objects.create(flow="flood")
    errands.objects.create(flow="light")
    assert {_served(errands), _served(errands)} == {"flood", "light"}


def test_two_floods_take_turns(errands: type[Errand]) -> None:
    for flow in ("one", "other"):
        for _ in range(20):
            errands.objects.create(flow=flow)
    served = [_served(errands) for _ in range(40)]
    assert all(abs(served[:n].count("one") - n / 2) <= 1 for n in range(1, 41))


def test_a_flood_alone_is_served_without_a_pause(errands: type[Errand]) -> None:
    """Fairness is an order, never a delay."""
    for _ in range(30):
        errands.objects.create(flow="flood")
    assert [_served(errands) for _ in range(31)] == ["flood"] * 30 + [""]


def test_a_flood_of_one_priority_leaves_the_senders_other_priorities_alone(
    errands: type[Errand],
) -> None:
    for _ in range(200):
        errands.objects.create(flow="partner", priority=Priority.BATCH)
    urgent = errands.objects.create(flow="partner", priority=Priority.PARTNER)
    got = claim(errands, worker="w")
    assert got is not None and got.pk == urgent.pk


def test_rows_of_no_flow_do_not_wait_for_each_other(errands: type[Errand]) -> None:
    rows = [errands.objects.create() for _ in range(3)]
    for row in rows:
        row.refresh_from_db()
        assert row.turn_at == row.created_at


def test_a_changed_priority_moves_the_turn_and_keeps_the_place_in_the_flow(
    errands: type[Errand],
) -> None:
    rows = [errands.objects.create(flow="f") for _ in range(3)]
    errands.objects.filter(pk=rows[2].pk).update(priority=Priority.BATCH)
    rows[2].refresh_from_db()
    waits = (rows[2].turn_at - rows[2].created_at).total_seconds()
    assert waits >= 2 * SECONDS_PER_FLOW_ROW - 1 + 20 * 60


def test_a_rows_turn_is_found_by_its_index(errands: type[Errand]) -> None:
    """However long a flood, the turn of another flow's row is found without reading it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO errands_errand (state, priority, attempt, crashes, fence, worker, flow, "
            "progress, stage, reason_code, reason, cancel_requested, result) "
            "SELECT 'queued', 0, 0, 0, 0, '', 'flood', 0, '', '', '', false, '' "
            "FROM generate_series(1, 2000) AS n"
        )
        cursor.execute("ANALYZE errands_errand")
        cursor.execute(
            "EXPLAIN SELECT max(turn_at) FROM errands_errand "
            "WHERE state = 'queued' AND flow = 'light' AND priority = 0"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "errand_flow_idx" in plan and "Seq Scan" not in plan


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    light=st.integers(min_value=1, max_value=6), flood=st.integers(min_value=20, max_value=40),
    every=st.integers(min_value=2, max_value=4),
)  # fmt: skip
def test_however_much_one_sends_the_others_wait_for_a_round_at_most(
    errands: type[Errand], light: int, flood: int, every: int
) -> None:
    """Light senders queue one row in `every` steps of service; each is served within one round."""
    errands.objects.all().delete()
    for _ in range(flood):
        errands.objects.create(flow="flood")
    waits: list[int] = []
    waiting: dict[str, int] = {}
    for step in range(light * every * 2):
        flow = f"light{step % light}"
        if step % every == 0 and flow not in waiting:
            errands.objects.create(flow=flow)
            waiting[flow] = step
        served = _served(errands)
        if served in waiting:
            waits.append(step - waiting.pop(served))
    assert median(waits or [0]) <= 1 and max(waits or [0]) <= light + 1
