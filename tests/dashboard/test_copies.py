"""Failed playback copies are reported to the team's managers and can be tried again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import Role, Team
from audit.models import Event
from audit.verbs import Verb
from jobs.models import State
from media_analysis.previews.models import Preview
from media_analysis.submissions.models import Submission
from tests.dashboard.conftest import copy_set_aside
from tests.people import Person, Send, member

OVERVIEW = reverse("dashboard:overview")


@pytest.fixture
def sent(alice: Person, send: Send) -> Submission:
    return copy_set_aside(send(alice, name="canary.mp4"))


def url(submission: Submission) -> str:
    return reverse("dashboard:retry_copy", args=[submission.pk])


def state(submission: Submission) -> str:
    return Preview.objects.get(source=submission.blob_id).state


def test_the_dashboard_tells_it_and_is_silent_without(
    lead: Person, alice: Person, send: Send
) -> None:
    """Count, reason and the way to another try; without any there is no section at all."""
    sent = send(alice)
    assert "Playback copies" not in lead.client().get(OVERVIEW).content.decode()
    copy_set_aside(sent)
    page = lead.client().get(OVERVIEW).content.decode()
    assert "1 playback copy" in page and "crashed its worker process several times" in page
    assert url(sent) in page and "Nothing needs attention" in page, "its analysis was not"


def test_the_same_bytes_are_one_copy(
    lead: Person, alice: Person, bob: Person, charlie: Person, send: Send
) -> None:
    """Sent twice in the team and once in another: one row, of the last in one's own team."""
    first = copy_set_aside(send(alice))
    last = send(bob, name="again.mp4")
    elsewhere = send(charlie)
    for person, mine in ((lead, last), (charlie, elsewhere)):
        context = person.client().get(OVERVIEW).context
        assert context["copies"]["count"] == 1
        assert [row["submission"].pk for row in context["copies"]["rows"]] == [mine.pk]
    assert first.pk != last.pk


def test_asking_changes_nothing_and_posting_does(lead: Person, sent: Submission) -> None:
    """GET shows the reason and a question; POST puts it back, with an event that names the lead."""
    client = lead.client()
    page = client.get(url(sent)).content.decode()
    assert "Retry this playback copy?" in page and "crashed its worker process" in page
    assert state(sent) == State.PARKED
    assert b"waiting for a worker again" in client.post(url(sent), follow=True).content
    assert state(sent) == State.QUEUED
    again = client.post(url(sent), follow=True).content
    assert b"no longer needed attention" in again, "the second of two is told so"
    event = Event.objects.get(chain=sent.pk, verb=Verb.PREVIEW_ASKED)
    assert event.who == f"user:{lead.user.pk}"
    assert b"Nothing to retry" in client.get(url(sent)).content


def test_what_has_no_copy_gets_none(lead: Person, alice: Person, send: Send) -> None:
    """The address of a picture orders nothing."""
    sent = send(alice)
    assert b"Nothing to retry" in lead.client().get(url(sent)).content
    assert b"no longer needed attention" in lead.client().post(url(sent), follow=True).content
    assert not Preview.objects.exists()


@pytest.mark.parametrize("who", ["viewer", "moderator", "stranger"])
def test_others_find_nothing(who: str, team: Team, charlie: Person, sent: Submission) -> None:
    """Who does not run this team neither sees nor starts it."""
    client = (charlie if who == "stranger" else member(team, Role(who))).client()
    assert client.get(url(sent)).status_code == client.post(url(sent)).status_code == 404
    assert state(sent) == State.PARKED
    if who == "stranger":
        assert client.get(OVERVIEW).context["copies"]["count"] == 0


def test_a_site_administrator_may_without_reading_the_name(
    site_admin: Person, sent: Submission
) -> None:
    """Whoever runs the house gets work going again, and still reads no name of media."""
    client = site_admin.client()
    for address in (OVERVIEW, url(sent)):
        assert b"canary" not in client.get(address).content
    assert client.post(url(sent)).status_code == 302 and state(sent) == State.QUEUED
