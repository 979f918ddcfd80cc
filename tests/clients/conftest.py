"""A site with keys, for clients to talk to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from tests.factories import ServiceAccountFactory
from tests.partners.served import served
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import member


@dataclass
class Site:
    url: str
    key: str
    test_key: str


@pytest.fixture
def site(tmp_path: Path, transactional_db: None, team: Team) -> Iterator[Site]:
    admin = member(team, Role.ADMIN)
    service = ServiceAccountFactory(team=team)
    secret = issue_key(admin.actor, service, "client", list(Scope)).secret
    test = issue_key(admin.actor, service, "tests", list(Scope), test=True).secret
    with served(tmp_path) as port:
        yield Site(f"http://127.0.0.1:{port}", secret, test)
