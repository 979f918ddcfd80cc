from __future__ import annotations

import pytest

from accounts.models import Role, Team
from tests.factories import UserFactory
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, member


@pytest.fixture
def lead(team: Team) -> Person:
    return member(team, Role.LEAD)


@pytest.fixture
def admin(team: Team) -> Person:
    return member(team, Role.ADMIN)


@pytest.fixture
def site_admin(team: Team) -> Person:
    return Person(UserFactory(is_staff=True, is_superuser=True), team)
