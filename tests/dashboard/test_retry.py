"""Retrying failed jobs: who may do it, what is recorded, what it changes."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import Role
from audit.models import Event
from audit.verbs import Verb
from jobs.models import State
from media_analysis.submissions.models import Submission
from ml.models import Analysis
from tests.dashboard.conftest import set_aside
from tests.people import Person, Send, member


@pytest.fixture
def parked(alice: Person, send: Send) -> Submission:
    return set_aside(send(alice, name="canary.png"), "poison", "it brought its process down")


def url(submission: Submission) -> str:
    return reverse("dashboard:retry", args=[submission.pk])


def test_asking_changes_nothing_and_posting_does(lead: Person, parked: Submission) -> None:
    """GET shows the reason and a question; POST puts it back with an event that names the lead."""
    client = lead.client()
    page = client.get(url(parked)).content.decode()
    assert "crashed its worker process several times" in page and "Retry" in page
    assert Analysis.objects.get(pk=parked.analysis_id).state == State.PARKED
    answer = client.post(url(parked), follow=True)
    assert b"waiting for a worker again" in answer.content
    analysis = Analysis.objects.get(pk=parked.analysis_id)
    assert (analysis.state, analysis.attempt, analysis.crashes) == (State.QUEUED, 0, 0)
    event = Event.objects.get(chain=parked.pk, verb=Verb.ANALYSIS_REQUEUED)
    assert str(lead.user.pk) in str(event.who) or str(lead.user.pk) in str(event.content)


def test_a_second_try_at_once_changes_nothing(lead: Person, parked: Submission) -> None:
    """Two leads press at once: the second is told so, and there is one event."""
    client = lead.client()
    client.post(url(parked))
    answer = client.post(url(parked), follow=True)
    assert b"no longer needed attention" in answer.content
    assert Event.objects.filter(chain=parked.pk, verb=Verb.ANALYSIS_REQUEUED).count() == 1
    assert b"Nothing to retry" in client.get(url(parked)).content


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR])
def test_who_runs_no_team_finds_nothing(role: Role, parked: Submission, alice: Person) -> None:
    """The address answers like a missing one, and nothing is changed."""
    client = member(alice.team, role).client()
    assert client.get(url(parked)).status_code == client.post(url(parked)).status_code == 404
    assert Analysis.objects.get(pk=parked.analysis_id).state == State.PARKED


def test_charlie_finds_nothing(charlie: Person, parked: Submission) -> None:
    """The admin of another team neither sees nor starts it."""
    assert charlie.client().get(url(parked)).status_code == 404
    assert charlie.client().post(url(parked)).status_code == 404
    assert Analysis.objects.get(pk=parked.analysis_id).state == State.PARKED


def test_a_site_administrator_may_without_reading_the_name(
    site_admin: Person, parked: Submission
) -> None:
    """Whoever runs the house gets work going again, and still reads no name of media."""
    client = site_admin.client()
    assert b"canary" not in client.get(url(parked)).content
    assert client.post(url(parked)).status_code == 302
    assert Analysis.objects.get(pk=parked.analysis_id).state == State.QUEUED
