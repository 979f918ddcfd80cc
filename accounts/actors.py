"""Who acts, and what they may do. Everything that is guarded asks an `Actor`, never a `User`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import ApiKey, Membership, ServiceAccount, Session, Team, User
from accounts.roles import (
    ROLE_PERMISSIONS,
    SCOPE_PERMISSIONS,
    SITE_ADMIN_PERMISSIONS,
    Permission,
    Role,
    Scope,
)
from audit.who import NOBODY, SHELL, Who

TEST_FLOW = "test:"
"""Begins the flow of what a test key queued: figures of the site leave it out."""


@dataclass(frozen=True)
class Actor:
    who: Who
    user: User | None = None
    service: ServiceAccount | None = None
    key: ApiKey | None = None
    """Whose quota counts what the service account sends."""
    teams: Mapping[UUID, Role] = field(default_factory=dict)
    """A service account's one team stands here too, but only its key's scopes give it rights."""
    scopes: frozenset[str] = frozenset()
    is_site_admin: bool = False
    second_factor_from: datetime | None = None
    """The earliest moment at which one of the teams wants a second factor, of those that do."""

    def can(self, permission: Permission, team_id: UUID) -> bool:
        if self.is_site_admin and permission in SITE_ADMIN_PERMISSIONS:
            return True
        role = self.teams.get(team_id)
        if role is None:
            return False
        if self.service is not None:
            return any(permission in SCOPE_PERMISSIONS[s] for s in self.scopes)
        return permission in ROLE_PERMISSIONS[role]

    def team_ids(self, permission: Permission) -> list[UUID]:
        """The teams in which the actor may do this: what every guarded queryset starts from."""
        if self.is_site_admin and permission in SITE_ADMIN_PERMISSIONS:
            live = Team.objects.filter(live_team__isnull=True)
            return list(live.values_list("pk", flat=True))
        return [team_id for team_id in self.teams if self.can(permission, team_id)]

    def role_in(self, team_id: UUID) -> Role | None:
        return None if self.service is not None else self.teams.get(team_id)

    @property
    def is_test(self) -> bool:
        """Behind a test key. It sees what test keys of its team sent, and nothing else."""
        return self.service is not None and self.service.is_test

    @property
    def reads_own_only(self) -> bool:
        """A key that sees what its own partner sent, media included, and nothing else."""
        return (
            self.service is not None
            and Scope.SUBMISSIONS_READ_OWN in self.scopes
            and Scope.SUBMISSIONS_READ not in self.scopes
        )

    @property
    def flow(self) -> str:
        """The flow of the actor's work: a person, or a service account, whatever key it uses."""
        if self.service is not None:
            return f"{TEST_FLOW if self.is_test else 'service:'}{self.service.pk}"
        return f"person:{self.user.pk}" if self.user is not None else ""

    def weight_in(self, team: Team) -> int:
        """How many turns its flow gets for one of weight 1."""
        return (self.service.weight if self.service else None) or team.weight

    def who_in(self, team_id: UUID) -> Who:
        """For the record: the actor with the role that they hold in the team acted upon."""
        role = self.role_in(team_id)
        return replace(self.who, role=str(role)) if role else self.who


def who_in(team_id: UUID, by: Actor | Who) -> Who:
    """For the record: whoever acts in this team, a person or a part of the system."""
    return by.who_in(team_id) if isinstance(by, Actor) else by


ANONYMOUS = Actor(who=NOBODY)
SHELL_ACTOR = Actor(who=replace(SHELL, role="site_admin"), is_site_admin=True)
"""Whoever may run commands on the server may run the house."""


def actor_of(request: Any) -> Actor:
    """The one behind a Django or a REST request; looked up once for a request."""
    cached = getattr(request, "_touchstone_actor", None)
    user = getattr(request, "user", None)
    key = getattr(request, "auth", None)
    behind = (getattr(user, "pk", None), getattr(key, "pk", None))
    if cached is not None and cached[0] == behind:
        return _as_actor(cached[1])
    if isinstance(key, ApiKey):
        actor = actor_for_key(key)
    elif isinstance(user, User) and user.is_active:
        actor = actor_for_user(user, via=how_logged_in(request), token=_session_name(request))
    else:
        actor = ANONYMOUS
    request._touchstone_actor = (behind, actor)
    return actor


def _as_actor(value: object) -> Actor:
    assert isinstance(value, Actor)
    return value


def actor_for_user(user: User, *, via: str, token: str = "") -> Actor:
    found = Membership.objects.filter(user=user).values_list(
        "team_id", "role", "team__second_factor_from"
    )
    teams, rules = {}, []
    for team_id, role, second_factor_from in found:
        teams[team_id] = Role(role)
        if second_factor_from:
            rules.append(second_factor_from)
    runs_the_site = "site_admin" if user.is_superuser else ""
    return Actor(
        who=Who(kind="user", id=str(user.pk), via=via, token=token, role=runs_the_site),
        user=user,
        teams=teams,
        is_site_admin=user.is_superuser,
        second_factor_from=min(rules, default=None),
    )


def actor_for_key(key: ApiKey) -> Actor:
    service = key.service
    return Actor(
        who=Who(kind="service", id=str(service.pk), via="api_key", token=key.prefix),
        service=service,
        key=key,
        teams={service.team_id: Role.VIEWER},
        scopes=frozenset(key.scopes),
    )


def sender_again(
    user: User | None, service: ServiceAccount | None, key: ApiKey | None, *, via: str
) -> Actor | None:
    """The person or partner who ordered the work, with the permissions that they have now. None if
    they may not act any more. The key only counts: what it ordered before its end is done."""
    if user is not None:
        return actor_for_user(user, via=via) if user.is_active else None
    if service is None or not service.is_active:
        return None
    return Actor(
        who=Who(kind="service", id=str(service.pk), via=via),
        service=service,
        key=key,
        teams={service.team_id: Role.VIEWER},
        scopes=frozenset({Scope.SUBMISSIONS_WRITE}),
    )


def how_logged_in(request: Any) -> str:
    """The strongest proof given in this session, from the login library's own notes."""
    session = getattr(request, "session", None)
    notes = session.get("account_authentication_methods", []) if session is not None else []
    if not isinstance(notes, list):
        return "unknown"
    proofs = {_proof(note) for note in notes if isinstance(note, dict)}
    for proof in ("passkey", "totp", "recovery_code", "oidc", "password", "password_reset"):
        if proof in proofs:
            return proof
    return "unknown"


def _proof(note: Mapping[str, Any]) -> str:
    if note.get("method") == "mfa":
        kinds = {"webauthn": "passkey", "recovery_codes": "recovery_code", "totp": "totp"}
        return kinds.get(str(note.get("type")), "unknown")
    return {"socialaccount": "oidc"}.get(str(note.get("method")), str(note.get("method")))


def _session_name(request: Any) -> str:
    key = getattr(getattr(request, "session", None), "session_key", None)
    return Session.named(key) if key else ""
