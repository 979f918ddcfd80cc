"""The playback copy on the page: who may read it, in which ranges, and what is recorded."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from audit.models import Event
from audit.verbs import Verb
from blobs.services import opened
from media_analysis.previews import ranges
from media_analysis.previews.models import Preview
from media_analysis.submissions.models import Submission
from tests.people import Person
from tests.previews.conftest import Filmed, prepared

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(alice: Person, filmed: Filmed) -> Submission:
    return filmed(alice)


@pytest.fixture
def content(sent: Submission) -> bytes:
    film = prepared(sent).film
    assert film is not None
    with opened(film) as file:
        return file.read()


def get(person: Person, submission: Submission, **headers: str) -> Any:
    url = reverse("submissions:film", args=[submission.pk])
    return person.client().get(url, headers=headers)


def looks(submission: Submission) -> int:
    return Event.objects.filter(chain=submission.pk, verb=Verb.MEDIA_VIEWED).count()


def test_alice_and_bob_see_it_and_charlie_sees_nothing(
    alice: Person, bob: Person, viewer: Person, charlie: Person, sent: Submission, content: bytes
) -> None:
    """The team gets our copy; for a stranger it is not there, and nothing is on record."""
    assert get(charlie, sent).status_code == 404 and looks(sent) == 0
    for person in (alice, bob, viewer):
        answer = get(person, sent)
        assert b"".join(answer) == content
        assert answer["Content-Type"] == "video/webm"
        assert answer["Content-Length"] == str(len(content))
        assert answer["Cache-Control"].startswith("private")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "media-src 'self'" in answer["Content-Security-Policy"]
    assert looks(sent) == 3


def test_many_parts_are_one_look(alice: Person, sent: Submission, content: bytes) -> None:
    """A player asks for a film in pieces: one event."""
    for start in range(0, 5000, 1000):
        assert get(alice, sent, Range=f"bytes={start}-{start + 999}").status_code == 206
    assert looks(sent) == 1


def test_parts_are_those_that_were_asked_for(
    alice: Person, sent: Submission, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """206 with what was asked, never more at once than allowed; 416 for what is not there."""
    size = len(content)
    first = get(alice, sent, Range="bytes=0-")
    assert (first.status_code, first.content) == (206, content)
    assert first["Content-Range"] == f"bytes 0-{size - 1}/{size}"
    middle = get(alice, sent, Range="bytes=100-299")
    assert middle.content == content[100:300] and middle["Content-Length"] == "200"
    assert get(alice, sent, Range="bytes=-7").content == content[-7:]
    beyond = get(alice, sent, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{size}")
    whole = get(alice, sent, Range="lines=1-2")
    assert (whole.status_code, b"".join(whole)) == (200, content)
    monkeypatch.setattr(ranges.parse, "__defaults__", (64,))
    assert get(alice, sent, Range="bytes=10-").content == content[10:74]


def test_a_part_of_another_copy_is_not_given(
    alice: Person, sent: Submission, content: bytes
) -> None:
    """`If-Range` with this copy's tag gives the part, with any other the whole."""
    tag = get(alice, sent)["ETag"]
    fits = get(alice, sent, Range="bytes=5-9", **{"If-Range": tag})
    other = get(alice, sent, Range="bytes=5-9", **{"If-Range": '"another"'})
    assert (fits.status_code, fits.content) == (206, content[5:10])
    assert (other.status_code, b"".join(other)) == (200, content)
    head = alice.client().head(
        reverse("submissions:film", args=[sent.pk]), headers={"Range": "bytes=0-4"}
    )
    assert (head.status_code, head["Content-Length"]) == (200, str(len(content)))
    assert head["Accept-Ranges"] == "bytes"


def test_what_is_not_made_is_not_there(alice: Person, sent: Submission) -> None:
    """Neither while it is prepared nor for a picture; and no look is on record."""
    assert get(alice, sent).status_code == 404
    assert looks(sent) == 0


def test_the_page_tells_how_far_it_is(alice: Person, sent: Submission) -> None:
    """Being prepared: it says so and asks again. Ready: a muted player under its veil."""
    page = alice.client().get(reverse("submissions:detail", args=[sent.pk])).content.decode()
    panel = reverse("submissions:film_panel", args=[sent.pk])
    assert f'hx-get="{panel}"' in page and "is being prepared" in page and "<video" not in page
    prepared(sent)
    for url in (panel, reverse("submissions:detail", args=[sent.pk])):
        page = alice.client().get(url).content.decode()
        assert "<video" in page and "muted" in page and "panel player no-print veil" in page
        assert "hx-get" not in page and "The original is unchanged" in page


def test_asking_for_it_on_the_page(alice: Person, charlie: Person, sent: Submission) -> None:
    """A button where none was made; strangers cannot press it."""
    Preview.objects.all().delete()
    url = reverse("submissions:prepare_film", args=[sent.pk])
    assert charlie.client().post(url).status_code == 404
    assert alice.client().get(url).status_code == 302  # a GET leads to the page and makes nothing
    assert not Preview.objects.exists()
    page = alice.client().get(reverse("submissions:detail", args=[sent.pk])).content.decode()
    assert "Prepare a copy" in page
    assert alice.client().post(url).status_code == 302
    assert Preview.objects.get().state == "queued"


def test_a_damaged_store_is_told_as_missing(
    alice: Person, sent: Submission, content: bytes
) -> None:
    """Bytes that are gone answer like a film that is not there."""
    from blobs import vault

    film = Preview.objects.get().film
    assert film is not None
    vault.storage().delete(vault.name_of(film.pk))
    assert get(alice, sent).status_code == 404
