"""A site with keys, for clients to talk to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from jobs.runner import execute
from jobs.services import claim
from media_analysis.uploads.models import DirectUpload
from tests.clients.moody import Answers, moody_server
from tests.factories import ServiceAccountFactory
from tests.media_bucket import MediaBucket, media_bucket  # noqa: F401 - a fixture
from tests.partners.served import served
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import member


@dataclass
class Site:
    url: str
    key: str
    test_key: str


@pytest.fixture
def site_on_s3(
    tmp_path: Path,
    transactional_db: None,
    team: Team,
    media_bucket: MediaBucket,  # noqa: F811 - the fixture
) -> Iterator[Site]:
    """Takes direct uploads, with a courier at work."""
    service = ServiceAccountFactory(team=team)
    key = issue_key(member(team, Role.ADMIN).actor, service, "client", list(Scope)).secret
    with served(tmp_path, None, **media_bucket.environment) as port, receiving():
        yield Site(f"http://127.0.0.1:{port}", key, "")


@contextmanager
def receiving() -> Iterator[None]:
    """What a courier of the worker does for uploads, in a thread."""
    stopping = threading.Event()

    def work() -> None:
        try:
            while not stopping.wait(0.1):
                while taken := claim(DirectUpload, worker="t"):
                    execute(taken)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@pytest.fixture
def site(tmp_path: Path, transactional_db: None, team: Team) -> Iterator[Site]:
    admin = member(team, Role.ADMIN)
    service = ServiceAccountFactory(team=team)
    secret = issue_key(admin.actor, service, "client", list(Scope)).secret
    test = issue_key(admin.actor, service, "tests", list(Scope), test=True).secret
    with served(tmp_path) as port:
        yield Site(f"http://127.0.0.1:{port}", secret, test)


@pytest.fixture
def moody() -> Iterator[tuple[str, list[Any], Answers]]:
    with moody_server() as found:
        yield found
