"""The team that a request means."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission


def team_named(actor: Actor, wanted: UUID | None, permission: Permission) -> Team:
    """The one that is named, or the only one in which the caller may do this."""
    teams = Team.objects.for_actor(actor, permission)
    if wanted is not None:
        return get_object_or_404(teams, pk=wanted)
    mine = list(teams[:2])
    if len(mine) != 1:
        raise Refusal("team_required")
    return mine[0]
