"""The queue as a table of decisions to make, filtered, and worked on several cases at once."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import Case, Decision
from media_analysis.review.services import cases
from media_analysis.submissions.models import SavedFilter
from ml.models import Analysis, FindingRow, Thumbnail
from tests.people import Person, Send, picture
from tests.review.test_services import opened

QUEUE, BULK = "/review/", "/review/bulk/"


@pytest.fixture
def waiting(alice: Person, send: Send) -> list[Case]:
    return [opened(alice, send, shade) for shade in (1, 2, 3)]


def queue(person: Person, order: str = "") -> str:
    return person.client().get(QUEUE + order).content.decode()


def test_a_row_tells_what_stands_out(alice: Person, waiting: list[Case]) -> None:
    """Strongest finding with its score, length, sender, and a picture of a few grey pixels that is
    no look at the media."""
    analysis = waiting[0].submission.analysis
    Analysis.objects.filter(pk=analysis.pk).update(media={"kind": "video", "duration": 12.3})
    for name, strength, value in (("compression", "weak", None), ("voice_spoof", "strong", 0.81)):
        FindingRow.objects.create(
            analysis=analysis, detector=name, status="ran", reason=f"{name} spoke",
            probability_manipulated=value,
            evidence=[{"code": "c", "text": "t", "strength": strength, "data": {}}],
        )  # fmt: skip
    Thumbnail.objects.create(analysis=analysis, name="frame", png=picture(size=(480, 360)))
    page = queue(alice)
    assert "voice_spoof spoke" in page and "compression spoke" not in page and "0.81" in page
    assert "0:12.3" in page and str(alice.user) in page
    url = reverse("submissions:glimpse", args=[waiting[0].submission_id])
    assert url in page
    assert alice.client().get(url)["Content-Type"] == "image/png"
    assert not Event.objects.filter(verb=Verb.MEDIA_VIEWED).exists()


def test_the_filter_bar_narrows_and_forgets(
    alice: Person, bob: Person, waiting: list[Case]
) -> None:
    """By whose hands and by name; a chip takes it away; what it does not know narrows nothing."""
    cases.claim(bob.actor, waiting[0].pk)
    free = queue(alice, "?hands=free")
    assert str(waiting[0].pk) not in free and str(waiting[1].pk) in free
    assert "Assigned to: nobody" in free
    assert str(waiting[0].pk) in queue(bob, "?hands=mine")
    assert "No waiting case matches" in queue(alice, "?kind=video&q=x")
    assert queue(alice, "?hands=x&kind=%00&because=y").count("data-row") == 3


def test_an_expired_claim_is_shown_as_expired(
    alice: Person, bob: Person, waiting: list[Case]
) -> None:
    """To who held it and to others: no time in the past stands as the end of a claim."""
    cases.claim(bob.actor, waiting[0].pk)
    cases.claim(bob.actor, waiting[1].pk)
    assert "Claim expired" not in queue(alice)
    assert "<strong>you</strong>, until" in queue(bob)
    past = timezone.now() - timedelta(minutes=1)
    Case.objects.filter(pk=waiting[0].pk).update(lease_until=past)
    assert queue(alice).count("Claim expired") == 1
    assert queue(bob).count("claim expired: claim it again to continue") == 1


def test_several_cases_are_decided_after_a_preview(
    alice: Person, bob: Person, waiting: list[Case]
) -> None:
    """The preview changes nothing; then each has a decision of its own, and what Bob took
    meanwhile is passed over and counted."""
    client, ids = alice.client(), [str(case.pk) for case in waiting]
    page = client.post(BULK, {"case": ids})
    assert b"3 cases are chosen" in page.content and not Decision.objects.exists()
    cases.claim(bob.actor, waiting[1].pk)
    words = {"outcome": "unclear", "reason": "the same footage", "fence": "0", "confirmed": "1"}
    page = client.post(BULK, {"case": ids, **words}, follow=True)
    assert b"2 cases are decided. 1 could not be claimed" in page.content
    assert {d.case_id for d in Decision.objects.all()} == {waiting[0].pk, waiting[2].pk}
    lacking = client.post(BULK, {"case": [ids[1]], "confirmed": "1", "reason": "", "fence": "0"})
    assert lacking.status_code == 422


def test_a_lead_assigns_and_nobody_else_does(
    alice: Person, lead: Person, charlie: Person, waiting: list[Case]
) -> None:
    """The case is in Alice's hands; a moderator is refused; a stranger finds no such case; there is
    a limit."""
    body = {"case": [str(waiting[0].pk)], "assign": "1", "confirmed": "1",
            "person": str(alice.user.pk)}  # fmt: skip
    assert alice.client().post(BULK, body).status_code == 403
    assert b"You cannot work on any" in charlie.client().post(BULK, body, follow=True).content
    assert b"1 case is assigned" in lead.client().post(BULK, body, follow=True).content
    waiting[0].refresh_from_db()
    assert waiting[0].holder == alice.user
    assert cases.claim(alice.actor, waiting[0].pk).fence == waiting[0].fence
    assert Event.objects.filter(verb=Verb.CASE_ASSIGNED).count() == 1
    many = {"case": [str(uuid4()) for _ in range(51)]}
    assert b"At most 50" in alice.client().post(BULK, many, follow=True).content
    assert b"Choose at least one" in alice.client().post(BULK, {}, follow=True).content


def test_a_view_of_the_queue_is_saved_and_shared(
    alice: Person, bob: Person, charlie: Person
) -> None:
    """Only filters that the queue knows; on the queue and not in the history; Bob sees what Alice
    shared and Charlie nothing; deleting leads back to the queue."""
    address, queue = reverse("review:save_filter"), reverse("review:queue")
    form = {"name": "Videos", "query": "kind=video&evil=1", "team": str(alice.team.pk)}
    answer = alice.client().post(address, form)
    assert answer["Location"] == f"{queue}?kind=video"
    link = b'<a href="/review/?kind=video">Videos</a>'
    assert link in alice.client().get(queue).content and link in bob.client().get(queue).content
    assert link not in charlie.client().get(queue).content
    assert b">Videos</a>" not in alice.client().get(reverse("submissions:history")).content
    again = alice.client().post(address, form)
    assert again.status_code == 400 and b'value="kind=video"' in again.content
    assert alice.client().post(address, {**form, "query": "", "name": "x"}).status_code == 400
    delete = reverse("submissions:delete_filter", args=[SavedFilter.objects.get().pk])
    assert bob.client().post(delete).status_code == 404
    assert alice.client().post(delete)["Location"] == queue
