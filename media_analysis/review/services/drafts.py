"""Words that a moderator wrote and did not yet save as a decision, kept for whoever wrote them.

The case page carries a pass: it says whose words these are, for which case and which hold. With it
the page can hand in a draft after the session has ended, and while it is being closed. It opens
nothing else, so it needs no session and no form token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.db.models.functions import Now

from accounts.actors import Actor, actor_for_user
from accounts.models import User
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.review.forms import as_written
from media_analysis.review.models import (
    Case,
    Decision,
    DecisionText,
    Draft,
    Opinion,
    PendingDecision,
)

FIELD = "draft_pass"
_SALT = "review.draft"
_SECONDS = 24 * 3600
NOT_ACCEPTED = "draft_pass_not_accepted"
"""The pass is forged, too old, or its person may no longer decide."""
ALREADY_DECIDED = "already_decided"
"""The words of this claim were saved as a decision."""


def pass_for(actor: Actor, case: Case) -> str:
    assert actor.user is not None
    values = {"user": str(actor.user.pk), "case": str(case.pk), "fence": case.fence}
    return signing.dumps(values, salt=_SALT)


def kept(actor: Actor, case: Case) -> Draft | None:
    return Draft.objects.filter(case=case, author=actor.user).first() if actor.user else None


@transaction.atomic
def keep(actor: Actor, case_id: UUID, words: DecisionText) -> Draft | None:
    """The newest words of this person take the place of earlier ones; empty ones remove them. The
    case first, as every verb about it does: a page that is left may hand in its words twice."""
    mine = Case.objects.for_actor(actor).select_for_update(of=("self",)).filter(pk=case_id)
    if actor.user is None or not mine.exists():
        return None
    if words.are_empty():
        Draft.objects.filter(case_id=case_id, author=actor.user).delete()
        return None
    return Draft.objects.update_or_create(
        case_id=case_id,
        author=actor.user,
        defaults={"words": words.as_dict(), "saved_at": Now()},
    )[0]


@transaction.atomic
def keep_with_pass(form: Mapping[str, Any], case_id: UUID) -> Draft | None:
    """Waits for a decision that is just being written, so that none leaves a draft behind."""
    values = _read(str(form.get(FIELD, "")))
    if values is None or values["case"] != str(case_id):
        raise Refusal(NOT_ACCEPTED)
    user = User.objects.filter(pk=values["user"], is_active=True).first()
    if user is None:
        raise Refusal(NOT_ACCEPTED)
    actor = actor_for_user(user, via="draft_pass")
    deciding = Case.objects.for_actor(actor, Permission.DECIDE_CASES).filter(pk=case_id)
    if not deciding.select_for_update(of=("self",)).exists():
        raise Refusal(NOT_ACCEPTED)
    if was_decided(user, case_id, values["fence"]):
        raise Refusal(ALREADY_DECIDED)
    draft = keep(actor, case_id, as_written(form))
    if draft:
        draft.refresh_from_db()
    return draft


def was_decided(user: User, case_id: UUID, fence: int) -> bool:
    """By this person, under this very claim."""
    claimed = (fence, fence + 1)  # with a grace time it bears the fence that came after its claim
    own = Decision.objects.filter(case=case_id, fence__in=claimed, decided_by=user)
    pending = PendingDecision.objects.filter(case=case_id, fence=fence, decided_by=user)
    opinion = Opinion.objects.filter(review__case=case_id, fence__in=claimed, person=user)
    return own.exists() or pending.exists() or opinion.exists()


def forget_repeated(user: User, case_id: UUID, words: DecisionText) -> bool:
    """What was sent twice with the same words leaves no draft. False where the words differ from
    those that were decided: these stay a draft."""
    pending = PendingDecision.objects.filter(case=case_id, decided_by=user).first()
    if pending is not None:
        is_same = DecisionText.of_dict(pending.words) == words
    else:
        values = {"outcome": words.outcome, "reason": words.reason.strip(),
                "note": words.note.strip()}  # fmt: skip
        made = Decision.objects.filter(case=case_id, decided_by=user)
        is_same = (
            made.filter(**values).exists()
            or Opinion.objects.filter(review__case=case_id, person=user, **values).exists()
        )
    if is_same:
        Draft.objects.filter(case=case_id, author=user).delete()
    return is_same


def rescued(form: Mapping[str, Any]) -> UUID | None:
    """From a form that cannot be accepted: keeps its words if it has a pass. Returns the case."""
    values = _read(str(form.get(FIELD, "")))
    if values is None:
        return None
    case_id = UUID(values["case"])
    try:
        keep_with_pass(form, case_id)
    except Refusal:
        return None
    return case_id


def _read(sealed: str) -> dict[str, Any] | None:
    try:
        values: dict[str, Any] = signing.loads(sealed, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        return None
    return values
