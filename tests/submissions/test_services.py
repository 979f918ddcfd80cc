"""Intake: bytes first, rows second, answer last."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from django.db import connection, transaction

from accounts.refusals import Refusal
from audit.models import Event
from audit.services import record
from audit.verbs import Verb
from blobs.models import Blob
from blobs.services import opened
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters.custody import custody
from media_analysis.submissions.services.intake import cancel, submit, viewed
from ml.models import Analysis
from tests.people import Person, Send, picture
from tests.refusals import forbids


def verbs(submission: Submission) -> list[str]:
    events = Event.objects.filter(chain=submission.pk).order_by("seq")
    return list(events.values_list("verb", flat=True))


def test_what_was_acknowledged_exists(alice: Person, send: Send) -> None:
    """Blob, submission, queued analysis and their events are there together."""
    submission = send(alice, name="../x/holiday.png", note="please look")
    with opened(submission.blob) as file:
        assert file.read() == picture()
    assert submission.filename == "holiday.png"
    assert submission.analysis.state == "queued"
    assert verbs(submission) == [Verb.SUBMISSION_RECEIVED, Verb.ANALYSIS_QUEUED]


def test_the_record_holds_no_word_of_the_sender(alice: Person, send: Send) -> None:
    """Names and notes are committed to, never written into the chain."""
    submission = send(alice, name="canary-name.png", note="canary-note")
    for event in Event.objects.filter(chain=submission.pk):
        assert b"canary" not in bytes(event.payload)
    assert b"commitments" in bytes(Event.objects.get(chain=submission.pk, seq=1).payload)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"#EXTM3U\nfile:///etc/passwd", "type_not_allowed"),
        (b"%!PS", "type_not_allowed"),
    ],
)
@pytest.mark.django_db
def test_what_cannot_be_read_is_refused_and_not_kept(
    alice: Person, content: bytes, code: str
) -> None:
    """One sentence, a stable code, and nothing half-stored."""
    with pytest.raises(Refusal) as refused:
        submit(alice.actor, alice.team, BytesIO(content), "x.mp4")
    assert refused.value.code == code
    assert refused.value.sentence.endswith((".", "kept."))
    assert not Blob.objects.exists() and not Submission.objects.exists()


def test_a_file_over_the_limit_is_refused(alice: Person, settings: object) -> None:
    """As soon as the limit is passed, with the limit named."""
    settings.MAX_UPLOAD_BYTES = 100  # type: ignore[attr-defined]
    with pytest.raises(Refusal, match="larger than") as refused:
        submit(alice.actor, alice.team, BytesIO(picture()), "x.png")
    assert refused.value.code == "too_large"


def test_duplicates_are_told_never_refused(alice: Person, bob: Person, send: Send) -> None:
    """A team-mate hears of the earlier submission of the same bytes; one blob serves both."""
    first = send(alice)
    again = submit(bob.actor, bob.team, BytesIO(picture()), "other.png")
    assert again.earlier == first
    assert Blob.objects.count() == 1


def test_another_team_hears_nothing_of_the_same_bytes(
    alice: Person, charlie: Person, send: Send
) -> None:
    """That somebody else sent this is not told across teams."""
    send(alice)
    assert submit(charlie.actor, charlie.team, BytesIO(picture()), "x.png").earlier is None


def test_only_members_who_may_submit_do(viewer: Person, charlie: Person, alice: Person) -> None:
    """A viewer and a stranger cannot send media into the team."""
    for person in (viewer, charlie):
        with forbids():
            submit(person.actor, alice.team, BytesIO(picture()), "x.png")


def test_charlie_sees_nothing(alice: Person, bob: Person, charlie: Person, send: Send) -> None:
    """Default deny: the queryset starts from the actor."""
    mine = send(alice)
    assert mine in Submission.objects.for_actor(bob.actor)
    assert not Submission.objects.for_actor(charlie.actor).exists()


def test_every_look_is_an_event(bob: Person, alice: Person, send: Send) -> None:
    """The look is on record before the first byte is read."""
    submission = send(alice)
    with viewed(bob.actor, submission) as file:
        assert verbs(submission)[-1] == Verb.MEDIA_VIEWED
        assert file.read() == picture()


def test_cancelling_keeps_the_media(alice: Person, viewer: Person, send: Send) -> None:
    """A waiting analysis ends at once; the bytes stay; a viewer may not."""
    submission = send(alice)
    with forbids():
        cancel(viewer.actor, submission)
    assert cancel(alice.actor, submission)
    submission.analysis.refresh_from_db()
    assert submission.analysis.state == "cancelled"
    assert Blob.objects.filter(pk=submission.blob_id).exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_twenty_times_at_once(alice: Person) -> None:
    """Twenty parallel copies: one blob, twenty submissions, twenty whole chains."""

    def one(_: int) -> Submission:
        try:
            return submit(alice.actor, alice.team, BytesIO(picture()), "x.png").submission
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(one, range(20)))
    assert Blob.objects.count() == 1
    assert Analysis.objects.count() == 20
    assert Counter(tuple(verbs(s)) for s in sent) == {
        (Verb.SUBMISSION_RECEIVED, Verb.ANALYSIS_QUEUED): 20
    }


def test_the_story_names_team_mates_and_nobody_else(
    alice: Person, charlie: Person, send: Send
) -> None:
    """People of the team by the name they have today; the record itself holds none."""
    submission = send(alice)
    alice.user.name = "Alice Moreau"
    alice.user.save(update_fields=["name"])
    with transaction.atomic():
        for who in (alice.actor.who_in(alice.team.pk), charlie.actor.who_in(charlie.team.pk)):
            record(chain=submission.pk, verb=Verb.MEDIA_VIEWED, who=who, object_type="blob",
                   object_id=submission.blob_id, object_sha256=submission.blob_id)  # fmt: skip
    names = [event["who"] for event in custody(submission)["events"]]
    assert names[2].startswith("Alice Moreau")
    assert names[3].startswith(f"person {str(charlie.user.pk)[:8]}")
    kept = b"".join(bytes(e.payload) for e in Event.objects.filter(chain=submission.pk))
    assert b"Moreau" not in kept


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"verb": "submission.received"}'])
def test_an_event_that_cannot_be_read_is_shown_as_such(
    alice: Person, send: Send, payload: bytes
) -> None:
    """Whatever somebody wrote into the database, the page stands and says that it was altered."""
    submission = send(alice)
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            "update audit_event set payload = %s where chain = %s and seq = 2",
            [payload, submission.pk],
        )
    history = custody(submission)
    assert not history["intact"]
    assert history["events"][1]["text"] == "This event was altered and cannot be read."


def test_the_page_sees_a_broken_chain(alice: Person, send: Send) -> None:
    """Whole while nobody meddled; the first event that was altered is named."""
    submission = send(alice)
    history = custody(submission)
    assert history["intact"] and "All 2 events" in history["summary"]
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            "update audit_event set payload = payload || '\\x20' where chain = %s and seq = 2",
            [submission.pk],
        )
    history = custody(submission)
    assert not history["intact"] and history["summary"].startswith("Event 2")
