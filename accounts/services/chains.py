"""Where events about people and teams are kept, and the rights that the verbs ask for."""

from __future__ import annotations

from uuid import UUID

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from audit.services import site_chain

ACCOUNTS = site_chain("accounts")


def team_chain(team_id: UUID) -> UUID:
    return site_chain(f"team:{team_id}")


def require(actor: Actor, permission: Permission, team_id: UUID) -> None:
    if not actor.can(permission, team_id):
        raise Refusal("not_allowed", permission=str(permission))
