"""The verbs of review: claim, renew, release, decide, reopen. Each is one transaction with one
event. Each change is an `update(...)` conditional on the expected state, so that whoever comes
second changes nothing and gets a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case as DbCase
from django.db.models import F, IntegerField, QuerySet, When
from django.db.models.functions import Greatest

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from audit.subjects import keep
from audit.verbs import Verb
from jobs.timing import ClockTimestamp, InSeconds
from media_analysis.review import hooks
from media_analysis.review.models import (
    LEASE_SECONDS,
    Case,
    CaseState,
    Decision,
    DecisionText,
    Draft,
    GoldenPlacement,
    Opinion,
    PendingDecision,
)
from media_analysis.review.search import queue
from media_analysis.review.search.claimable import AVAILABLE, for_this_person
from media_analysis.review.services import checking, drafts, opinions
from media_analysis.review.services.case_changes import (
    CLAIM_LOST,
    back_in_queue,
    held,
    held_by,
    record_event,
    waits_again,
)

AT_ONCE = 64
"""So many of the cases that come first are looked at before a case is locked."""


@transaction.atomic
def claim_next(actor: Actor, of_queue: str = "") -> Case | None:
    """The case that comes first in the actor's teams (`queue.py`), or in the queue that an address
    names; None when nothing waits."""
    free = AVAILABLE & for_this_person(actor) & queue.not_paused(actor)
    waiting = Case.objects.for_actor(actor, Permission.DECIDE_CASES).filter(
        free, queue.in_queue(of_queue)
    )
    first = queue.first(actor, AT_ONCE, Permission.DECIDE_CASES, free, of_queue)
    place = DbCase(
        *(When(pk=pk, then=number) for number, pk in enumerate(first)),
        output_field=IntegerField(),
    )
    case = _first_free(waiting.filter(pk__in=first).order_by(place)) if first else None
    if case is None and len(first) == AT_ONCE:  # others are taking all of these just now
        case = _first_free(waiting.order_by("opened_at", "id"))
    return _take(actor, case) if case else None


def _first_free(waiting: QuerySet[Any]) -> Case | None:
    """Locked; what somebody else is about to take is passed over."""
    case: Case | None = waiting.select_for_update(of=("self",), skip_locked=True).first()
    return case


@transaction.atomic
def claim(actor: Actor, case_id: UUID) -> Case:
    """This very case, unless somebody else holds it. Who holds it already keeps it."""
    deciding = Case.objects.for_actor(actor, Permission.DECIDE_CASES)
    case: Case = deciding.select_for_update(of=("self",)).get(pk=case_id)
    if PendingDecision.objects.filter(case=case).exists():
        raise Refusal("case_taken")
    if case.holder_id and actor.user and case.holder_id == actor.user.pk and _alive(case):
        return case
    if not deciding.filter(AVAILABLE, pk=case_id).exists():
        raise Refusal("case_taken")
    if not deciding.filter(for_this_person(actor), pk=case_id).exists():
        raise Refusal("case_for_somebody_else")
    if case.queue is not None and case.queue.is_paused:
        raise Refusal("queue_paused", name=case.queue.name)
    return _take(actor, case)


def _alive(case: Case) -> bool:
    return Case.objects.filter(pk=case.pk, lease_until__gte=ClockTimestamp()).exists()


def _take(actor: Actor, case: Case) -> Case:
    """Under the row's lock. The fence grows, so that an earlier holder can save nothing."""
    assert actor.user is not None
    Case.objects.filter(pk=case.pk).update(**held_by(actor.user, LEASE_SECONDS))
    case.refresh_from_db()
    record_event(case, actor, Verb.CASE_CLAIMED, fence=case.fence)
    return case


def renew(actor: Actor, case_id: UUID, fence: int) -> bool:
    """A sign of life from the open page; it shortens no break. False when the lease was lost."""
    longer = Greatest(F("lease_until"), InSeconds(LEASE_SECONDS))
    return bool(held(actor, case_id, fence).update(lease_until=longer))


@transaction.atomic
def release(actor: Actor, case_id: UUID, fence: int, *, why: str = "") -> None:
    if not held(actor, case_id, fence).update(**back_in_queue(case_id)):
        raise Refusal(CLAIM_LOST)
    case = Case.objects.get(pk=case_id)
    record_event(case, actor, Verb.CASE_RELEASED, why=why, fence=fence)


def decide(
    actor: Actor, case_id: UUID, fence: int, words: DecisionText, taken_from: Decision | None = None
) -> Decision | Opinion | GoldenPlacement:
    """The decision of whoever holds the case now, or their opinion where it is decided twice. Too
    late: the words are kept as a draft."""
    with kept_if_too_late(actor, case_id, words):
        return _decide(actor, case_id, fence, words, taken_from)


@contextmanager
def kept_if_too_late(actor: Actor, case_id: UUID, words: DecisionText) -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        if refusal.code == CLAIM_LOST:
            drafts.keep(actor, case_id, words)
        raise


@transaction.atomic
def _decide(
    actor: Actor, case_id: UUID, fence: int, words: DecisionText, taken_from: Decision | None
) -> Decision | Opinion | GoldenPlacement:
    basis = checking.checked(actor, case_id, words)
    assert actor.user is not None  # `checking.checked` asked for the permission of a person
    team_id = Case.objects.values_list("team_id", flat=True).get(pk=case_id)
    made = opinions.settle(
        held(actor, case_id, fence), case_id, actor.who_in(team_id), words, basis,
        by=actor.user, taken_from=taken_from,
    )  # fmt: skip
    Draft.objects.filter(case=case_id, author=actor.user).delete()
    return made


@transaction.atomic
def reopen(actor: Actor, case_id: UUID, *, why: str) -> Case:
    """Reopen a decided case. The earlier decision stays on record."""
    if not why.strip():
        raise Refusal("reopen_reason_missing")
    mine = Case.objects.for_actor(actor, Permission.DECIDE_CASES).filter(pk=case_id)
    # Apart from the update: with a join in it, PostgreSQL would not look at the state again after
    # waiting for another's.
    is_real = mine.filter(submission__planted=False).exists()
    if not is_real or not mine.filter(state=CaseState.DECIDED).update(**waits_again(case_id)):
        raise Refusal("case_not_decided")
    case: Case = mine.get()
    grounds = keep(case.submission_id, "grounds", why.strip())
    record_event(case, actor, Verb.CASE_REOPENED, commitments={"grounds": grounds})
    for hook in hooks.reopened:
        hook(case)
    return case
