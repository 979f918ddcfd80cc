"""Checks a decision before it is written, and returns what is stored of its policy and codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.review.models import Case, Confidence, DecisionText, Policy, ReasonCode
from media_analysis.submissions.outcomes import DecisionOutcome

REASON_LENGTH = 500


@dataclass(frozen=True)
class Checked:
    """What a decision rests on, as it stood when it was written."""

    policy: Policy | None
    policy_text: str
    codes: list[str]
    reason: str


def checked(actor: Actor, case_id: UUID, words: DecisionText) -> Checked:
    case = Case.objects.for_actor(actor, Permission.DECIDE_CASES).get(pk=case_id)
    if words.outcome not in DecisionOutcome.values:
        raise Refusal("outcome_missing")
    if words.confidence and words.confidence not in Confidence.values:
        raise Refusal("confidence_unknown")
    codes = list(
        ReasonCode.objects.filter(pk__in=words.codes, team_id=case.team_id, is_active=True)
    )
    if len(codes) != len(set(words.codes)):
        raise Refusal("reason_code_not_in_force")
    names = [code.name for code in codes]
    reason = words.reason.strip() or "; ".join(names)[:REASON_LENGTH]
    if not reason:
        raise Refusal("decision_reason_missing")
    policy = _policy(case, words, codes)
    return Checked(policy, policy.text if policy else "", names, reason)


def _policy(case: Case, words: DecisionText, codes: Sequence[ReasonCode]) -> Policy | None:
    """The one chosen, or the one that the reason codes go with."""
    implied = {code.policy_id for code in codes if code.policy_id is not None}
    chosen = words.policy_id
    if chosen is None and len(implied) == 1:
        chosen = implied.pop()
    if chosen is not None:
        policy = _locked(chosen, case.team_id)
        if policy is None:
            raise Refusal("policy_not_in_force")
        return policy
    if Policy.objects.filter(team_id=case.team_id, is_active=True).exists():
        raise Refusal("policy_missing")
    return None


def _locked(policy_id: int, team_id: UUID) -> Policy | None:
    """The policy, which nobody can delete until this decision is written. Any number of decisions
    may hold it at once: Django has no word for that lock."""
    held = Policy.objects.raw(
        "SELECT * FROM review_policy WHERE id = %s AND team_id = %s AND is_active FOR KEY SHARE",
        [policy_id, team_id],
    )
    return next(iter(held), None)
