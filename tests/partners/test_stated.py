"""A film of which one part cannot be decoded: page, download and REST say which."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, Scope
from accounts.services.keys import issue_key
from jobs.services import claim_one
from media_analysis.submissions.services.intake import submit
from ml import services as ml
from ml.engine.analysis import analyse
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.people import Person, member
from tests.sandbox import tracks


@pytest.mark.parametrize(
    ("part", "code", "text"),
    [
        ("audio", "sound_not_decoded", "The sound of this file could not be decoded"),
        ("video", "pictures_not_decoded", "The pictures of this file could not be decoded"),
    ],
)
def test_the_part_that_failed_is_said_on_the_page_and_over_rest(
    alice: Person, part: str, code: str, text: str
) -> None:
    """Code and sentence in REST; the sentence in the verdict and among the facts of the page."""
    film = tracks.with_damaged(part, tracks.film("mp4", (tracks.VIDEO, tracks.SOUND)))
    submission = submit(alice.actor, alice.team, BytesIO(film), "film.mp4").submission
    claim = claim_one(Analysis, submission.analysis_id, worker="t")
    assert claim is not None
    ml.run(claim, lambda file, **more: analyse(file, detectors=(), **more))
    page = alice.client().get(reverse("submissions:detail", args=[submission.pk])).content.decode()
    assert page.count(text) >= 2
    admin = member(alice.team, Role.ADMIN)
    account = ServiceAccountFactory(team=alice.team)
    issued = issue_key(admin.actor, account, "test", (Scope.SUBMISSIONS_READ,))
    rest = Client(headers={"Authorization": f"Bearer {issued.secret}"})
    stated = rest.get(f"/api/v1/submissions/{submission.pk}/").json()["result"]["media"]["stated"]
    assert stated[0]["code"] == code
    assert stated[0]["text"].startswith(text)
