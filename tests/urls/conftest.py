"""One team at work, which all tests of a file meet as it was built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from jobs.models import State
from media_analysis.batches.models import Batch
from media_analysis.previews.models import Preview
from media_analysis.review.models import Case, GoldenCase
from media_analysis.review.services import routing
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis, Thumbnail
from tests.backfill.analysed import planned
from tests.factories import ServiceAccountFactory, TeamFactory, UserFactory
from tests.people import Person, lead, member, picture  # noqa: F401 - `lead` is a fixture
from tests.urls.office import arguments


@dataclass(frozen=True)
class Built:
    """Whoever asks, and what they ask for: Alice's submission and the case that it became."""

    alice: Person
    people: dict[str, Person]
    keys: dict[str, str]
    submission: Submission
    case: Case
    inside: dict[str, list[Any]]
    cookies: dict[str, SimpleCookie]
    """Everybody signed in once for the whole file: that costs as much as three answers."""


@pytest.fixture(scope="module")
def built(shared_home: Path) -> Built:
    team = TeamFactory()
    alice = member(team, Role.MODERATOR)
    people = {
        "stranger": member(TeamFactory(), Role.ADMIN),
        "site_admin": Person(UserFactory(is_staff=True, is_superuser=True), team),
        **{role.value: member(team, role) for role in Role},
    }
    keys = {}
    for name, scopes in (
        ("key", [Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE]),
        ("weak_key", [Scope.SUBMISSIONS_WRITE]),
    ):
        service = ServiceAccountFactory(team=team)
        keys[name] = issue_key(people["admin"].actor, service, name, scopes).secret
    sent = submit(alice.actor, team, BytesIO(picture()), "canary.png").submission
    Thumbnail.objects.create(analysis=sent.analysis, name="frame", png=picture())
    Analysis.objects.filter(pk=sent.analysis_id).update(media={"kind": "video"})
    Preview.objects.create(source=sent.blob, film=sent.blob, state=State.DONE, finished_at=Now())
    with transaction.atomic():
        routing.after_parking(sent.analysis)
    case = Case.objects.get(submission=sent)
    cookies = {name: person.client().cookies for name, person in people.items()}
    return Built(alice, people, keys, sent, case, arguments(team), cookies)


@pytest.fixture
def alice(db: None, built: Built) -> Person:
    return built.alice


@pytest.fixture
def team(alice: Person) -> Team:
    return alice.team


@pytest.fixture
def everybody(db: None, built: Built) -> dict[str, Client]:
    return {
        "anonymous": Client(),
        **{name: signed_in(cookies) for name, cookies in built.cookies.items()},
        **{
            name: Client(headers={"Authorization": f"Bearer {secret}"})
            for name, secret in built.keys.items()
        },
    }


def signed_in(cookies: SimpleCookie) -> Client:
    """A browser with a session that was there before."""
    client = Client()
    client.cookies = SimpleCookie({name: morsel.value for name, morsel in cookies.items()})
    return client


@pytest.fixture
def address(db: None, built: Built) -> Callable[[str], str]:
    """The address of Alice's submission, or of the case that it became."""
    alice, submission, case, inside = built.alice, built.submission, built.case, built.inside

    def _address(name: str) -> str:
        if name.startswith("teams:"):
            return reverse(name, args=inside[name])
        if name.startswith("api:webhook") and name != "api:webhook-list":
            return reverse(name, args=inside["teams:webhook"][1:])
        if name in ("api:batch-detail", "api:batch-events"):
            return reverse(name, args=[Batch.objects.create(team=alice.team).pk])
        if name in ("submissions:picture", "api:submission-thumbnail"):
            return reverse(name, args=[submission.pk, "frame"])
        if name == "api:submission-report":
            return reverse(name, args=[submission.pk, case.pk, "report.pdf"])
        if name == "reports:download":
            return reverse(name, args=[case.pk, "report.pdf"])
        if name in ("backfill:detail", "backfill:switch"):
            return reverse(name, args=[planned(team=alice.team).pk])
        if name in ("review:mark_golden", "review:appeal"):
            return reverse(name, args=[submission.pk])
        if name == "review:take_out_golden":
            golden = GoldenCase.objects.create(
                team=alice.team, submission=submission, outcome="manipulated", marked_by=alice.user
            )
            return reverse(name, args=[golden.pk])
        of_case = name.startswith(("review", "reports"))
        try:
            return reverse(name, args=[case.pk if of_case else submission.pk])
        except NoReverseMatch:  # it takes no id
            return reverse(name)

    return _address
