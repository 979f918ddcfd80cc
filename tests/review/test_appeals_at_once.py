"""Appeals concurrent with other operations, and the constraints of the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Role
from accounts.refusals import Refusal
from media_analysis.review.models import (
    Appeal,
    Case,
)
from media_analysis.review.services import appeals, cases
from tests.people import Person, member
from tests.refusals import refuses
from tests.review.appealing import FIRST, TEXT, appeal, decided, in_force, wrong_on_record


def test_the_same_request_is_done_once(case: Case, alice: Person) -> None:
    """By its key; another text under the key is refused."""
    first, repeated = appeals.make(alice.actor, case.submission, TEXT, key="k")
    again, found = appeals.make(alice.actor, case.submission, TEXT, key="k")
    assert (repeated, found) == (False, True) and first == again
    with refuses("idempotency_differs"):
        appeals.make(alice.actor, case.submission, "other", key="k")


def together(*verbs: Callable[[], object]) -> list[str]:
    """Each in a thread and a connection of its own, at once: its refusal's code, or "done"."""
    start = threading.Barrier(len(verbs))

    def run(verb: Callable[[], object]) -> str:
        start.wait()
        try:
            verb()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(verbs)) as pool:
        return sorted(pool.map(run, verbs))


@pytest.mark.django_db(transaction=True)
def test_of_two_appeals_at_once_one_is_made(case: Case, alice: Person) -> None:
    actor = alice.actor
    outcomes = together(*[lambda: appeals.make(actor, case.submission, TEXT)] * 4)
    assert outcomes == ["appeal_open"] * 3 + ["done"] and Appeal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_appeal_and_a_reopening_at_once_are_one_of_them(
    case: Case, alice: Person, bob: Person
) -> None:
    """Ten times: whoever comes second is refused, and the record holds what happened."""
    mine, his = alice.actor, bob.actor
    for _ in range(10):
        outcomes = together(
            lambda: appeals.make(mine, case.submission, TEXT),
            lambda: cases.reopen(his, case.pk, why="look again"),
        )
        appealed = Appeal.objects.open().exists()
        lost = "case_not_decided" if appealed else "no_decision_in_force"
        assert outcomes == sorted(["done", lost])
        if appealed:
            appeals.withdraw(mine, case.submission)
        else:
            decided(case, member(case.team, Role.MODERATOR))
    assert wrong_on_record() == []


@pytest.mark.django_db(transaction=True)
def test_withdrawing_and_deciding_at_once_are_one_of_them(
    case: Case, alice: Person, dora: Person
) -> None:
    appeal(case, alice)
    held = cases.claim(dora.actor, case.pk)
    mine, hers = alice.actor, dora.actor
    outcomes = together(
        lambda: appeals.withdraw(mine, case.submission),
        lambda: cases.decide(hers, case.pk, held.fence, FIRST),
    )
    state = Appeal.objects.get().state
    assert outcomes == sorted(["done", {"withdrawn": "claim_lost"}.get(state, "appeal_not_open")])
    assert in_force(case)


@pytest.mark.parametrize(
    "change",
    [
        "update review_appeal set text = 'other'",
        "update review_appeal set made_by = 'user:0'",
        "update review_appeal set outcome = 'upheld'",
        "update review_appeal set answered_at = now()",
        "delete from review_appeal",
        "truncate review_appeal cascade",
        "update review_case set standing_fence = 1",
        "insert into review_appeal (id, text, made_by, key, made_at, outcome, case_id, "
        "decision_id, team_id) select gen_random_uuid(), text, made_by, '', made_at, '', case_id, "
        "decision_id, team_id from review_appeal",
    ],
)
def test_the_database_refuses_what_cannot_be(case: Case, alice: Person, change: str) -> None:
    appeal(case, alice)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.parametrize("end", ["withdrawn_at = null", "withdrawn_at = now()"])
def test_an_appeal_that_ended_is_final(case: Case, alice: Person, end: str) -> None:
    appeal(case, alice)
    appeals.withdraw(alice.actor, case.submission)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"update review_appeal set {end}")
