from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from media_analysis.webhooks.models import EventType
from media_analysis.webhooks.services import endpoints
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person
from tests.webhooks.receiving import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def inside(settings: Any) -> None:
    """The operator allows receivers on this machine."""
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_BACKOFF_SECONDS = 600.0  # tests say themselves when something is due


@pytest.fixture
def added(admin: Person, receiver: Receiver, inside: None) -> endpoints.Added:
    """An endpoint for everything that happens in the team."""
    return endpoints.add(admin.actor, admin.team, receiver.url, EventType.values)
