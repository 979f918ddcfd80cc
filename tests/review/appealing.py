"""A decided case, and an appeal against its decision."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Role
from audit.checking import verify_database
from audit.reporting import Problem
from media_analysis.review.models import (
    Appeal,
    Case,
    Decision,
    DecisionText,
)
from media_analysis.review.services import appeals, cases
from media_analysis.submissions.models import IndexCard, Submission
from tests.people import Person, Send, member
from tests.review.test_services import opened

TEXT = "The shadow is from the building opposite: canary of the appeal."
FIRST = DecisionText("manipulated", "the seam along the jaw")


def decided(case: Case, who: Person, words: DecisionText = FIRST) -> Decision:
    held = cases.claim(who.actor, case.pk)
    made = cases.decide(who.actor, case.pk, held.fence, words)
    assert isinstance(made, Decision)
    return made


@pytest.fixture
def case(alice: Person, bob: Person, send: Send) -> Case:
    """Alice sent it, Bob decided."""
    found = opened(alice, send)
    decided(found, bob)
    found.refresh_from_db()
    return found


@pytest.fixture
def dora(case: Case) -> Person:
    return member(case.team, Role.MODERATOR)


def wrong_on_record() -> list[Problem]:
    """Of our rows: the people of tests are made past the record."""
    found = verify_database([], None).problems
    return [one for one in found if not (one.table or "").startswith("accounts_")]


def appeal(case: Case, who: Person, text: str = TEXT, **more: str) -> Appeal:
    return appeals.make(who.actor, case.submission, text, **more)[0]


def in_force(case: Case) -> dict[str, Any] | None:
    found = Submission.objects.with_decisions().get(pk=case.submission_id)
    return found.decision


def card(case: Case) -> str:
    return IndexCard.objects.get(submission=case.submission_id).decision
