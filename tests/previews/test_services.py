"""The verbs of looking: ordered with the verdict, made behind it, gone with the original."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import transaction
from django.template.loader import render_to_string

import blobs.services
from audit.models import Event
from audit.verbs import Verb
from audit.who import SYSTEM
from blobs import vault
from blobs.models import Blob
from jobs.claims import Claim
from jobs.errors import Why
from jobs.models import State
from jobs.runner import execute
from jobs.services import claim_one
from jobs.timing import InSeconds
from media_analysis.previews.models import Preview
from media_analysis.previews.services import copies
from media_analysis.review.models import Case
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import films
from media_analysis.submissions.services.intake import analyse_again, submit
from ml.engine.contract import Kind
from ml.models import Analysis
from sandbox.types import SandboxFailed
from tests.audit.helpers import triggers_off
from tests.people import Person, Send
from tests.previews import claps
from tests.previews.conftest import Filmed, analysed, prepared
from tests.refusals import forbids

pytestmark = pytest.mark.django_db(transaction=True)


def events(sha256: str, verb: Verb) -> list[dict[str, Any]]:
    found = Event.objects.filter(chain=blobs.services.blob_chain(sha256), verb=verb)
    return [event.content for event in found]


def test_a_finished_film_is_ordered_and_then_made(alice: Person, filmed: Filmed) -> None:
    """Queued in the transaction of the verdict; made, it lies in the vault and is on record."""
    submission = filmed(alice)
    preview = Preview.objects.get()
    assert (preview.source_id, preview.state, preview.film) == (submission.blob_id, "queued", None)
    preview = prepared(submission)
    assert preview.state == State.DONE and preview.film is not None
    assert preview.film.media_type == "video/webm"
    assert preview.seconds == pytest.approx(1.2, abs=0.05)
    with blobs.services.opened(preview.film) as file:
        found = claps.seen(io.BytesIO(file.read()))
    assert found.flash == pytest.approx(0.4, abs=0.04)
    [made] = events(submission.blob_id, Verb.PREVIEW_MADE)
    assert made["data"]["film"] == preview.film_id


def test_the_same_bytes_are_made_once(alice: Person, bob: Person, filmed: Filmed) -> None:
    """Sent again, analysed again: the copy that is there is used."""
    first = filmed(alice)
    made = prepared(first)
    again = filmed(bob)
    assert again.pk != first.pk and Preview.objects.get() == made
    analyse_again(alice.actor, first)
    first.refresh_from_db()
    analysed(first, duration=1.2)
    assert Preview.objects.get().state == State.DONE


@pytest.mark.parametrize("kind", [Kind.IMAGE, None])
def test_pictures_and_rejected_files_have_none(
    kind: Kind | None, alice: Person, filmed: Filmed
) -> None:
    """There is nothing to play."""
    submission = filmed(alice, kind=kind)
    assert not Preview.objects.exists()
    assert films.player_data(submission, alice.actor) is None


def test_the_length_is_bounded_and_it_can_be_turned_off(
    alice: Person, filmed: Filmed, settings: Any
) -> None:
    """Longer than allowed: none, and one sentence why. 0: none at all, and no word of it."""
    settings.PREVIEW_MAX_SECONDS = 90
    submission = filmed(alice, duration=91.0)
    player = films.player_data(submission, alice.actor)
    assert player is not None and not Preview.objects.exists()
    assert "longer than the limit of 1.5 minutes" in player["trouble"] and not player["prepare_url"]
    assert not films.prepare(alice.actor, submission)
    settings.PREVIEW_MAX_SECONDS = 0
    assert films.player_data(submission, alice.actor) is None
    filmed(alice, clap=0.8)
    assert not Preview.objects.exists()


@pytest.mark.parametrize("has_audio", [True, False])
def test_a_silent_video_has_no_switch_for_sound(
    alice: Person, filmed: Filmed, has_audio: bool
) -> None:
    """Nor the sentence that its sound is off."""
    submission = filmed(alice, has_audio=has_audio)
    player = films.player_data(submission, alice.actor)
    assert player is not None
    page = render_to_string(
        "bench/player.html", {"player": player | {"url": "/x"}, "veil": {"mute": True}}
    )
    assert ("With sound" in page) == ("The sound is off" in page) == has_audio


def test_longer_than_it_says_is_refused_in_words(
    alice: Person, filmed: Filmed, settings: Any
) -> None:
    """A file that lies about its length: the copy is refused with the sandbox's sentence."""
    submission = filmed(alice, duration=None)
    settings.PREVIEW_MAX_SECONDS = 1
    preview = prepared(submission)
    assert (preview.state, preview.reason_code, preview.film) == ("rejected", "too_long", None)
    [refused] = events(submission.blob_id, Verb.PREVIEW_NOT_MADE)
    assert refused["why"] == "too_long"
    player = films.player_data(submission, alice.actor)
    assert player is not None and "longer than the limit" in player["trouble"]


def test_what_kills_its_decoder_is_set_aside_and_may_be_asked_for_again(
    alice: Person, bob: Person, charlie: Person, filmed: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times, then parked with a sentence on the page; a team-mate asks for another try."""
    submission = filmed(alice)

    def dies(*_: Any, **__: Any) -> None:
        raise SandboxFailed("killed", "SIGSEGV")

    with monkeypatch.context() as broken:
        broken.setattr(copies, "make", dies)
        for _ in range(3):
            Preview.objects.update(available_at=InSeconds(0))
            preview = prepared(submission)
    assert (preview.state, preview.reason_code) == ("parked", "poison")
    assert len(events(submission.blob_id, Verb.PREVIEW_NOT_MADE)) == 1
    player = films.player_data(submission, bob.actor)
    assert (
        player is not None and "all attempts failed" in player["trouble"] and player["prepare_url"]
    )
    with forbids():
        films.prepare(charlie.actor, submission)
    assert films.prepare(bob.actor, submission)
    assert not films.prepare(bob.actor, submission), "it waits already"
    event = Event.objects.get(chain=submission.pk, verb=Verb.PREVIEW_ASKED)
    assert event.who == f"user:{bob.user.pk}"
    assert prepared(submission).state == State.DONE


def test_a_film_of_before_can_be_prepared(alice: Person, filmed: Filmed) -> None:
    """Analysed when there were no copies: the page offers it, once."""
    submission = filmed(alice)
    Preview.objects.all().delete()
    player = films.player_data(submission, alice.actor)
    assert player is not None and player["prepare_url"] and not player["trouble"]
    assert films.prepare(alice.actor, submission)
    assert prepared(submission).state == State.DONE


def test_a_verdict_goes_before_it(
    alice: Person, filmed: Filmed, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An analysis has waited for a second: the copy goes back to the queue, unblamed."""
    monkeypatch.setattr("media_analysis.previews.yield_timer.LOOK_EVERY", 0.0)
    submission = filmed(alice)
    waiting = send(alice)
    Analysis.objects.filter(pk=waiting.analysis_id).update(available_at=InSeconds(-2))
    preview = prepared(submission)
    assert (preview.state, preview.reason_code, preview.attempt) == ("queued", "gave_way", 0)
    assert not Blob.objects.filter(media_type="video/webm").exists()
    analysed(waiting, Kind.IMAGE)
    assert prepared(submission).state == State.DONE


def test_a_lost_lease_writes_nothing(
    alice: Person, filmed: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker took it meanwhile: the late copy has no row, and the other's stands."""
    submission = filmed(alice)
    preview = Preview.objects.get()
    late = claim_one(Preview, preview.pk, worker="w1")
    assert late is not None
    Preview.objects.update(state=State.QUEUED, lease_until=None)
    assert prepared(submission).state == State.DONE
    execute(late)
    preview.refresh_from_db()
    assert (preview.worker, preview.state) == ("w1", State.DONE)
    assert len(events(submission.blob_id, Verb.PREVIEW_MADE)) == 1


def test_it_stops_when_its_worker_is_told_to_go(alice: Person, filmed: Filmed) -> None:
    """Between two frames; it goes back and nothing of it is kept."""
    submission = filmed(alice)
    claim = claim_one(Preview, Preview.objects.get().pk, worker="w1")
    assert isinstance(claim, Claim)
    claim.stop(Why.SHUTDOWN)
    execute(claim)
    preview = Preview.objects.get()
    assert (preview.state, preview.reason_code) == ("queued", "released")
    assert submission.blob_id and Blob.objects.count() == 1


def test_it_goes_with_its_original(alice: Person, filmed: Filmed) -> None:
    """Row and bytes; but bytes that somebody sent in themselves stay."""
    submission, other = filmed(alice), filmed(alice, clap=0.8)
    film, kept = prepared(submission).film, prepared(other).film
    assert film is not None and kept is not None
    with blobs.services.opened(kept) as file:
        submit(alice.actor, alice.team, io.BytesIO(file.read()), "sent back.webm")
    for one in (submission, other):
        _erase(one)
    assert not Preview.objects.exists()
    assert not vault.exists(film.pk) and not Blob.objects.filter(pk=film.pk).exists()
    assert vault.exists(kept.pk) and Blob.objects.filter(pk=kept.pk).exists()
    [gone] = events(film.pk, Verb.BLOB_DELETED)
    assert gone["why"] == "its_original_was_deleted"


def _erase(submission: Submission) -> None:
    with transaction.atomic(), triggers_off():  # as the erasure that is to come
        analysis = submission.analysis
        Case.objects.filter(submission=submission).delete()
        submission.delete()
        analysis.delete()
        blobs.services.delete(submission.blob_id, who=SYSTEM, why="test")
