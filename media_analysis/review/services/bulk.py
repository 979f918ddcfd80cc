"""The same decision about several cases, and handing several cases to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from accounts.actors import Actor, actor_for_user
from accounts.models import Membership, User
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from audit.verbs import Verb
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.search.claimable import AVAILABLE, for_this_person
from media_analysis.review.services import case_changes, cases, grace

MOST = 50
PASSED_OVER = (case_changes.CLAIM_LOST, "case_taken", "case_for_somebody_else", "queue_paused")
ASSIGNED_SECONDS = 24 * 3600
"""An assigned case stays with its person for a day, or until they give it back."""


@dataclass(frozen=True)
class Done:
    count: int
    passed_over: int
    """Assigned to somebody else, decided in the meantime, or not for this person."""


def chosen(actor: Actor, ids: Sequence[UUID], permission: Permission) -> list[Case]:
    """Cases of one team, and no more than a person can be responsible for at once."""
    if not ids:
        raise Refusal("no_case_chosen")
    if len(set(ids)) > MOST:
        raise Refusal("too_many_cases", most=MOST)
    found = list(
        Case.objects.for_actor(actor, permission)
        .filter(pk__in=ids)
        .select_related("submission__analysis", "submission__blob", "team")
        .defer("submission__analysis__result", "submission__analysis__media")
        .order_by("opened_at")
    )
    if not found:
        raise Refusal("cases_not_found")
    if len({case.team_id for case in found}) > 1:
        raise Refusal("cases_of_several_teams")
    return found


def decide(actor: Actor, chosen_cases: Sequence[Case], words: DecisionText) -> Done:
    """Each is a decision of its own, with its own grace time and event."""
    count = 0
    for case in chosen_cases:
        try:
            with transaction.atomic():
                held = cases.claim(actor, case.pk)
                grace.decide(actor, held.pk, held.fence, words)
        except Refusal as refusal:
            if refusal.code not in PASSED_OVER:
                raise
            continue
        count += 1
    return Done(count, len(chosen_cases) - count)


def assign(actor: Actor, chosen_cases: Sequence[Case], person: User) -> Done:
    count = sum(assign_one(actor, case, person) for case in chosen_cases)
    return Done(count, len(chosen_cases) - count)


@transaction.atomic
def assign_one(actor: Actor, case: Case, person: User) -> bool:
    """By a lead, to somebody who decides in this team. False when it is not free."""
    require(actor, Permission.MANAGE_QUEUES, case.team_id)
    if person not in people(case):
        raise Refusal("person_does_not_decide")
    for_them = for_this_person(actor_for_user(person, via="assignment"))
    if not Case.objects.filter(for_them, pk=case.pk).exists():
        return False
    if not Case.objects.filter(AVAILABLE, pk=case.pk).update(
        **case_changes.held_by(person, ASSIGNED_SECONDS)
    ):
        return False
    fresh = Case.objects.select_related("submission").get(pk=case.pk)
    case_changes.record_event(
        fresh, actor, Verb.CASE_ASSIGNED, to=str(person.pk), fence=fresh.fence
    )
    return True


def people(case: Case) -> list[User]:
    return deciders(case.team_id)


def deciders(team_id: UUID) -> list[User]:
    """Who decides in this team, by name."""
    members = Membership.objects.who_may(Permission.DECIDE_CASES).filter(team=team_id)
    return [member.user for member in members.select_related("user").order_by("user__name")]
