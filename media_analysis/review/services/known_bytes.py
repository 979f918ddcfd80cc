"""What people decided about the same bytes before, and taking such a decision over.

A person takes it over: it becomes a decision of their own about this case, with its own event,
which names the earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.review.models import (
    Case,
    CaseState,
    Decision,
    DecisionText,
    GoldenPlacement,
    Opinion,
    PendingDecision,
    Policy,
)
from media_analysis.review.owned import TeamOwned
from media_analysis.review.search import queue
from media_analysis.review.services import case_changes, drafts, grace

SHOWN = 10


@dataclass(frozen=True)
class Known:
    case: Case
    decision: Decision | None
    """The one that stands; none while the case waits or was opened again."""


def others(actor: Actor, case: Case) -> list[Known]:
    """Other cases of the same bytes that the actor may see, the newest decision first."""
    if case.submission.planted:  # they would tell the answer
        return []
    same = Case.objects.for_actor(actor).filter(
        submission__blob=case.submission.blob_id, submission__planted=False
    )
    found = list(
        same.exclude(pk=case.pk)
        .select_related("submission", "team", "holder")
        .order_by("-decided_at", "-opened_at")[:SHOWN]
    )
    standing: dict[UUID, Decision] = {}
    decided = [one.pk for one in found if one.state == CaseState.DECIDED]
    made = Decision.objects.filter(case__in=decided).select_related("decided_by", "policy")
    for decision in made.order_by("created_at"):
        standing[decision.case_id] = decision
    known = [Known(one, standing.get(one.pk)) for one in found]
    return sorted(known, key=lambda one: one.decision is None)


def together(actor: Actor, case_id: UUID, most: int) -> list[UUID]:
    """The case and the others of its team that wait for this actor and have the same bytes, the
    oldest first."""
    deciding = Case.objects.for_actor(actor, Permission.DECIDE_CASES)
    case = deciding.select_related("submission").filter(pk=case_id).first()
    if case is None or case.submission.planted:
        return [case_id]
    same = _waiting(actor, case).order_by("opened_at", "id")
    return list(same.values_list("pk", flat=True)[:most])


def waiting_too(actor: Actor, case: Case) -> int:
    """How many others `together` would find."""
    if case.submission.planted or case.state == CaseState.DECIDED:
        return 0
    return _waiting(actor, case).exclude(pk=case.pk).count()


def _waiting(actor: Actor, case: Case) -> TeamOwned:
    return queue.of_same_file(actor, [case], Permission.DECIDE_CASES).filter(team=case.team_id)


def agreed(known: Sequence[Known]) -> Decision | None:
    """The newest decision, when all of them say the same: only then is there a key for it."""
    made = [one.decision for one in known if one.decision]
    return made[0] if len({decision.outcome for decision in made}) == 1 else None


def take_over(
    actor: Actor, case_id: UUID, fence: int, decision_id: UUID, written: DecisionText
) -> Decision | Opinion | PendingDecision | GoldenPlacement:
    """Decides the case as the earlier decision did, with its reason and its policy; a note and,
    where that policy is not in force here, a policy come from what was `written`. What cannot be
    decided becomes a draft."""
    case = Case.objects.for_actor(actor, Permission.DECIDE_CASES).get(pk=case_id)
    standing = (one.decision for one in others(actor, case) if one.decision)
    earlier = next((one for one in standing if one.pk == decision_id), None)
    if earlier is None:
        raise Refusal("decision_replaced")
    policy = _policy_here(earlier, case) or written.policy_id
    words = DecisionText(earlier.outcome, earlier.reason, written.note, policy)
    try:
        return grace.decide(actor, case_id, fence, words, taken_from=earlier)
    except Refusal as refusal:
        if refusal.code != case_changes.CLAIM_LOST:
            drafts.keep(actor, case_id, words if not written.reason.strip() else written)
        raise


def _policy_here(earlier: Decision, case: Case) -> int | None:
    if earlier.policy_id is None:
        return None
    mine = Policy.objects.filter(pk=earlier.policy_id, team=case.team_id, is_active=True)
    return earlier.policy_id if mine.exists() else None
