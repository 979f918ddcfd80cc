"""Requests for deletion in words for the pages: who asked, who answered, and what is offered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.actors import Actor
from accounts.models import ServiceAccount, User
from accounts.roles import Permission
from media_analysis.submissions.models import DeletionAnswer, DeletionRequest, Submission


def newest(actor: Actor, submission: Submission) -> dict[str, Any] | None:
    """The newest request for deletion that was not taken back, with its answer."""
    asked = submission.deletion_request
    return rows(actor, [asked])[0] if asked else None


def rows(actor: Actor, asked: Sequence[DeletionRequest]) -> list[dict[str, Any]]:
    names = people_named([name for one in asked for name in (one.asked_by, one.answered_by)])
    return [
        {
            "request": one,
            "submission": one.submission,
            "asked_by": names.get(one.asked_by, one.asked_by),
            "answered_by": names.get(one.answered_by, one.answered_by),
            "waits": one.withdrawn_at is None and not one.answer,
            "accepted": one.answer == DeletionAnswer.ACCEPTED,
            "declined": one.answer == DeletionAnswer.DECLINED,
            "may_answer": actor.can(Permission.ANSWER_DELETION_REQUESTS, one.submission.team_id),
        }
        for one in asked
    ]


def people_named(recorded: Sequence[str]) -> dict[str, str]:
    """Names for `kind:id`, as they are today; one question for people and one for partners."""
    ids: dict[str, set[str]] = {"user": set(), "service": set()}
    for name in recorded:
        kind, _, pk = name.partition(":")
        ids.setdefault(kind, set()).add(pk)
    people = User.objects.filter(pk__in=ids["user"])
    partners = ServiceAccount.objects.filter(pk__in=ids["service"])
    return {f"user:{one.pk}": str(one) for one in people} | {
        f"service:{one.pk}": one.name for one in partners
    }
