"""Alice runs a team, Bob works in it, Charlie has a team of his own and must see nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.actors import Actor, actor_for_user
from accounts.models import Role, Team, User
from tests.factories import MembershipFactory, TeamFactory, UserFactory
from tests.people import Answer


@dataclass
class People:
    team: Team
    other_team: Team
    alice: User
    bob: User
    charlie: User

    def actor(self, user: User) -> Actor:
        return actor_for_user(user, via="password")


@pytest.fixture
def people(db: None) -> People:
    team, other = TeamFactory(name="Newsroom"), TeamFactory(name="Elsewhere")
    alice = UserFactory(email="alice@example.org", name="Alice")
    bob = UserFactory(email="bob@example.org", name="Bob")
    charlie = UserFactory(email="charlie@example.org", name="Charlie")
    MembershipFactory(team=team, user=alice, role=Role.ADMIN)
    MembershipFactory(team=team, user=bob, role=Role.MODERATOR)
    MembershipFactory(team=other, user=charlie, role=Role.ADMIN)
    return People(team, other, alice, bob, charlie)


@pytest.fixture
def site_admin(db: None) -> User:
    return UserFactory(email="root@example.org", is_staff=True, is_superuser=True)


def log_in(client: Client, email: str, password: str, **extra: Any) -> Answer:
    return client.post("/accounts/login/", {"login": email, "password": password}, **extra)


def is_logged_in(client: Client) -> bool:
    """Asks a page that only people who are logged in may see."""
    return client.get("/accounts/sessions/").status_code == 200


@pytest.fixture(autouse=True)
def empty_cache(db: None) -> None:
    """The rate limits per network address are shared by all tests: start each from zero."""
    from django.core.cache import cache

    cache.clear()
