"""A wish to have something deleted: on record, seen, taken back, and never a silent erasure."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.errors import NotAllowed
from audit.models import Event
from audit.verbs import Verb
from blobs.services import opened
from media_analysis.submissions import deleting
from media_analysis.submissions.models import DeletionRequest, Submission
from tests.people import Person, Send


def verbs(submission: Submission) -> list[str]:
    events = Event.objects.filter(chain=submission.pk).order_by("seq")
    return [verb for verb in events.values_list("verb", flat=True) if "deletion" in verb]


def page(person: Person, submission: Submission) -> str:
    url = reverse("submissions:detail", args=[submission.pk])
    return person.client().get(url).content.decode()


def test_asking_is_seen_and_erases_nothing(lead: Person, alice: Person, send: Send) -> None:
    """Everybody in the team sees it; bytes and result stay; asking twice is asking once."""
    submission = send(alice)
    url = reverse("submissions:deletion", args=[submission.pk])
    for _ in range(2):
        assert lead.client().post(url, {"reason": "canary: a child is shown"}).status_code == 302
    assert "Deletion was asked for" in page(alice, submission)
    assert "Take the request back" not in page(alice, submission)
    assert "Deletion asked for" in alice.client().get("/").content.decode()
    assert verbs(submission) == [Verb.SUBMISSION_DELETION_REQUESTED]
    with opened(submission.blob) as file:
        assert file.read()
    for event in Event.objects.filter(chain=submission.pk):
        assert b"canary" not in bytes(event.payload)


def test_it_can_be_taken_back_and_asked_again(lead: Person, alice: Person, send: Send) -> None:
    """Each turn is an event; what was asked before stays as it was."""
    submission = send(alice)
    url = reverse("submissions:deletion", args=[submission.pk])
    client = lead.client()
    client.post(url)
    client.post(url, {"withdraw": "1"})
    assert "Ask for deletion" in page(lead, submission)
    client.post(url, {"withdraw": "1"})
    client.post(url)
    asked, withdrawn = Verb.SUBMISSION_DELETION_REQUESTED, Verb.SUBMISSION_DELETION_WITHDRAWN
    assert verbs(submission) == [asked, withdrawn, asked]
    assert DeletionRequest.objects.count() == 2


def test_a_moderator_and_a_stranger_may_not(alice: Person, charlie: Person, send: Send) -> None:
    """Neither asks, and neither is offered it."""
    submission = send(alice)
    for person in (alice, charlie):
        with pytest.raises(NotAllowed):
            deleting.ask(person.actor, submission)
        with pytest.raises(NotAllowed):
            deleting.withdraw(person.actor, submission)
    assert "Ask for deletion" not in page(alice, submission)
    assert verbs(submission) == []
