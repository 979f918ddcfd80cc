"""A person's decision and its changes as partners see them: without the note, which is for the
team, and with a pseudonym instead of the name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.crypto import salted_hmac

from accounts.prepared import Prepared
from media_analysis.review.models import Case, Decision

SALT = "touchstone.reviewer"
DIGITS = 12


def reviewer(team_id: UUID, user_id: UUID | None) -> str | None:
    """The same name for the same person within one team, and another in each other team. None when
    the account was erased."""
    if user_id is None:
        return None
    digest = salted_hmac(SALT, f"{team_id}:{user_id}", algorithm="sha256").hexdigest()
    return f"reviewer-{digest[:DIGITS]}"


def moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def shape(
    *,
    pk: UUID,
    outcome: str,
    policy: str | None,
    reason: str,
    codes: Sequence[str],
    decided_at: datetime,
    team_id: UUID,
    by: UUID | None,
    supersedes: UUID | None,
) -> dict[str, Any]:
    """The fields of a decision, wherever a partner meets it."""
    return {
        "id": str(pk),
        "outcome": outcome,
        "policy": policy,
        "reason": reason,
        "reason_codes": list(codes),
        "decided_at": moment(decided_at),
        "reviewer": reviewer(team_id, by),
        "supersedes": str(supersedes) if supersedes else None,
    }


def for_partner(decision: Decision, supersedes: UUID | None) -> dict[str, Any]:
    return shape(
        pk=decision.pk, outcome=decision.outcome, reason=decision.reason,
        codes=decision.codes,
        policy=decision.policy.name if decision.policy else None,
        decided_at=decision.created_at, team_id=decision.team_id, by=decision.decided_by_id,
        supersedes=supersedes,
    )  # fmt: skip


_MADE = Prepared(
    lambda _, submission: Decision.objects.filter(case__submission=submission)
    .select_related("policy", "case")
    .only(
        "outcome", "reason", "codes", "created_at", "team", "decided_by", "fence", "policy__name",
        "case__state", "case__fence", "case__standing_fence",
    )
    .order_by("fence")
)  # fmt: skip


def changes(submission_id: UUID) -> list[dict[str, Any]]:
    """Every decision about a submission, the first one first; `in_force` says which one stands."""
    rows: list[dict[str, Any]] = []
    before: UUID | None = None
    for one in _MADE(None, submission=submission_id):
        stands = one.fence == one.case.fence_in_force
        rows.append({**for_partner(one, before), "in_force": stands})
        before = one.pk
    return rows


def in_force(case_id: UUID) -> dict[str, Any] | None:
    """The decision in force, read from the database."""
    case = Case.objects.get(pk=case_id)
    stands = case.fence_in_force
    return None if stands is None else _newest(case, fence__lte=stands)


def last(case: Case) -> dict[str, Any] | None:
    """The newest decision about a case, in force or not."""
    return _newest(case)


def _newest(case: Case, **until: Any) -> dict[str, Any] | None:
    newest = Decision.objects.filter(case=case, **until).select_related("policy")
    found = list(newest.order_by("-fence")[:2])
    if not found:
        return None
    return for_partner(found[0], found[1].pk if len(found) > 1 else None)
