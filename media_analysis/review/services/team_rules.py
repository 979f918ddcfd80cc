"""What the verbs of a team's rules share: a rule is written with its event, a name is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.payload import holds_address
from audit.rows import Row
from audit.services import record
from audit.verbs import Verb
from media_analysis.review.queue_models import RoutingRule


def write_rule(
    actor: Actor,
    team: Team,
    columns: Mapping[str, Any],
    *,
    before: Callable[[RoutingRule], Mapping[str, Any]],
    after: Mapping[str, Any],
) -> bool:
    """In the caller's transaction: columns of the team's rule, and the event with what it names
    before and after. False when that was so before."""
    Team.objects.select_for_update().get(pk=team.pk)  # two leads: one after the other
    was = before(RoutingRule.of(team.pk))
    if was == after:
        return False
    rule, _ = RoutingRule.objects.update_or_create(team=team, defaults=columns)
    data = {f"{name}_before": value for name, value in was.items()}
    data |= {f"{name}_after": value for name, value in after.items()}
    queue_changed(actor, team.pk, [rule], **data)
    return True


def queue_changed(actor: Actor, team_id: UUID, rows: Sequence[Row], **data: Any) -> None:
    record(
        chain=team_chain(team_id), verb=Verb.QUEUE_CHANGED, who=actor.who_in(team_id),
        object_type="team", object_id=str(team_id), data=data, rows=rows,
    )  # fmt: skip


def named(name: str, what: str) -> str:
    """On one line. `what` begins the codes of the refusals: `policy`, `queue`."""
    name = " ".join(name.split())
    if not name:
        raise Refusal(f"{what}_name_missing")
    if holds_address(name):
        raise Refusal(f"{what}_name_holds_address")
    return name
