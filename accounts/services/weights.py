"""How many turns senders get: a team's weight, and that of each of its partners. What is queued
from then on has it; what waits already keeps its turn."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.models import ServiceAccount, Team
from accounts.models.team import HEAVIEST
from accounts.refusals import Refusal
from accounts.services.limits import Numbers, change, require_site_admin
from audit.verbs import Verb


@transaction.atomic
def set_weight(
    actor: Actor, of: Team | ServiceAccount, weight: int | None, *, opened: Numbers | None = None
) -> bool:
    """False when it was so already. Only a partner's can be None, which is its team's. A share of
    everybody's workers is not for a team to decide, so only a site administrator sets it."""
    require_site_admin(actor)
    own = weight is None and isinstance(of, ServiceAccount)
    if not own and (weight is None or not 1 <= weight <= HEAVIEST):
        raise Refusal("weight_out_of_range", most=HEAVIEST)
    return change(
        actor, of, Verb.WEIGHT_CHANGED, {"weight": weight}, lambda values: values["weight"], opened
    )
