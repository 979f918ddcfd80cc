"""How many submissions a team and each of its partners may send in a calendar month (UTC)."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.models import ServiceAccount, Team
from accounts.models.team import LARGEST_QUOTA
from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.services import record
from audit.verbs import Verb


@transaction.atomic
def set_quota(actor: Actor, of: Team | ServiceAccount, quota: int | None) -> bool:
    """False when it was so already. None is no limit. It holds at once, also for the month that
    runs. As with weights, only a site administrator sets it."""
    if not actor.is_site_admin:
        raise Refusal("site_admin_only")
    if quota is not None and not 0 <= quota <= LARGEST_QUOTA:
        raise Refusal("quota_out_of_range", most=LARGEST_QUOTA)
    found = type(of)._default_manager.select_for_update().get(pk=of.pk)
    if found.quota == quota:
        return False
    before, found.quota = found.quota, quota
    found.save(update_fields=["quota"])
    team_id = found.pk if isinstance(found, Team) else found.team_id
    record(
        chain=team_chain(team_id), verb=Verb.QUOTA_CHANGED, who=actor.who_in(team_id),
        object_type="team" if isinstance(of, Team) else "service", object_id=str(of.pk),
        data={"from": before, "to": quota},
    )  # fmt: skip
    of.quota = quota
    return True
