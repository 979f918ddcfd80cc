from __future__ import annotations

import pytest

from operations import health, metrics
from tests.media_bucket import media_bucket  # noqa: F401 - a fixture
from tests.people import *  # noqa: F403 - the people are fixtures


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are kept for seconds; each test asks for itself, and in its own thread, so that it
    sees its own transaction."""
    monkeypatch.setattr(
        health, "readiness", lambda names=tuple(health.PARTS): [*map(health.ask, names)]
    )
    monkeypatch.setattr(metrics.Site, "_kept", (-1e9, []))
