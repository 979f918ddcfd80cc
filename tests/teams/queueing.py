"""Queues and rules, as tests make them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from media_analysis.review.models import Case, DecisionText, Queue, QueueRule
from media_analysis.review.services import queues
from media_analysis.submissions.models import Submission
from tests.people import Person

PLAIN: dict[str, Any] = {
    "kinds": [], "outcomes": [], "probability_from": None, "probability_to": None,
    "check_found": "", "sender": None, "context": "", "languages": [], "known": False, "alike": "",
    "share": 1.0, "reviews": True, "queue": None, "hours": None,
}  # fmt: skip
WORDS = DecisionText("manipulated", "the seam")


def url(name: str, person: Person, *more: Any) -> str:
    return reverse(f"teams:{name}", args=[person.team.pk, *more])


def made(
    lead: Person,
    name: str,
    hours: int | None = None,
    *people: Person,
    second_share: float | None = None,
) -> Queue:
    users = [one.user for one in people]
    return queues.make(lead.actor, lead.team, name, hours, users, second_share)


def rule(lead: Person, name: str, **said: Any) -> QueueRule:
    return queues.write_rule(lead.actor, lead.team, {**PLAIN, "name": name, **said})


def case_of(submission: Submission) -> Case | None:
    return Case.objects.filter(submission=submission).first()


def queue_of(submission: Submission) -> str | None:
    """Its name; empty for the general queue; None where nobody reviews the file."""
    case = case_of(submission)
    return None if case is None else (case.queue.name if case.queue else "")
