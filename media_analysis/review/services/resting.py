"""A break: the claims of whoever rests outlast it. Nothing of it is on record, and others see of
these claims what they see of any that an open page renews (`Case.displayed_until`)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from accounts.actors import Actor
from accounts.roles import Permission
from jobs.timing import ClockTimestamp, InSeconds
from media_analysis.care.services import breaks
from media_analysis.review.models import Case, CaseState
from media_analysis.review.search.claimable import PENDING

SPARE_SECONDS = 300
"""After the break, to come back in."""
PAUSED_SECONDS = breaks.A_BREAK.total_seconds() + SPARE_SECONDS


@transaction.atomic
def begin(actor: Actor) -> None:
    """The person is reminded again after as much as before."""
    mine = Case.objects.for_actor(actor, Permission.DECIDE_CASES).filter(
        ~PENDING, holder=actor.user, state=CaseState.CLAIMED, lease_until__gte=ClockTimestamp()
    )
    mine.update(lease_until=Greatest(F("lease_until"), InSeconds(PAUSED_SECONDS)))
    breaks.dismiss(actor)
