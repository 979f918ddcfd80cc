from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from tests.factories import ServiceAccountFactory
from tests.media_bucket import media_bucket  # noqa: F401 - a fixture
from tests.partners.identity_provider import elsewhere, provider  # noqa: F401 - fixtures
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import member
from tests.webhooks.conftest import inside, receiver  # noqa: F401 - fixtures

Partner = Callable[..., Client]


@pytest.fixture
def partner(team: Team) -> Partner:
    """A client with a key of the team's partner, with the scopes given."""
    admin = member(team, Role.ADMIN)

    def _partner(*scopes: Scope) -> Client:
        issued = issue_key(admin.actor, ServiceAccountFactory(team=team), "test", scopes)
        return Client(headers={"Authorization": f"Bearer {issued.secret}"})

    return _partner


@pytest.fixture
def both(partner: Partner) -> Client:
    return partner(Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE)
