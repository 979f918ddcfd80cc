"""How many submissions a team, each partner and each key may send in a calendar month (UTC)."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.models.team import LARGEST_QUOTA
from accounts.refusals import Refusal
from accounts.services.limits import Numbers, change, require_site_admin
from audit.verbs import Verb


@transaction.atomic
def set_quota(
    actor: Actor,
    of: Team | ServiceAccount | ApiKey,
    quota: int | None,
    *,
    opened: Numbers | None = None,
) -> bool:
    """False when it was so already. None is no limit. It holds at once, also for the month that
    runs. Keys that replaced each other have one. As with weights, only a site administrator sets
    it."""
    require_site_admin(actor)
    if quota is not None and not 0 <= quota <= LARGEST_QUOTA:
        raise Refusal("quota_out_of_range", most=LARGEST_QUOTA)
    of = of.counted_as if isinstance(of, ApiKey) else of
    return change(
        actor, of, Verb.QUOTA_CHANGED, {"quota": quota}, lambda values: values["quota"], opened
    )
