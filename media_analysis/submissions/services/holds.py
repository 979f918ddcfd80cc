"""Legal holds: place one with a reason, and lift it with another. While it stands, nothing erases
the submission: no request, no retention rule, no operator."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from audit.subjects import keep
from audit.verbs import Verb
from media_analysis.submissions.models import Erasure, Hold, Submission
from media_analysis.submissions.services.events import record_event

MOST_LISTED = 200
PAGE = 50


@dataclass(frozen=True)
class Page:
    rows: list[Hold]
    older: int | None
    """The id that the next page comes after, or None."""


@transaction.atomic
def place(actor: Actor, submission: Submission, reason: str) -> Hold:
    """Placing twice is refused: the first reason stands."""
    reason = _allowed(actor, submission, reason)
    Submission.objects.select_for_update().get(pk=submission.pk)
    if Hold.objects.in_force().filter(submission=submission).exists():
        raise Refusal("hold_stands")
    hold = Hold.objects.create(submission=submission, reason=reason, placed_by=actor.who.ref)
    Erasure.objects.not_begun().filter(submission=submission.pk).update(waits="held")
    _record_event(actor, hold, Verb.SUBMISSION_HELD, "hold_reason", reason)
    return hold


@transaction.atomic
def lift(actor: Actor, submission: Submission, reason: str) -> Hold:
    """What was ordered to be erased in the meantime is erased from now on."""
    reason = _allowed(actor, submission, reason)
    Submission.objects.select_for_update().get(pk=submission.pk)
    hold = Hold.objects.in_force().select_for_update().filter(submission=submission).first()
    if hold is None:
        raise Refusal("hold_lifted")
    Hold.objects.filter(pk=hold.pk).update(
        lifted_at=Now(), lifted_by=actor.who.ref, lift_reason=reason
    )
    hold.refresh_from_db()
    Erasure.objects.not_begun().filter(submission=submission.pk).update(waits="")
    _record_event(actor, hold, Verb.SUBMISSION_HOLD_LIFTED, "hold_lifted_reason", reason)
    return hold


def in_force(submission: Submission) -> Hold | None:
    return Hold.objects.in_force().filter(submission=submission).first()


def listed(actor: Actor) -> list[Hold]:
    """Holds in force in the actor's teams, newest first."""
    mine = Hold.objects.for_actor(actor, Permission.REQUEST_DELETION).in_force()
    return list(mine.select_related("submission__team")[:MOST_LISTED])


def page(
    actor: Actor, *, submission: UUID | None = None, lifted: bool = False, after: int | None = None
) -> Page:
    """Holds of the teams in which the actor may place holds, newest first."""
    found = Hold.objects.for_actor(actor, Permission.HOLD_SUBMISSIONS)
    if not lifted:
        found = found.in_force()
    if submission is not None:
        found = found.filter(submission=submission)
    if after is not None:
        found = found.filter(pk__lt=after)
    rows = list(found.order_by("-pk")[: PAGE + 1])
    return Page(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def _allowed(actor: Actor, submission: Submission, reason: str) -> str:
    if not actor.can(Permission.HOLD_SUBMISSIONS, submission.team_id):
        raise Refusal("not_allowed", permission=str(Permission.HOLD_SUBMISSIONS))
    if not (reason := reason.replace("\0", "").strip()[:500]):
        raise Refusal("hold_reason_missing")
    return reason


def _record_event(actor: Actor, hold: Hold, verb: Verb, label: str, reason: str) -> None:
    data = {"commitments": {label: keep(hold.submission_id, label, reason)}}
    record_event(hold.submission, actor, verb, data=data, rows=[hold])
