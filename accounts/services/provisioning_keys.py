"""The keys of a team's identity provider: made where sign-in is set up, and good for SCIM alone."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.models.partner import PROVIDER
from accounts.roles import Permission, ProvisioningScope
from accounts.services.chains import require
from accounts.services.keys import Issued, create_service_account, issue_key
from accounts.services.teams import locked


@transaction.atomic
def issue(actor: Actor, team: Team, *, expires_at: datetime | None = None) -> Issued:
    """A further key, so that a key can be changed without a gap."""
    require(actor, Permission.MANAGE_KEYS, team.pk)
    provider = _provider(actor, locked(team.pk))
    scopes = [ProvisioningScope.MEMBERS_PROVISION]
    return issue_key(actor, provider, "SCIM", scopes, expires_at=expires_at)


def of_team(actor: Actor, team: Team) -> list[ApiKey]:
    """Those that were not revoked, the newest first."""
    mine = ApiKey.objects.for_actor(actor, Permission.REVOKE_KEYS)
    return list(mine.filter(service__team=team, service__provisions=True, revoked_at=None))


def _provider(actor: Actor, team: Team) -> ServiceAccount:
    """Made with the team's first key."""
    known = ServiceAccount.objects.filter(team=team, provisions=True).first()
    return known or create_service_account(actor, team, PROVIDER, provisions=True)
