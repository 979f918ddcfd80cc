"""A decision within its grace time: written, undone, or made final when the time is over. Until
then nobody outside is notified, and to everybody else the case is claimed. The fence grows when the
decision is written, so the page that wrote it can do nothing more with the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from audit.verbs import Verb
from audit.who import Who
from jobs.timing import ClockTimestamp, InSeconds
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
    RoutingRule,
)
from media_analysis.review.services import case_changes, cases, checking, drafts, opinions

SETTLED_AT_ONCE = 200
SLACK = 600
"""Seconds beyond the grace time for which the case stays with its holder."""


def decide(
    actor: Actor, case_id: UUID, fence: int, words: DecisionText, taken_from: Decision | None = None
) -> Decision | Opinion | PendingDecision | GoldenPlacement:
    """Final at once in a team without a grace time and for golden cases. If the claim has expired,
    the text is kept as a draft."""
    mine = Case.objects.for_actor(actor, Permission.DECIDE_CASES).select_related("submission")
    case = mine.get(pk=case_id)
    seconds = 0 if case.submission.planted else RoutingRule.of(case.team_id).undo_seconds
    if seconds == 0:
        return cases.decide(actor, case_id, fence, words, taken_from)
    with cases.kept_if_too_late(actor, case_id, words):
        return _write(actor, case_id, fence, words, taken_from, seconds)


@transaction.atomic
def _write(
    actor: Actor,
    case_id: UUID,
    fence: int,
    words: DecisionText,
    taken_from: Decision | None,
    seconds: int,
) -> PendingDecision:
    checked = checking.checked(actor, case_id, words)
    if not case_changes.held(actor, case_id, fence).update(
        fence=F("fence") + 1, lease_until=InSeconds(seconds + SLACK)
    ):
        raise Refusal(case_changes.CLAIM_LOST)
    case = Case.objects.select_related("submission").get(pk=case_id)
    assert actor.user is not None  # `checked` asked for the permission of a person
    pending: PendingDecision = PendingDecision.objects.create(
        case=case,
        fence=fence,
        words=words.as_dict(),
        reason=checked.reason,
        code_names=checked.codes,
        policy=checked.policy,
        policy_text=checked.policy_text,
        decided_by=actor.user,
        who=actor.who_in(case.team_id).as_dict(),
        taken_from=taken_from,
        due_at=InSeconds(seconds),
    )
    Draft.objects.filter(case=case, author=actor.user).delete()
    case_changes.record_event(
        case, actor, Verb.CASE_DECISION_PENDING, seconds=seconds, fence=case.fence
    )
    pending.refresh_from_db()
    return pending


@transaction.atomic
def undo(actor: Actor, case_id: UUID) -> Case:
    """The case is assigned to its author again, and the form contains the text."""
    mine = PendingDecision.objects.filter(
        case=case_id, decided_by=actor.user, due_at__gt=ClockTimestamp()
    )
    pending = mine.select_for_update(of=("self",)).first()
    if pending is None:
        raise Refusal("decision_final")
    words = DecisionText.of_dict(pending.words)
    pending.delete()
    Case.objects.filter(pk=case_id).update(
        fence=F("fence") + 1, lease_until=InSeconds(LEASE_SECONDS)
    )
    case: Case = Case.objects.select_related("submission").get(pk=case_id)
    drafts.keep(actor, case_id, words)
    case_changes.record_event(case, actor, Verb.CASE_DECISION_UNDONE, fence=case.fence)
    return case


def settle_due() -> int:
    """Every decision whose grace time is over becomes final. A duty, and done before a page or a
    claim looks. Returns how many."""
    due = PendingDecision.objects.filter(due_at__lte=ClockTimestamp())
    settled = 0
    for pk in list(due.values_list("pk", flat=True)[:SETTLED_AT_ONCE]):
        settled += _settle(pk)
    return settled


@transaction.atomic
def _settle(pk: int) -> bool:
    """Once: whoever comes second finds the row locked or gone."""
    found = PendingDecision.objects.filter(pk=pk, due_at__lte=ClockTimestamp())
    whole = found.select_related("policy", "decided_by", "taken_from")
    pending = whole.select_for_update(of=("self",), skip_locked=True).first()
    if pending is None:
        return False
    held = Case.objects.filter(
        pk=pending.case_id, state=CaseState.CLAIMED, holder=pending.decided_by_id
    )
    case_id = pending.case_id
    pending.delete()
    opinions.settle(
        held,
        case_id,
        Who(**pending.who),
        DecisionText.of_dict(pending.words),
        checking.Checked(pending.policy, pending.policy_text, pending.code_names, pending.reason),
        by=pending.decided_by,
        taken_from=pending.taken_from,
        written_at=pending.written_at,
    )
    return True


def undoable(actor: Actor) -> Sequence[PendingDecision]:
    """What this person can still undo, the newest first."""
    if actor.user is None:
        return []
    own = PendingDecision.objects.filter(decided_by=actor.user, due_at__gt=ClockTimestamp())
    return list(own.select_related("case__submission").order_by("-written_at")[:5])
