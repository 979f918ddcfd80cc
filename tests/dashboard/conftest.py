from __future__ import annotations

import pytest
from django.db import transaction

from accounts.models import Role, Team
from jobs.services import claim_one, park
from media_analysis.submissions.models import Submission
from ml.models import Analysis
from tests.factories import UserFactory
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, member


@pytest.fixture
def lead(team: Team) -> Person:
    return member(team, Role.LEAD)


@pytest.fixture
def site_admin(team: Team) -> Person:
    return Person(UserFactory(is_staff=True, is_superuser=True), team)


def set_aside(submission: Submission, code: str = "poison", reason: str = "it died") -> Submission:
    """As a worker does when it gives up."""
    claim = claim_one(Analysis, submission.analysis_id, worker="test")
    assert claim is not None
    with transaction.atomic():
        park(claim, code, reason)
    submission.refresh_from_db()
    return submission
