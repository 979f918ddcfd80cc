"""The engine's small pictures: who may look, what is on record, and where the boxes lie."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import Event
from audit.verbs import Verb
from media_analysis.submissions.models import Submission
from media_analysis.submissions.pictures import shown
from ml.models import Thumbnail
from tests.people import Person, Send, picture


@pytest.fixture
def sent(alice: Person, send: Send) -> Submission:
    submission = send(alice)
    for name in ("frame", "face-3"):
        Thumbnail.objects.create(analysis=submission.analysis, name=name, png=picture())
    return submission


def get(person: Person, submission: Submission, name: str = "frame"):
    return person.client().get(reverse("submissions:picture", args=[submission.pk, name]))


def looks(submission: Submission) -> int:
    return Event.objects.filter(chain=submission.pk, verb=Verb.MEDIA_VIEWED).count()


def test_a_look_is_on_record(viewer: Person, sent: Submission) -> None:
    """A viewer gets the engine's PNG, and the record says that they looked."""
    answer = get(viewer, sent)
    assert answer["Content-Type"] == "image/png" and answer.content == picture()
    event = Event.objects.get(chain=sent.pk, verb=Verb.MEDIA_VIEWED)
    assert event.who == f"user:{viewer.user.pk}" and event.object_id == sent.blob_id


def test_one_look_at_many_pictures_is_one_event(
    alice: Person, bob: Person, sent: Submission
) -> None:
    """The pictures of a page are one look; another person's look is another event."""
    for name in ("frame", "face-3", "frame"):
        assert get(alice, sent, name).status_code == 200
    assert looks(sent) == 1
    get(bob, sent)
    assert looks(sent) == 2


def test_who_may_not_look_leaves_no_trace_of_having_looked(
    charlie: Person, alice: Person, sent: Submission
) -> None:
    """A stranger's look and a picture that is not there answer alike and record nothing."""
    assert get(charlie, sent).status_code == get(alice, sent, "face-9").status_code == 404
    assert looks(sent) == 0


def test_boxes_lie_where_the_faces_are_in_the_first_frame(alice: Person, sent: Submission) -> None:
    """A face of the first frame has its box in the media's pixels; a later one has none."""
    result = {
        "media": {"kind": "video", "width": 640, "height": 360},
        "tracks": [
            {"id": 3, "first": 0, "last": 2.0, "boxes": [[0, 10, 20, 110, 140], [1, 0, 0, 9, 9]]},
            {"id": 4, "first": 1, "last": 2.0, "boxes": [[1, 300, 20, 400, 140]]},
        ],
    }
    frame, face = shown(sent, alice.actor, result)
    assert [(b["left"], b["top"], b["width"], b["height"], b["track"]) for b in frame["faces"]] == [
        (10, 20, 100, 120, 3)
    ]
    assert (frame["width"], frame["height"]) == (640, 360)
    assert face["caption"] == "Face 3, seen from 0.0 s to 2.0 s" and face["faces"] == []


def test_nobody_without_the_right_is_shown_pictures(charlie: Person, sent: Submission) -> None:
    """Not even their addresses."""
    assert shown(sent, charlie.actor, {}) == []
