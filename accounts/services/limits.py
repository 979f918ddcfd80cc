"""What a site administrator sets of a team, a partner or a key: one row, compared and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from accounts.actors import Actor
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.services import record
from audit.verbs import Verb

Owner = Team | ServiceAccount | ApiKey
Numbers = Mapping[str, int | None]
KINDS = {Team: "team", ServiceAccount: "service", ApiKey: "key"}


def require_site_admin(actor: Actor) -> None:
    if not actor.is_site_admin:
        raise Refusal("site_admin_only")


def change(
    actor: Actor,
    of: Owner,
    verb: Verb,
    wanted: Numbers,
    as_json: Callable[[Numbers], Any],
    opened: Numbers | None = None,
) -> bool:
    """Inside a transaction. False when it was so already. `as_json` is how the event tells numbers.
    `opened` holds the numbers that the person saw: where somebody has set another in the meantime,
    it is not overwritten."""
    found = type(of)._default_manager.select_for_update().get(pk=of.pk)
    before = {name: getattr(found, name) for name in wanted}
    if before == wanted:
        return False
    for name, number in (opened or before).items():
        if before[name] != number:
            raise _changed(name, before[name])
    for owner in (found, of):
        for name, number in wanted.items():
            setattr(owner, name, number)
    found.save(update_fields=list(wanted))
    team = _team_of(found).run_by_id
    record(
        chain=team_chain(team), verb=verb, who=actor.who_in(team),
        object_type=KINDS[type(of)], object_id=str(of.pk),
        data={"from": as_json(before), "to": as_json(wanted)},
    )  # fmt: skip
    return True


def _changed(name: str, now: int | None) -> Refusal:
    if now is None:
        return Refusal("limit_removed_meanwhile", limit=name)
    return Refusal("limit_changed_meanwhile", limit=name, now=now)


def _team_of(owner: Owner) -> Team:
    if isinstance(owner, Team):
        return owner
    return owner.service.team if isinstance(owner, ApiKey) else owner.team
