"""Default deny, for every table of this app that bears a team."""

from __future__ import annotations

from typing import Any

from django.db import models

from accounts.actors import Actor
from accounts.roles import Permission


class TeamOwned(models.QuerySet[Any]):
    def for_actor(self, actor: Actor, permission: Permission = Permission.VIEW_CASES) -> TeamOwned:
        return self.filter(team_id__in=actor.team_ids(permission))
