"""The engine's small pictures: who may look, what is on record, and where the boxes lie."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from audit.models import Event
from audit.verbs import Verb
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters import result
from media_analysis.submissions.services.pictures import frames_for_page, names, of_sound
from ml.models import Thumbnail
from tests.people import Answer, Person, Send, picture


@pytest.fixture
def sent(alice: Person, send: Send) -> Submission:
    submission = send(alice)
    for name in ("frame", "face-3"):
        Thumbnail.objects.create(analysis=submission.analysis, name=name, png=picture())
    return submission


def get(person: Person, submission: Submission, name: str = "frame") -> Answer:
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


@pytest.mark.django_db(transaction=True)
def test_pictures_asked_for_at_once_are_one_look(alice: Person, sent: Submission) -> None:
    """A browser asks for all pictures of a page in the same moment: still one event."""
    client = alice.client()
    url = reverse("submissions:picture", args=[sent.pk, "frame"])

    def ask(_: int) -> int:
        try:
            asking = Client()
            asking.cookies = client.cookies
            return asking.get(url).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(ask, range(12))) == {200}
    assert looks(sent) == 1


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
    frame, face = frames_for_page(sent, names(sent, alice.actor), result)
    assert [(b["left"], b["top"], b["width"], b["height"], b["track"]) for b in frame["faces"]] == [
        (10, 20, 100, 120, 3)
    ]
    assert (frame["width"], frame["height"]) == (640, 360)
    assert face["caption"] == "Face 3, seen from 0.0 s to 2.0 s" and face["faces"] == []


def test_nobody_without_the_right_is_shown_pictures(charlie: Person, sent: Submission) -> None:
    """Not even their addresses."""
    assert frames_for_page(sent, names(sent, charlie.actor), {}) == []


def test_moments_of_a_film_show_the_faces_of_their_time(alice: Person, send: Send) -> None:
    """Each moment has the boxes seen close to it, and the first frame is not told twice."""
    submission = send(alice)
    for name in ("frame", "at-0", "at-1500"):
        Thumbnail.objects.create(analysis=submission.analysis, name=name, png=picture())
    result = {
        "media": {"kind": "video", "width": 640, "height": 360},
        "tracks": [
            {"id": 1, "first": 0, "last": 1.4, "boxes": [[0, 1, 1, 9, 9], [1.4, 50, 20, 90, 60]]},
            {"id": 2, "first": 3, "last": 4, "boxes": [[3, 0, 0, 9, 9]]},
        ],
    }
    first, later = frames_for_page(submission, names(submission, alice.actor), result)
    assert [first["caption"], later["caption"]] == ["The video at 0.0 s", "The video at 1.5 s"]
    assert [box["left"] for box in first["faces"]] == [1]
    assert [box["left"] for box in later["faces"]] == [50]


def test_each_finding_tells_the_limits_of_its_check() -> None:
    """From the detector's card; a detector that is gone has none, and is no error."""
    from media_analysis.submissions.presenters.result import finding

    result = {"detector": "compression", "status": "ran", "reason": "r"}
    assert any("does not show" in limit for limit in finding(result)["limits"])
    assert finding(result)["score_meaning"].startswith("For images")
    for gone in ("retired", "../../etc/passwd"):
        assert finding({**result, "detector": gone})["limits"] == []


def test_a_sentence_leads_to_the_face_and_the_moment_it_speaks_of() -> None:
    """By its number where its picture is shown, and by its time where there is one; older results
    without a number lead nowhere."""
    data = {"face": 3, "seen_at": 12.44}
    finding = {"detector": "face_forgery", "status": "ran", "reason": "r",
            "evidence": [{"text": "t", "strength": "weak", "data": data}]}  # fmt: skip
    (item,) = result.finding(finding, {"face-3"})["evidence"]
    page = render_to_string(
        "result/finding.html",
        {"finding": {"anchor": "a", "status": "ran", "evidence": [item]}, "seekable": True},
    )
    assert '<a href="#face-3">See face 3</a>' in page
    assert '<a href="#t=12.44">Go to 0:12.4</a>' in page
    (dead,) = result.finding(finding)["evidence"]
    assert dead["face"]["anchor"] == "", "its picture is not on the page"
    data.clear()
    assert result.finding(finding, {"face-3"})["evidence"][0]["face"] is None


def test_drawings_of_the_sound_are_no_frames(
    alice: Person, charlie: Person, sent: Submission
) -> None:
    """They have their own place, for whoever may look; media without them has none."""
    assert of_sound(sent, names(sent, alice.actor)) == {}
    for name in ("waveform", "spectrogram"):
        Thumbnail.objects.create(analysis=sent.analysis, name=name, png=picture())
    named = names(sent, alice.actor)
    assert [
        frame["url"] for frame in frames_for_page(sent, named, {}) if "gram" in frame["url"]
    ] == []
    assert len(frames_for_page(sent, named, {})) == 2
    drawn = of_sound(sent, named)
    assert list(drawn) == ["waveform", "spectrogram"]
    assert alice.client().get(drawn["spectrogram"]).content == picture()
    assert of_sound(sent, names(sent, charlie.actor)) == {}


def test_what_a_check_read_stands_on_the_page_whole() -> None:
    """Nested values have no words: they are shown as they were kept; nothing is said twice."""
    from media_analysis.submissions.presenters.result import finding

    claims = {"generator": "Diffuser <1>", "actions": ["c2pa.created", {"when": None}]}
    result = {"detector": "provenance", "status": "ran", "reason": "r"}
    evidence = {"text": "It says so.", "strength": "weak", "data": claims}
    (item,) = finding({**result, "evidence": [evidence]})["evidence"]
    assert '"Diffuser <1>"' in item["raw"] and '{"when": null}' in item["raw"]
    (item,) = finding({**result, "evidence": [{**evidence, "data": {}}]})["evidence"]
    assert item["raw"] == ""
