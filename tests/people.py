"""Alice owns, Bob is her team-mate, Charlie must see nothing: fixtures for every part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from PIL import Image

from accounts.actors import Actor, actor_for_user
from accounts.models import Role, Team, User
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services.intake import submit
from tests.factories import MembershipFactory, TeamFactory, UserFactory

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

    Answer = _MonkeyPatchedWSGIResponse
else:
    Answer = HttpResponse
"""What the test client gives: a response that also knows its context and its redirects."""


@dataclass(frozen=True)
class Person:
    user: User
    team: Team

    @property
    def actor(self) -> Actor:
        return actor_for_user(self.user, via="password")

    def client(self) -> Client:
        client = Client()
        client.force_login(self.user, "allauth.account.auth_backends.AuthenticationBackend")
        return client


def member(team: Team, role: Role) -> Person:
    return Person(MembershipFactory(team=team, role=role).user, team)


@pytest.fixture
def team(db: None) -> Team:
    return TeamFactory(name="Newsroom")


@pytest.fixture
def alice(team: Team) -> Person:
    return member(team, Role.MODERATOR)


@pytest.fixture
def bob(team: Team) -> Person:
    return member(team, Role.MODERATOR)


@pytest.fixture
def viewer(team: Team) -> Person:
    return member(team, Role.VIEWER)


@pytest.fixture
def lead(team: Team) -> Person:
    return member(team, Role.LEAD)


@pytest.fixture
def admin(team: Team) -> Person:
    return member(team, Role.ADMIN)


@pytest.fixture
def site_admin(team: Team) -> Person:
    """Belongs to no team and may look after all of them."""
    return Person(UserFactory(is_staff=True, is_superuser=True), team)


@pytest.fixture
def charlie(db: None) -> Person:
    """Runs another team; has no business in this one."""
    return member(TeamFactory(name="Elsewhere"), Role.ADMIN)


def picture(shade: int = 120, size: tuple[int, int] = (64, 48)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, (shade, 90, 60)).save(out, "PNG")
    return out.getvalue()


Send = Callable[..., Submission]


@pytest.fixture
def send() -> Send:
    """Send a picture as somebody; another shade gives other bytes."""

    def _send(who: Person, shade: int = 120, name: str = "photo.png", **words: Any) -> Submission:
        return submit(who.actor, who.team, BytesIO(picture(shade)), name, **words).submission

    return _send


def checked_at_once(send: Send) -> Send:
    """As in a transaction of its own: what is checked at its end is checked now."""

    def _send(*args: Any, **words: Any) -> Submission:
        sent = send(*args, **words)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        return sent

    return _send
