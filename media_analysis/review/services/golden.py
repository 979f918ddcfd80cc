"""Golden cases: a lead marks one, copies of it are placed among new cases, and a person answers and
sees the result at once.

They never count as decisions, and nobody outside is notified.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max, Q, QuerySet
from django.db.models.functions import Now

import ml.services
from accounts.actors import Actor
from accounts.models import Membership, Team, User
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.services import record
from audit.subjects import keep
from audit.verbs import Verb
from audit.who import SYSTEM, Who
from jobs.models import UNDER_WAY, Priority
from jobs.timing import ClockTimestamp
from media_analysis.review.golden_models import KNOWN, GoldenCase, GoldenPlacement
from media_analysis.review.models import Case, Decision, DecisionText, RoutingRule, suspicion_of
from media_analysis.review.search.rule_match import drawn
from media_analysis.review.services import case_changes
from media_analysis.review.services.team_rules import write_rule
from media_analysis.submissions.models import Erasure, Hold, Removal, Submission
from media_analysis.submissions.services import erasing
from media_analysis.submissions.services.events import record_event
from ml.models import Analysis


@transaction.atomic
def choose_share(actor: Actor, team: Team, share: float) -> bool:
    """So many golden cases come on each new case. False when it was so before."""
    require(actor, Permission.MANAGE_QUEUES, team.pk)
    if not 0 <= share <= 0.5:
        raise Refusal("golden_share_out_of_range")
    return write_rule(
        actor, team, {"golden_share": share},
        before=lambda rule: {"golden_share": rule.golden_share}, after={"golden_share": share},
    )  # fmt: skip


@transaction.atomic
def mark(actor: Actor, submission: Submission, outcome: str, note: str) -> GoldenCase:
    """From now on copies of it are placed. Marked again, its outcome and note change."""
    require(actor, Permission.MANAGE_QUEUES, submission.team_id)
    assert actor.user is not None
    if outcome not in KNOWN:
        raise Refusal("golden_outcome_missing")
    if submission.planted or submission.analysis.state in UNDER_WAY or submission.team.is_test:
        raise Refusal("golden_not_possible")
    Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
    if Removal.objects.filter(submission=submission).exists():
        raise Refusal("golden_not_possible")
    golden, _ = GoldenCase.objects.update_or_create(
        submission=submission,
        defaults={"team": submission.team, "outcome": outcome, "note": note.strip()[:1000],
                  "marked_by": actor.user, "is_active": True},
    )  # fmt: skip
    _team_event(actor.who_in(submission.team_id), Verb.GOLDEN_MARKED, golden)
    return golden


@transaction.atomic
def take_out(actor: Actor, golden: GoldenCase) -> None:
    """No more copies are placed, and the one that waits is erased. Answers stay."""
    require(actor, Permission.MANAGE_QUEUES, golden.team_id)
    if not GoldenCase.objects.filter(pk=golden.pk, is_active=True).update(is_active=False):
        return
    _team_event(actor.who_in(golden.team_id), Verb.GOLDEN_TAKEN_OUT, golden)
    for one in golden.placements.filter(answered_at=None).select_related("submission"):
        _erase(one.submission, actor.who_in(golden.team_id), "operator")


def erase_copies(submission: Submission, because: str) -> None:
    """In the transaction that erases what they are copies of."""
    copies = Submission.objects.filter(placement__golden__submission=submission)
    for copy in copies.select_related("team"):
        _erase(copy, SYSTEM, because)


def _erase(copy: Submission, who: Who, because: str) -> None:
    held = Hold.objects.in_force().filter(submission=copy)
    if not held.exists() and not Erasure.objects.filter(submission=copy.pk).exists():
        Erasure.objects.filter(pk=erasing.order(copy, who, because).pk).update(due_at=Now())


def after_opening(case: Case) -> None:
    """In the transaction that opens a case: now and then a golden one comes with it."""
    share = RoutingRule.of(case.team_id).golden_share
    if not share or not drawn(f"golden {case.pk}", share):
        return
    golden = _next(case.team, case.submission)
    if golden is not None:
        _place(golden, case.submission)


def _next(team: Team, beside: Submission) -> GoldenCase | None:
    """The one not placed for the longest time that somebody can answer who does not know it."""
    free = GoldenCase.objects.filter(team=team, is_active=True).annotate(
        open=Count("placements", filter=Q(placements__answered_at=None, placements__isnull=False)),
        last=Max("placements__placed_at"),
    )
    ordered = free.filter(open=0).order_by(F("last").asc(nulls_first=True), "pk")
    return next((one for one in ordered[:20] if _somebody_new(one, beside)), None)


def _somebody_new(golden: GoldenCase, beside: Submission) -> bool:
    people = Membership.objects.who_may(Permission.DECIDE_CASES).filter(team=golden.team_id)
    case = Case.objects.filter(submission=golden.submission_id).first()
    if case is not None and case.queue is not None and case.queue.people.exists():
        people = people.filter(user__in=case.queue.people.values("pk"))
    answered = golden.placements.filter(person__isnull=False).values("person")
    decided = Decision.objects.filter(
        case__submission=golden.submission_id, decided_by__isnull=False
    )
    known = people.exclude(user=golden.marked_by_id).exclude(user__in=answered)
    if beside.submitted_by_id:  # it will bear their name
        known = known.exclude(user=beside.submitted_by_id)
    return known.exclude(user__in=decided.order_by().values("decided_by")).exists()


def _place(golden: GoldenCase, beside: Submission) -> None:
    """A copy, analysed as anything new is. It bears the sender of the case that it comes with."""
    original = golden.submission
    copy = Submission(
        team=original.team, blob=original.blob, planted=True,
        submitted_by=beside.submitted_by, submitted_by_service=beside.submitted_by_service,
        filename=another_name(original.filename),
    )  # fmt: skip
    copy.analysis = ml.services.order(copy.blob, copy.pk, Priority.PARTNER)
    copy.save(force_insert=True)
    record_event(
        copy, SYSTEM, Verb.SUBMISSION_RECEIVED,
        data={"size": copy.blob.size, "media_type": copy.blob.media_type, "team": copy.team_id,
              "commitments": {"shown_name": keep(copy.pk, "shown_name", copy.filename)}
              if copy.filename else {}},
        rows=[copy],
    )  # fmt: skip
    ml.services.queued(copy.analysis, SYSTEM)
    GoldenPlacement.objects.create(golden=golden, submission=copy)
    _team_event(SYSTEM, Verb.GOLDEN_PLACED, golden, submission=copy.pk)


def another_name(name: str) -> str:
    """Other digits in the same pattern: the name does not lead to the original."""
    if re.search(r"\d", name):
        return re.sub(r"\d", lambda _: str(secrets.randbelow(10)), name)
    stem, dot, end = name.rpartition(".")
    return f"{stem or end}-{secrets.randbelow(9000) + 1000}{dot}{end if stem else ''}"


def open_case(submission: Submission, analysis: Analysis, outcome: str) -> None:
    """When the copy's analysis ends: its case stands where the original's stood."""
    placement = GoldenPlacement.objects.filter(submission=submission).first()
    if placement is None or Case.objects.filter(submission=submission).exists():
        return
    first = Case.objects.filter(submission=placement.golden.submission_id).first()
    span = first.due_at - first.opened_at if first and first.due_at else None
    case = Case.objects.create(
        team=submission.team, submission=submission,
        opened_because=first.opened_because if first else outcome,
        suspicion=suspicion_of(analysis), queue=first.queue if first else None,
        routed_by=first.routed_by if first else "",
        due_at=None if span is None else Now() + max(span, timedelta(hours=1)),
    )  # fmt: skip
    case_changes.record_event(case, SYSTEM, Verb.CASE_OPENED, why=case.opened_because)


def answer(
    held: QuerySet[Any], case: Case, who: Who, words: DecisionText, by: User
) -> GoldenPlacement:
    """In the transaction of the verb: the case is closed without a decision."""
    if not held.update(**case_changes.DECIDED):
        raise Refusal(case_changes.CLAIM_LOST)
    waiting = GoldenPlacement.objects.select_for_update(of=("self",)).filter(
        submission=case.submission_id, answered_at=None
    )
    placement = waiting.select_related("golden").first()
    if placement is None:  # it was erased with its original just now
        raise Refusal(case_changes.CLAIM_LOST)
    placement.person, placement.outcome = by, words.outcome
    GoldenPlacement.objects.filter(pk=placement.pk).update(
        person=by, outcome=words.outcome, answered_at=ClockTimestamp()
    )
    case.refresh_from_db()
    case_changes.record_event(
        case, who, Verb.GOLDEN_ANSWERED, outcome=words.outcome, right=placement.is_right,
        fence=case.fence,
    )  # fmt: skip
    return placement


def _team_event(who: Who, verb: Verb, golden: GoldenCase, **data: Any) -> None:
    record(
        chain=team_chain(golden.team_id), verb=verb, who=who, object_type="golden",
        object_id=str(golden.pk), object_sha256=golden.submission.blob_id,
        data={"of": golden.submission_id, "outcome": golden.outcome, **data},
    )  # fmt: skip
