"""A policy is deleted in the very moment in which a decision rests on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Role
from accounts.refusals import Refusal
from media_analysis.review.models import Case, Decision, DecisionText, Policy
from media_analysis.review.services import cases, rules
from tests.people import Person, Send, member
from tests.review.test_services import opened

pytestmark = pytest.mark.django_db(transaction=True)


class Scene:
    """A case in Alice's hands, a policy, and a lead who wants it gone."""

    def __init__(self, alice: Person, send: Send) -> None:
        self.alice, self.lead = alice, member(alice.team, Role.LEAD)
        self.case: Case = cases.claim(alice.actor, opened(alice, send).pk)
        self.policy: Policy = rules.write_policy(self.lead.actor, alice.team, "Elections", "")

    def decide(self) -> Any:
        words = DecisionText("manipulated", "the seam along the jaw", policy_id=self.policy.pk)
        return cases.decide(self.alice.actor, self.case.pk, self.case.fence, words)

    def delete(self) -> Any:
        return rules.delete_policy(self.lead.actor, self.policy)


@pytest.fixture
def scene(alice: Person, send: Send) -> Scene:
    return Scene(alice, send)


def meanwhile(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """`second` begins when `first` has done its work and not committed yet: both answers."""
    done = threading.Event()

    def held() -> Any:
        with transaction.atomic():
            outcome = first()
            done.set()
            _until_somebody_waits()
        return outcome

    with ThreadPoolExecutor(2) as pool:
        leading = pool.submit(_closing, held)
        assert done.wait(10)
        following = pool.submit(_closing, second)
        return _outcome(leading), _outcome(following)


def _until_somebody_waits() -> None:
    """Or has been answered at once: then a second is lost and nothing else."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
            if cursor.fetchone() != (0,):
                return
            cursor.execute("SELECT pg_sleep(0.01)")


def _closing(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connection.close()


def _outcome(future: Future[Any]) -> Any:
    return future.exception(timeout=20) or future.result()


def test_a_decision_that_is_being_made_keeps_its_policy(scene: Scene) -> None:
    """Whoever deletes waits for the decision, and is told in a sentence why the policy stays."""
    decision, refusal = meanwhile(scene.decide, scene.delete)
    assert isinstance(decision, Decision) and decision.policy == scene.policy
    assert isinstance(refusal, Refusal) and "Retire it instead" in refusal.sentence
    assert Policy.objects.filter(pk=scene.policy.pk).exists()


def test_a_policy_that_is_being_deleted_carries_no_decision(scene: Scene) -> None:
    """Whoever decides waits for the deletion, is asked to choose another, and keeps the case."""
    _, invalid = meanwhile(scene.delete, scene.decide)
    assert isinstance(invalid, Refusal) and "Choose another" in str(invalid)
    assert not Policy.objects.exists() and not Decision.objects.exists()
    assert Case.objects.get().holder == scene.alice.user


def test_deleting_twice_at_once_deletes_once(scene: Scene) -> None:
    """The second is told that it was already deleted."""
    first, second = meanwhile(scene.delete, scene.delete)
    assert first is None
    assert isinstance(second, Refusal) and "already deleted" in second.sentence


def test_the_page_answers_in_a_sentence(scene: Scene) -> None:
    """The moderator's form comes back with the sentence and with what was written: no 500."""

    def post() -> Any:
        form = {"fence": scene.case.fence, "outcome": "manipulated", "reason": "the seam",
                "policy": scene.policy.pk}  # fmt: skip
        return scene.alice.client().post(f"/review/{scene.case.pk}/decide/", form)

    scene.alice.client().get(
        f"/review/{scene.case.pk}/"
    )  # the first page of a process takes seconds
    _, answer = meanwhile(scene.delete, post)
    assert answer.status_code == 422
    assert b"Choose another" in answer.content and b"the seam" in answer.content
