"""How many requests per minute a team, each of its partners and each key may send to REST."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.models.rates import HIGHEST_RATE
from accounts.refusals import Refusal
from accounts.services.limits import Numbers, change, require_site_admin
from audit.verbs import Verb


@transaction.atomic
def set_rates(
    actor: Actor,
    of: Team | ServiceAccount | ApiKey,
    wanted: Numbers,
    *,
    opened: Numbers | None = None,
) -> bool:
    """`read_rate`, `write_rate` or both. False when they were so already. None is no rate of its
    own. As with weights, only a site administrator sets them."""
    require_site_admin(actor)
    if any(rate is not None and not 1 <= rate <= HIGHEST_RATE for rate in wanted.values()):
        raise Refusal("rate_out_of_range", most=HIGHEST_RATE)
    return change(actor, of, Verb.RATES_CHANGED, wanted, _without_suffix, opened)


def _without_suffix(numbers: Numbers) -> dict[str, int | None]:
    return {name.removesuffix("_rate"): rate for name, rate in numbers.items()}
