"""How many requests per minute a team, each of its partners and each key may send to REST."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.models.rates import HIGHEST_RATE
from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.services import record
from audit.verbs import Verb

KINDS = {Team: "team", ServiceAccount: "service", ApiKey: "key"}


@transaction.atomic
def set_rates(
    actor: Actor, of: Team | ServiceAccount | ApiKey, read: int | None, write: int | None
) -> bool:
    """False when they were so already. None is no rate of its own. As with weights, only a site
    administrator sets them."""
    if not actor.is_site_admin:
        raise Refusal("site_admin_only")
    if any(rate is not None and not 1 <= rate <= HIGHEST_RATE for rate in (read, write)):
        raise Refusal("rate_out_of_range", most=HIGHEST_RATE)
    found = type(of)._default_manager.select_for_update().get(pk=of.pk)
    before = {"read": found.read_rate, "write": found.write_rate}
    wanted = {"read": read, "write": write}
    if before == wanted:
        return False
    found.read_rate, found.write_rate = read, write
    found.save(update_fields=["read_rate", "write_rate"])
    team_id = _team_of(found).run_by_id
    record(
        chain=team_chain(team_id), verb=Verb.RATES_CHANGED, who=actor.who_in(team_id),
        object_type=KINDS[type(of)], object_id=str(of.pk), data={"from": before, "to": wanted},
    )  # fmt: skip
    of.read_rate, of.write_rate = read, write
    return True


def _team_of(of: Team | ServiceAccount | ApiKey) -> Team:
    if isinstance(of, Team):
        return of
    return of.service.team if isinstance(of, ApiKey) else of.team
