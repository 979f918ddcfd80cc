"""The verbs of an appeal: make it, withdraw it, and answer it with a further decision. One
transaction, one event each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from audit.subjects import keep
from audit.verbs import Verb
from audit.who import Who
from jobs.timing import ClockTimestamp
from media_analysis.review import hooks
from media_analysis.review.appeal_models import LONGEST, Appeal, AppealOutcome
from media_analysis.review.models import (
    Case,
    CaseState,
    Decision,
    DoubleReview,
    PendingDecision,
    RoutingRule,
)
from media_analysis.review.queue_models import LONGEST_APPEAL_DAYS
from media_analysis.review.services import case_changes
from media_analysis.review.services.team_rules import write_rule
from media_analysis.submissions.models import Submission
from media_analysis.submissions.ownership import require_may

MOST_OPEN = 100
"""The limit per appellant and team: appeals come first in the queue and must not fill it."""


@dataclass(frozen=True)
class Appealable:
    """A decision in force that this actor may appeal."""

    decision: Decision
    until: datetime


@transaction.atomic
def make(actor: Actor, submission: Submission, text: str, *, key: str = "") -> tuple[Appeal, bool]:
    """Against the decision in force; the case waits again, for another person. True when the same
    request was made before under this key."""
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not text:
        raise Refusal("appeal_text_missing")
    if len(text) > LONGEST:
        raise Refusal("appeal_too_long", most=LONGEST)
    _require_sender(actor, submission)
    Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
    if key and (earlier := _earlier(actor, submission, text, key)):
        return earlier, True
    decision = _appealable(actor, submission).decision
    case = decision.case
    if not Case.objects.filter(pk=case.pk, state=CaseState.DECIDED).update(
        due_at=_due(case), **case_changes.waits_again(case.pk)
    ):
        raise Refusal("no_decision_in_force")
    appeal = Appeal.objects.create(
        team_id=case.team_id, case=case, decision=decision, text=text, made_by=actor.who.ref,
        key=key,
    )  # fmt: skip
    appeal.refresh_from_db()
    grounds = keep(submission.pk, "grounds", text)
    _record_event(
        appeal, actor.who_in(case.team_id), Verb.CASE_APPEALED, commitments={"grounds": grounds}
    )
    for reopened in hooks.reopened:
        reopened(case)
    _run_hooks(appeal, Verb.CASE_APPEALED)
    if case.team.is_test:
        for answer in hooks.appealed_in_test:
            answer(appeal)
        appeal.refresh_from_db()
    return appeal, False


@transaction.atomic
def withdraw(actor: Actor, submission: Submission) -> Appeal:
    """While nobody has decided: then the first decision stands again. Whoever holds the case loses
    it; what they typed stays their draft."""
    _require_sender(actor, submission)
    Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
    case = Case.objects.select_for_update(of=("self",)).filter(submission=submission).first()
    mine = Appeal.objects.open().filter(case=case, made_by=actor.who.ref)
    appeal = mine.select_related("decision").select_for_update(of=("self",)).first()
    if case is None or appeal is None:
        raise Refusal("appeal_not_open")
    if is_being_answered(case):
        raise Refusal("appeal_being_answered")
    Case.objects.filter(pk=case.pk).update(
        state=CaseState.DECIDED, holder=None, lease_until=None, asked_at=None,
        decided_at=appeal.decision.created_at, standing_fence=appeal.decision.fence,
        fence=F("fence") + 1,
    )  # fmt: skip
    Appeal.objects.filter(pk=appeal.pk).update(withdrawn_at=ClockTimestamp())
    ended: Appeal = Appeal.objects.get(pk=appeal.pk)
    _record_event(ended, actor.who_in(case.team_id), Verb.CASE_APPEAL_WITHDRAWN)
    _run_hooks(ended, Verb.CASE_APPEAL_WITHDRAWN)
    return ended


def answer(case: Case, decision: Decision, who: Who) -> None:
    """In the transaction of the further decision: the appeal has its answer."""
    found = Appeal.objects.open().filter(case=case)
    appeal = found.select_related("decision").select_for_update(of=("self",)).first()
    if appeal is None:
        return
    same = appeal.decision.outcome == decision.outcome
    outcome = AppealOutcome.UPHELD if same else AppealOutcome.CHANGED
    Appeal.objects.filter(pk=appeal.pk).update(
        answer=decision, outcome=outcome, answered_at=ClockTimestamp()
    )
    appeal.refresh_from_db()
    _record_event(
        appeal, who, Verb.CASE_APPEAL_ANSWERED, outcome=str(outcome), decision=decision.pk
    )
    _run_hooks(appeal, Verb.CASE_APPEAL_ANSWERED)


def appealable(actor: Actor, submission: Submission) -> Appealable | None:
    """The decision that the actor may appeal now; None if there is none."""
    try:
        _require_sender(actor, submission)
        return _appealable(actor, submission)
    except Refusal:
        return None


def is_being_answered(case: Case) -> bool:
    """Somebody has concluded about it already, though nothing is final."""
    pending = PendingDecision.objects.filter(case=case)
    return pending.exists() or DoubleReview.objects.filter(case=case, closed_at=None).exists()


@transaction.atomic
def give_days(actor: Actor, team: Team, days: int) -> bool:
    """For how long decisions of this team can be appealed. False when it was so before."""
    require(actor, Permission.MANAGE_QUEUES, team.pk)
    if not 0 <= days <= LONGEST_APPEAL_DAYS:
        raise Refusal("appeal_days_out_of_range", most=LONGEST_APPEAL_DAYS)
    return write_rule(
        actor, team, {"appeal_days": days},
        before=lambda rule: {"appeal_days": rule.appeal_days}, after={"appeal_days": days},
    )  # fmt: skip


def _require_sender(actor: Actor, submission: Submission) -> None:
    """A key for what its own partner sent, a person for what they sent themselves."""
    require_may(actor, Permission.APPEAL_DECISIONS, submission)
    if actor.service is None and (
        actor.user is None or submission.submitted_by_id != actor.user.pk or submission.planted
    ):
        raise Refusal("appeal_not_yours")


def _appealable(actor: Actor, submission: Submission) -> Appealable:
    case = Case.objects.select_related("submission", "team", "queue").filter(
        submission=submission, submission__planted=False
    ).first()  # fmt: skip
    if case is None:
        raise Refusal("no_decision_in_force")
    if Appeal.objects.open().filter(case=case).exists():
        raise Refusal("appeal_open")
    decision = Decision.objects.filter(case=case, fence=case.fence_in_force).first()
    if decision is None:
        raise Refusal("no_decision_in_force")
    days = RoutingRule.of(case.team_id).appeal_days
    until = decision.created_at + timedelta(days=days)
    if not days:
        raise Refusal("appeals_not_taken")
    if until < timezone.now():
        raise Refusal("appeal_too_late", days=days)
    if Appeal.objects.filter(answer=decision).exists():
        raise Refusal("appeal_answered")
    mine = Appeal.objects.open().filter(team=case.team_id, made_by=actor.who.ref)
    if mine.count() >= MOST_OPEN:
        raise Refusal("too_many_appeals", most=MOST_OPEN)
    decision.case = case
    return Appealable(decision, until)


def _earlier(actor: Actor, submission: Submission, text: str, key: str) -> Appeal | None:
    found: Appeal | None = (
        Appeal.objects.select_related("case").filter(made_by=actor.who.ref, key=key).first()
    )
    if found and (found.case.submission_id, found.text) != (submission.pk, text):
        raise Refusal("idempotency_differs")
    return found


def _due(case: Case) -> Any:
    """As long from now as its queue says, or as it had from the beginning."""
    if case.queue is not None and case.queue.hours:
        return Now() + timedelta(hours=case.queue.hours)
    if case.due_at is None:
        return None
    return Now() + max(case.due_at - case.opened_at, timedelta(hours=1))


def _record_event(appeal: Appeal, who: Who, verb: Verb, **data: Any) -> None:
    case = Case.objects.select_related("submission").get(pk=appeal.case_id)
    case_changes.record_event(
        case, who, verb, rows=[appeal], appeal=appeal.pk, fence=case.fence, **data
    )


def _run_hooks(appeal: Appeal, verb: Verb) -> None:
    for hook in hooks.appeal_changed:
        hook(appeal, verb)
