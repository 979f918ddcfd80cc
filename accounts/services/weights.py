"""How many turns senders get: a team's weight, and that of each of its partners. What is queued
from then on has it; what waits already keeps its turn."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.models import ServiceAccount, Team
from accounts.models.team import HEAVIEST
from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.services import record
from audit.verbs import Verb


@transaction.atomic
def set_weight(actor: Actor, of: Team | ServiceAccount, weight: int | None) -> bool:
    """False when it was so already. Only a partner's can be None, which is its team's. A share of
    everybody's workers is not for a team to decide, so only a site administrator sets it."""
    if not actor.is_site_admin:
        raise Refusal("site_admin_only")
    own = weight is None and isinstance(of, ServiceAccount)
    if not own and (weight is None or not 1 <= weight <= HEAVIEST):
        raise Refusal("weight_out_of_range", most=HEAVIEST)
    found = type(of)._default_manager.select_for_update().get(pk=of.pk)
    if found.weight == weight:
        return False
    before, found.weight = found.weight, weight
    found.save(update_fields=["weight"])
    team_id = found.pk if isinstance(found, Team) else found.team_id
    record(
        chain=team_chain(team_id), verb=Verb.WEIGHT_CHANGED, who=actor.who_in(team_id),
        object_type="team" if isinstance(of, Team) else "service", object_id=str(of.pk),
        data={"from": before, "to": weight},
    )  # fmt: skip
    of.weight = weight
    return True
