"""A wish to have something deleted: on record, seen, taken back, and never a silent erasure."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.utils import DatabaseError
from django.urls import reverse

from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from blobs.services import opened
from media_analysis.submissions.models import DeletionAnswer, DeletionRequest, Submission
from media_analysis.submissions.services import deletion
from tests.people import Person, Send
from tests.refusals import forbids


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
    assert "Deletion was requested" in page(alice, submission)
    assert "Withdraw request" not in page(alice, submission)
    assert "Deletion requested" in alice.client().get("/").content.decode()
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
    assert "Request deletion" in page(lead, submission)
    client.post(url, {"withdraw": "1"})
    client.post(url)
    requested, withdrawn = (
        Verb.SUBMISSION_DELETION_REQUESTED,
        Verb.SUBMISSION_DELETION_WITHDRAWN,
    )
    assert verbs(submission) == [requested, withdrawn, requested]
    assert DeletionRequest.objects.count() == 2


def test_a_moderator_and_a_stranger_may_not(alice: Person, charlie: Person, send: Send) -> None:
    """Neither asks, and neither is offered it."""
    submission = send(alice)
    for person in (alice, charlie):
        with forbids():
            deletion.ask(person.actor, submission)
        with forbids():
            deletion.withdraw(person.actor, submission)
    assert "Ask for deletion" not in page(alice, submission)
    assert verbs(submission) == []


def answered(person: Person, submission: Submission, answer: str, reason: str = "seen") -> str:
    url = reverse("submissions:answer_deletion", args=[submission.pk])
    sent = person.client().post(url, {"answer": answer, "reason": reason}, follow=True)
    assert sent.status_code == 200
    return sent.content.decode()


@pytest.mark.parametrize("answer", ["accepted", "declined"])
def test_an_admin_answers_and_whoever_asked_reads_it(
    lead: Person, admin: Person, alice: Person, send: Send, answer: str
) -> None:
    """From the list to the answer: one event with the reason's commitment, shown to the team."""
    submission = send(alice)
    deletion.ask(lead.actor, submission, "a child is shown")
    where = reverse("submissions:deletions")
    assert "1 waiting for your answer" in admin.client().get("/").content.decode()
    listed = admin.client().get(where).content.decode()
    assert "a child is shown" in listed and "Answer<span" in listed
    assert "Answer<span" not in lead.client().get(where).content.decode()
    answered(admin, submission, answer, "canary: the parents agree")
    for text in (page(lead, submission), lead.client().get(where).content.decode()):
        assert "canary: the parents agree" in text and str(admin.user) in text
    assert verbs(submission) == [
        Verb.SUBMISSION_DELETION_REQUESTED,
        f"submission.deletion_{answer}",
    ]
    for event in Event.objects.filter(chain=submission.pk):
        assert b"canary" not in bytes(event.payload)


def test_a_declined_wish_can_be_asked_anew_and_an_accepted_one_stands(
    lead: Person, admin: Person, send: Send
) -> None:
    """Declined: the form is there again. Accepted: asking again is asking once, and it can be
    taken back until the erasure begins."""
    submission = send(admin)
    deletion.ask(lead.actor, submission)
    deletion.answer(admin.actor, submission, DeletionAnswer.DECLINED, "needed in court")
    assert "Request deletion" in page(lead, submission)
    second = deletion.ask(lead.actor, submission)
    deletion.answer(admin.actor, submission, DeletionAnswer.ACCEPTED, "the court is done")
    assert deletion.ask(lead.actor, submission) == second
    assert deletion.withdraw(lead.actor, submission)
    assert DeletionRequest.objects.count() == 2


def test_an_answer_needs_a_reason_a_right_and_a_request_that_waits(
    lead: Person, admin: Person, alice: Person, charlie: Person, send: Send
) -> None:
    """Nothing changes without them; a second answer changes nothing either."""
    submission = send(alice)
    with pytest.raises(Refusal):
        deletion.answer(admin.actor, submission, DeletionAnswer.ACCEPTED, "why")
    deletion.ask(lead.actor, submission)
    for person in (lead, alice, charlie):
        with forbids():
            deletion.answer(person.actor, submission, DeletionAnswer.ACCEPTED, "why")
    assert "Give a reason" in answered(admin, submission, "accepted", " \0 ")
    assert "Accept or decline" in answered(admin, submission, "perhaps")
    deletion.answer(admin.actor, submission, DeletionAnswer.DECLINED, "why")
    assert "already answered or withdrawn" in answered(admin, submission, "accepted")
    assert len(verbs(submission)) == 2


def test_an_answer_is_final_in_the_database_too(lead: Person, admin: Person, send: Send) -> None:
    """A row's answer cannot be turned round, and none is half an answer."""
    submission = send(admin)
    request = deletion.ask(lead.actor, submission)
    with pytest.raises(DatabaseError), transaction.atomic():
        DeletionRequest.objects.filter(pk=request.pk).update(answer="accepted")
    deletion.answer(admin.actor, submission, DeletionAnswer.DECLINED, "why")
    for change in ({"answer": "accepted"}, {"answer_reason": "other"}, {"answered_by": "user:x"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            DeletionRequest.objects.filter(pk=request.pk).update(**change)


def test_the_list_is_of_ones_own_teams(
    lead: Person, admin: Person, charlie: Person, send: Send
) -> None:
    """Charlie runs another team and sees none of it."""
    deletion.ask(lead.actor, send(admin, name="canary.png"))
    assert b"canary" not in charlie.client().get(reverse("submissions:deletions")).content
