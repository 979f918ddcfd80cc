"""What the verbs of a team's rules share: the event of a change, and the check of a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.payload import holds_address
from audit.rows import Row
from audit.services import record
from audit.verbs import Verb


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
