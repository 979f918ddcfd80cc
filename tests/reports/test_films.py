"""An evidence video shows boxes, map and scores where and when the result has them, and is deleted
with its submission."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from django.test import override_settings
from django.urls import reverse
from numpy.typing import NDArray

import blobs.services
from accounts.models import Role
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from audit.who import SYSTEM
from blobs import vault
from blobs.models import Blob
from jobs.models import State
from jobs.runner import execute
from jobs.services import claim_one, park
from media_analysis.reports.film import drawing, making, scenes
from media_analysis.reports.keys import trusted_keys
from media_analysis.reports.models import EvidenceFilm, Report
from media_analysis.reports.services import films, issuing
from media_analysis.reports.verifying import FILM, verify
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import erasing
from ml.engine.contract import Evidence, Finding, Segment, Status, Strength
from tests.people import Person, member
from tests.previews import claps
from tests.previews.conftest import FRAMES, Filmed, prepared
from tests.reports.test_issuing import decided

pytestmark = pytest.mark.django_db(transaction=True)
BOX = (80.0, 40.0, 160.0, 120.0)
SEEN = 0.6
"""Until then the face and its score are there."""
WHERE = [[1.0, 0.0, 0.0, 0.0]] + [[0.0] * 4] * 3
TRACKS = [
    {"id": 1, "first": 0.0, "last": SEEN, "boxes": [[t / 10, *BOX] for t in range(7)]},
]
FINDING = Finding(
    "face_forgery", "1", Status.RAN, "Traces in a face.", score=0.8,
    evidence=(
        Evidence("traces", "Traces.", Strength.MODERATE,
                 {"face": 1, "seen_at": 0.1, "where": WHERE}),
    ),
    segments=(Segment(0.0, SEEN, 0.8),),
)  # fmt: skip


def with_face(who: Person, filmed: Filmed, *, sound: bool = True, **media: object) -> Case:
    span = (0.0, 1.2) if sound else None
    content = claps.film(FRAMES, 0.4, sound=span).getvalue()
    sent = filmed(who, content=content, findings=(FINDING,), tracks=TRACKS, **media)
    case: Case = Case.objects.select_related("submission__analysis", "submission__blob").get(
        submission=sent
    )
    return case


def made(case: Case, who: Person) -> EvidenceFilm:
    """By the runner that a worker calls."""
    prepared(case.submission)
    film = films.ask(who.actor, case)
    return ran(film)


def ran(film: EvidenceFilm) -> EvidenceFilm:
    claim = claim_one(EvidenceFilm, film.pk, worker="w1")
    assert claim is not None
    execute(claim)
    film.refresh_from_db()
    return film


def content_of(film: EvidenceFilm) -> bytes:
    assert film.film is not None
    with blobs.services.opened(film.film) as file:
        return file.read()


def decoded(content: bytes) -> dict[float, NDArray[np.uint8]]:
    with av.open(BytesIO(content), "r") as container:
        return {
            frame.time: np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for frame in container.decode(video=0)
            if frame.time is not None
        }


def at(frames: dict[float, NDArray[np.uint8]], seconds: float) -> NDArray[np.uint8]:
    return frames[min(frames, key=lambda time: abs(time - seconds))]


def like(part: NDArray[np.uint8], color: tuple[int, int, int]) -> bool:
    """As near as a compressed film comes to a colour of few pixels."""
    return bool(np.abs(part.reshape(-1, 3).mean(axis=0) - color).max() < 60)


def top_of_picture() -> int:
    return 3 * drawing.LINE + 2 * drawing.MARGIN + 1  # rounded to even


def test_boxes_map_and_scores_are_where_and_when_the_result_has_them(
    alice: Person, filmed: Filmed
) -> None:
    """The picture is twice as large as the media. After the face has gone nothing is drawn."""
    film = made(with_face(alice, filmed), alice)
    assert film.state == State.DONE and film.seconds == pytest.approx(1.2, abs=0.1)
    frames = decoded(content_of(film))
    early, late = at(frames, 0.2), at(frames, 1.1)
    top = top_of_picture()
    left, upper, right, lower = (round(2 * edge) for edge in BOX)
    edges = [
        np.s_[top + upper + 40 : top + lower - 20, left - 1 : left + 2],
        np.s_[top + upper + 40 : top + lower - 20, right - 1 : right + 2],
        np.s_[top + lower - 1 : top + lower + 2, left + 20 : right - 20],
    ]
    for edge in edges:
        assert like(early[edge], drawing.TRACKS[1])
        assert like(late[edge], (20, 20, 20))
    cell = np.s_[top + upper + 22 : top + upper + 36, left + 22 : left + 36]
    tinted = tuple(round(0.4 * 20 + drawing.MAP_SHARE * part) for part in drawing.MAP)
    assert like(early[cell], tinted)  # type: ignore[arg-type]
    assert like(late[cell], (20, 20, 20))
    line = top + 360 + drawing.MARGIN + drawing.LINE + 6
    start = drawing.MARGIN + drawing.NAME
    inside = np.s_[line : line + 3, start + 20 : start + round(0.7 * drawing.BAR)]
    beyond = np.s_[line : line + 3, start + round(0.85 * drawing.BAR) : start + drawing.BAR - 6]
    assert like(early[inside], drawing.INK) and like(early[beyond], drawing.PAPER)
    assert like(late[inside], drawing.PAPER)


def test_the_strip_names_case_versions_and_what_not_found_means(
    alice: Person, filmed: Filmed
) -> None:
    case = with_face(alice, filmed)
    scene = scenes.scene(case, 1.2, 60)
    assert str(case.pk) in scene.title[0]
    assert "Engine test" in scene.title[1] and case.submission.blob_id[:12] in scene.title[1]
    assert scene.title[2] == (
        "That no manipulation was found does not prove that the media is authentic."
    )
    font = drawing._font(True)
    assert all(font.getlength(line) < drawing.SIDE - 2 * drawing.MARGIN for line in scene.title)
    strip = at(decoded(content_of(made(case, alice))), 0.0)[: top_of_picture()]
    for number in range(3):
        y = drawing.MARGIN + number * drawing.LINE
        assert (strip[y : y + drawing.LINE].max(axis=2) > 150).sum() > 300  # there is ink


@pytest.mark.parametrize("sound", [True, False])
def test_sound_stays_with_the_picture_and_a_silent_video_stays_silent(
    alice: Person, filmed: Filmed, sound: bool
) -> None:
    content = content_of(made(with_face(alice, filmed, sound=sound), alice))
    flash = min(
        time for time, frame in decoded(content).items()
        if frame[top_of_picture() + 300 : top_of_picture() + 340].mean() > 128
    )  # fmt: skip
    assert flash == pytest.approx(0.4, abs=0.05)
    click = claps.seen(BytesIO(content)).click
    assert click == pytest.approx(0.4, abs=0.05) if sound else click is None
    with av.open(BytesIO(content)) as container:
        assert bool(container.streams.audio) is sound


def test_of_a_long_video_the_film_shows_the_segment_that_scored_highest(
    alice: Person, filmed: Filmed
) -> None:
    case = with_face(alice, filmed)
    with override_settings(EVIDENCE_FILM_SECONDS=1):
        film = made(case, alice)
    assert film.seconds == 1.0
    assert scenes.scene(case, 1.2, 1.0).start == 0.0  # the segment lies at the beginning
    late = scenes._start([{"segments": [
        {"start": 80.0, "length": 4.0, "score": 0.9, "flagged": False},
        {"start": 10.0, "length": 1.0, "score": 0.7, "flagged": True},
        {"start": 95.0, "length": 4.0, "score": 0.9, "flagged": True},
    ]}], 100.0, 20.0)  # fmt: skip
    assert late == 80.0


def test_a_report_names_the_film_and_the_check_takes_it(
    alice: Person, filmed: Filmed, tmp_path: Path
) -> None:
    """Without a film it names none; a changed film is refused."""
    case = with_face(alice, filmed)
    film = made(case, alice)
    held = cases.claim(alice.actor, case.pk)
    cases.decide(alice.actor, case.pk, held.fence, DecisionText("manipulated", "the jaw"))
    report = issuing.issue(alice.actor, case)
    named = json.loads(bytes(report.body))["evidence_film"]
    content = content_of(film)
    assert named["sha256"] == hashlib.sha256(content).hexdigest() == film.film_id
    assert named["size"] == len(content) and named["name"] == FILM
    files = list(issuing.files_of(report).values())
    keys = trusted_keys()
    assert verify(files, keys).missing == (FILM,)
    assert FILM in verify([*files, content], keys).files
    with pytest.raises(Exception, match="not as it was signed"):
        verify([*files, content[:-1] + b"?"], keys)


def test_a_film_is_on_record_and_counts_as_a_look(
    alice: Person, bob: Person, charlie: Person, filmed: Filmed
) -> None:
    """Alice requests it, a worker makes it, Bob downloads it as an attachment. Charlie finds
    nothing, and a viewer cannot have one made."""
    case = with_face(alice, filmed)
    prepared(case.submission)
    page = reverse("reports:of_case", args=[case.pk])
    assert b"Make the evidence video" in alice.client().get(page).content
    viewer = member(alice.team, Role.VIEWER)
    assert viewer.client().post(reverse("reports:make_film", args=[case.pk])).status_code == 404
    answer = alice.client().post(reverse("reports:make_film", args=[case.pk]), follow=True)
    assert answer.redirect_chain[-1][0] == f"{page}#evidence-film", "in view below a long statement"
    assert b"The evidence video is being made" in answer.content
    assert b"waiting for a worker" in answer.content and b"hx-trigger" in answer.content
    film = ran(EvidenceFilm.objects.get())
    url = reverse("reports:film", args=[film.pk])
    got = bob.client().get(url)
    assert b"".join(got) == content_of(film)
    assert got["Content-Disposition"] == f'attachment; filename="evidence-{case.pk}.webm"'
    assert got["Content-Type"] == "video/webm"
    assert film.film_id and film.film_id in bob.client().get(page).content.decode()
    events = Event.objects.filter(chain=case.submission_id).order_by("seq")
    looks = [(one.verb, one.who.partition(":")[0]) for one in events]
    for expected in (
        (Verb.EVIDENCE_FILM_ASKED, "user"), (Verb.EVIDENCE_FILM_MADE, "system"),
        (Verb.MEDIA_VIEWED, "user"), (Verb.EVIDENCE_FILM_DOWNLOADED, "user"),
    ):  # fmt: skip
        assert expected in looks
    for foreign in (page, url, reverse("reports:film_panel", args=[case.pk])):
        assert charlie.client().get(foreign).status_code == 404
    assert films.ask(bob.actor, case) == film and EvidenceFilm.objects.count() == 1


def test_without_a_copy_there_is_no_film_and_the_page_says_what_to_do(
    alice: Person, filmed: Filmed
) -> None:
    case = with_face(alice, filmed)
    with pytest.raises(Refusal) as refused:
        films.ask(alice.actor, case)
    assert refused.value.code == "film_needs_copy" and not EvidenceFilm.objects.exists()
    page = alice.client().get(reverse("reports:of_case", args=[case.pk])).content.decode()
    assert "Prepare the copy" in page and "Make the evidence video" not in page
    with override_settings(EVIDENCE_FILM_SECONDS=0):
        page = alice.client().get(reverse("reports:of_case", args=[case.pk])).content.decode()
    assert "Evidence video" not in page


def test_a_failed_film_says_so_and_is_tried_again(
    alice: Person, filmed: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = with_face(alice, filmed)
    prepared(case.submission)
    film = films.ask(alice.actor, case)
    claim = claim_one(EvidenceFilm, film.pk, worker="w1")
    assert claim is not None
    park(claim, "broken", "Broken by a test.")
    page = alice.client().get(reverse("reports:of_case", args=[case.pk])).content.decode()
    assert "all attempts failed" in page and "Try again" in page
    assert Event.objects.filter(verb=Verb.EVIDENCE_FILM_NOT_MADE).count() == 1
    alice.client().post(reverse("reports:make_film", args=[case.pk]))
    assert ran(film).state == State.DONE


@pytest.mark.parametrize(("cap", "value"), [("AT_LEAST", -100.0), ("MOST_BYTES", 10)])
def test_a_film_that_takes_too_long_or_too_much_room_is_given_up(
    alice: Person, filmed: Filmed, monkeypatch: pytest.MonkeyPatch, cap: str, value: float
) -> None:
    monkeypatch.setattr(making, cap, value)
    film = made(with_face(alice, filmed), alice)
    assert (film.state, film.reason_code, film.film) == (State.REJECTED, "too_expensive", None)
    page = alice.client().get(reverse("reports:of_case", args=[film.case_id])).content.decode()
    assert "could not be made" in page and "Try again" not in page


def test_a_film_is_erased_with_its_submission(
    alice: Person, filmed: Filmed, erase: Callable[[Submission], None]
) -> None:
    """Row and bytes; the record keeps its hash."""
    case = with_face(alice, filmed)
    film = made(case, alice)
    sha256 = film.film_id
    erase(case.submission)
    assert not EvidenceFilm.objects.exists() and not Report.objects.exists()
    assert not Blob.objects.filter(pk=sha256).exists()
    assert sha256 and not vault.exists(sha256)
    assert Event.objects.get(verb=Verb.EVIDENCE_FILM_MADE).content["object"]["sha256"] == sha256


@pytest.fixture
def erase() -> Callable[[Submission], None]:
    def _erase(submission: Submission) -> None:
        from django.db import transaction

        with transaction.atomic():
            ordered = erasing.order(submission, SYSTEM, "operator")
        assert erasing.carry_out(ordered.pk)

    return _erase


def test_after_the_reports_the_page_no_longer_advises_to_make_the_video_first(
    alice: Person, filmed: Filmed
) -> None:
    """Once the decision has a report in each language."""
    case = decided(alice, with_face(alice, filmed), "the seam along the jaw")
    prepared(case.submission)
    page = reverse("reports:of_case", args=[case.pk])
    issuing.issue(alice.actor, case, "en")
    assert "Make it before you issue the report" in alice.client().get(page).content.decode()
    issuing.issue(alice.actor, case, "de")
    html = alice.client().get(page).content.decode()
    assert "Make it before you issue" not in html
    assert "The reports that were issued do not name it." in html
