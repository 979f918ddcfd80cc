"""Requests for deletion in words for the pages: who asked, who answered, and what is offered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.actors import Actor
from accounts.models import ServiceAccount, User
from accounts.roles import Permission
from media_analysis.submissions.models import (
    DeletionAnswer,
    DeletionRequest,
    Erasure,
    Hold,
    Submission,
)


def newest(actor: Actor, submission: Submission) -> dict[str, Any] | None:
    """The newest request for deletion that was not taken back, with its answer."""
    request = submission.deletion_request
    return rows(actor, [request])[0] if request else None


def rows(actor: Actor, requests: Sequence[DeletionRequest]) -> list[dict[str, Any]]:
    names = people_named([name for one in requests for name in (one.asked_by, one.answered_by)])
    accepted = [one.submission_id for one in requests if one.answer == DeletionAnswer.ACCEPTED]
    ordered = {one.submission: one for one in Erasure.objects.filter(submission__in=accepted)}
    return [
        {
            "request": one,
            "submission": one.submission,
            "asked_by": names.get(one.asked_by, one.asked_by),
            "answered_by": names.get(one.answered_by, one.answered_by),
            "waits": one.withdrawn_at is None and not one.answer,
            "accepted": one.answer == DeletionAnswer.ACCEPTED,
            "erasure": ordered.get(one.submission_id),
            "declined": one.answer == DeletionAnswer.DECLINED,
            "may_answer": actor.can(Permission.ANSWER_DELETION_REQUESTS, one.submission.team_id),
        }
        for one in requests
    ]


def held(actor: Actor, submission: Submission) -> dict[str, Any]:
    """The legal hold that stands, who placed it, and whether the actor may place and lift holds."""
    hold = Hold.objects.in_force().filter(submission=submission).first()
    names = people_named([hold.placed_by]) if hold else {}
    return {
        "hold": hold,
        "hold_by": names.get(hold.placed_by, hold.placed_by) if hold else "",
        "may_hold": actor.can(Permission.HOLD_SUBMISSIONS, submission.team_id),
    }


def hold_rows(holds: Sequence[Hold]) -> list[dict[str, Any]]:
    names = people_named([one.placed_by for one in holds])
    return [{"hold": one, "by": names.get(one.placed_by, one.placed_by)} for one in holds]


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
