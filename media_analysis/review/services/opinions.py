"""Who makes the final decision: one person, two who agree, or a lead if they do not. A keyed hash
selects a case for a second opinion after its first person has decided and before anybody is
notified. The probability is stored on the row, so that figures can be weighted by it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.models import Membership, Team, User
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from audit.verbs import Verb
from audit.who import Who
from jobs.timing import ClockTimestamp
from media_analysis.review.golden_models import GoldenPlacement
from media_analysis.review.models import Case, Decision, DecisionText, DistressFlag, RoutingRule
from media_analysis.review.opinion_models import DoubleReview, Opinion, Stage
from media_analysis.review.search.rule_match import drawn
from media_analysis.review.services import case_changes, golden
from media_analysis.review.services.checking import Checked
from media_analysis.review.services.concluding import conclude
from media_analysis.review.services.team_rules import write_rule


def settle(
    held: QuerySet[Any],
    case_id: UUID,
    who: Who,
    words: DecisionText,
    basis: Checked,
    *,
    by: User,
    taken_from: Decision | None,
    written_at: datetime | None = None,
) -> Decision | Opinion | GoldenPlacement:
    """In the transaction of the verb: the case of `held` is decided, or waits for somebody else.
    Refused when nobody holds it like that any more."""
    case = Case.objects.select_for_update(of=("self",)).select_related("submission").get(pk=case_id)
    seconds = case_changes.spent(case, written_at)
    conclusion = _Conclusion(case, who, words, basis, by, taken_from, seconds)
    if case.submission.planted:
        return golden.answer(held, case, who, words, by)
    review = DoubleReview.objects.select_for_update().filter(case=case, closed_at=None).first()
    if review is None:
        share = _share_of(case)
        if drawn(f"second {case.pk} {case.fence}", share) and _somebody_else(case, by):
            return _first(held, conclusion, share)
        return conclusion.final(held)
    if review.stage == Stage.SECOND:
        return _second(held, conclusion, review)
    decision = conclusion.final(held)
    _close(review, Stage.ADJUDICATED, decision)
    return decision


def _share_of(case: Case) -> float:
    """Of its queue, where that has one of its own; else of its team."""
    own = case.queue.second_share if case.queue else None
    return float(RoutingRule.of(case.team_id).second_share if own is None else own)


class _Conclusion:
    """What a person concluded about a case."""

    def __init__(
        self,
        case: Case,
        who: Who,
        words: DecisionText,
        basis: Checked,
        by: User,
        taken_from: Decision | None,
        seconds: float,
    ) -> None:
        self.case, self.who, self.words, self.basis = case, who, words, basis
        self.by, self.taken_from, self.seconds = by, taken_from, seconds

    def final(self, held: QuerySet[Any], **more: Any) -> Decision:
        if not held.update(**case_changes.DECIDED):
            raise Refusal(case_changes.CLAIM_LOST)
        self.case.refresh_from_db()
        return conclude(
            self.case, self.who, self.words, self.basis, by=self.by,
            taken_from=self.taken_from, seconds=self.seconds, **more,
        )  # fmt: skip

    def opinion(self, review: DoubleReview, place: int) -> Opinion:
        try:
            with transaction.atomic():
                opinion: Opinion = Opinion.objects.create(
                    review=review, place=place, fence=self.case.fence, person=self.by,
                    who=self.who.as_dict(),
                    outcome=self.words.outcome, policy=self.basis.policy,
                    policy_text=self.basis.policy_text, reason=self.basis.reason,
                    note=self.words.note.strip(), codes=self.basis.codes,
                    confidence=self.words.confidence, seconds_on_case=self.seconds,
                    taken_from=self.taken_from,
                )  # fmt: skip
        except IntegrityError as error:
            raise Refusal("another_person_needed") from error
        return opinion


def _first(held: QuerySet[Any], conclusion: _Conclusion, share: float) -> Opinion:
    """Back to the queue as if nobody had decided it; its first person is not offered it again."""
    if not held.update(**{**case_changes.back_in_queue(conclusion.case.pk), "asked_at": None}):
        raise Refusal(case_changes.CLAIM_LOST)
    review = DoubleReview.objects.create(
        team_id=conclusion.case.team_id, case=conclusion.case, probability=share
    )
    opinion = conclusion.opinion(review, 1)
    _event(conclusion, Verb.CASE_OPINION_GIVEN, review, opinion)
    return opinion


def _second(
    held: QuerySet[Any], conclusion: _Conclusion, review: DoubleReview
) -> Decision | Opinion:
    first = Opinion.objects.select_related("person", "policy", "taken_from").get(
        review=review, place=1
    )
    second = conclusion.opinion(review, 2)
    if first.agrees_with(second):
        agreed = _Conclusion(
            conclusion.case, Who(**first.who), words_of(first), _basis(first), first.person,
            first.taken_from, first.seconds_on_case,
        )  # fmt: skip
        decision = agreed.final(held, agreed=str(second.person_id), also=[second])
        _close(review, Stage.AGREED, decision)
        return decision
    if not held.update(**case_changes.back_in_queue(conclusion.case.pk), asked_at=ClockTimestamp()):
        raise Refusal(case_changes.CLAIM_LOST)
    DoubleReview.objects.filter(pk=review.pk).update(stage=Stage.DISPUTED)
    _event(conclusion, Verb.CASE_DISPUTED, review, second)
    return second


def words_of(opinion: Opinion) -> DecisionText:
    return DecisionText(
        opinion.outcome, opinion.reason, opinion.note, opinion.policy_id,
        confidence=opinion.confidence,
    )  # fmt: skip


def _basis(opinion: Opinion) -> Checked:
    return Checked(opinion.policy, opinion.policy_text, opinion.codes, opinion.reason)


def _close(review: DoubleReview, stage: Stage, decision: Decision) -> None:
    DoubleReview.objects.filter(pk=review.pk).update(
        stage=stage, decision=decision, closed_at=ClockTimestamp()
    )


def _event(conclusion: _Conclusion, verb: Verb, review: DoubleReview, opinion: Opinion) -> None:
    conclusion.case.refresh_from_db()
    case_changes.record_event(
        conclusion.case, conclusion.who, verb, place=opinion.place, probability=review.probability,
        fence=conclusion.case.fence, rows=[opinion],
    )  # fmt: skip


def _somebody_else(case: Case, by: User) -> bool:
    """In the team, who decides and did not pass this case on."""
    people = Membership.objects.who_may(Permission.DECIDE_CASES).filter(team=case.team_id)
    flagged = DistressFlag.objects.filter(case=case).values("person")
    return people.exclude(user=by).exclude(user__in=flagged).exists()


@transaction.atomic
def choose_shares(actor: Actor, team: Team, second: float, spot: float) -> bool:
    """How often a decision is made twice, and how many of the files that no rule sends to review
    are looked at all the same. False when it was so before."""
    require(actor, Permission.MANAGE_QUEUES, team.pk)
    if not (0 <= second <= 1 and 0 <= spot <= 1):
        raise Refusal("share_out_of_range")
    shares = {"second_share": second, "spot_share": spot}
    return write_rule(
        actor, team, shares, after=shares,
        before=lambda rule: {name: getattr(rule, name) for name in shares},
    )  # fmt: skip
