"""Retention by part: what a rule removes, what stays, what keeps everything, and how it goes on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

import blobs.services
import ml.services
from accounts.models import Team
from audit import sealer
from audit.beside import beside
from audit.checking import verify_database
from audit.models import Event
from audit.verbs import Verb
from audit.who import SHELL
from blobs import scrubbing, vault
from blobs.models import Blob, Damage
from media_analysis.partners.models import IdempotentRequest
from media_analysis.previews.models import Preview
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases, golden, routing
from media_analysis.submissions.models import (
    CheckCard,
    Part,
    PartRule,
    Removal,
    RetentionRule,
    Submission,
)
from media_analysis.submissions.services import erasing, holds, intake, part_rules, parts, retention
from media_analysis.submissions.services.intake import submit
from ml.engine.contract import Outcome
from ml.models import Analysis, FindingRow, Thumbnail
from tests.audit.house import analysed
from tests.people import Person, Send, checked_at_once, picture
from tests.submissions.test_traces import ERASED, FILM, HELD, Newsroom, canary, traces

ALL = tuple(Part.values)


@pytest.fixture
def send(send: Send) -> Send:
    return checked_at_once(send)


def aged(submission: Submission, days: int, kind: str = "image") -> None:
    received(submission, timezone.now() - timedelta(days=days), kind)


def received(submission: Submission, old: datetime, kind: str = "image") -> None:
    """As a superuser of a test may: the trigger refuses everybody else."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE submissions_submission SET created_at = %s WHERE id = %s",
                       [old, submission.pk])  # fmt: skip
        cursor.execute("UPDATE submissions_indexcard SET received_at = %s, kind = %s "
                       "WHERE submission_id = %s", [old, kind, submission.pk])  # fmt: skip
        cursor.execute("SET session_replication_role = origin")


def rule(team: Team, part: str, days: int = 10, kind: str = "image") -> PartRule:
    return PartRule.objects.create(team=team, kind=kind, part=part, days=days)


def old(submission: Submission) -> Submission:
    """Its analysis has ended, no case is open, and it came in 40 days ago."""
    ml.services.cancel(submission.analysis_id, SHELL)
    aged(submission, 40)
    return Submission.objects.get(pk=submission.pk)


def verbs(submission: Submission) -> list[str]:
    events = Event.objects.filter(chain=submission.pk).order_by("seq")
    return list(events.values_list("verb", flat=True))


class Archive(Newsroom):
    """Words, result, copy, small pictures and a decision; no text of anybody else names them."""

    def worked_on(self, n: int) -> Submission:
        word = canary(n)
        sent = submit(
            self.actor, self.team, io.BytesIO(picture(n) + word.encode()), f"{word}.png",
            note=f"note {word}", policy_context=f"context {word}", external_id=f"desk-{word}",
        ).submission  # fmt: skip
        sent = analysed(sent, Outcome.MANIPULATION_FOUND, frame=picture(n), word=word)
        self.film(sent, FILM.format(n=n))
        held = cases.claim(self.actor, Case.objects.get(submission=sent).pk)
        cases.decide(self.actor, held.pk, held.fence, DecisionText("manipulated", "the seam", ""))
        IdempotentRequest.objects.create(
            caller=f"user:{self.alice.pk}", key=f"key-{word}", fingerprint="0" * 64, submission=sent
        )
        return sent


@pytest.fixture
def archive(transactional_db: None) -> Iterator[Archive]:
    yield Archive()


def test_twenty_lose_every_part_and_five_holds_lose_none(
    archive: Archive, own_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No trace of words and media in store, dump and log. Verdict, decision and chain stay, and
    what is erased later is erased as ever."""
    caplog.set_level("DEBUG")
    going, staying = archive.submissions[:ERASED], archive.submissions[ERASED:]
    for one in archive.submissions:
        aged(one, 400, "video")  # only a video has every part
    for one in staying:
        holds.place(archive.actor, one, "needed in court")
    days = {"original": 30, "copies": 90, "findings": 270, "pictures": 180, "text": 365}
    of_parts = {("video", part): number for part, number in days.items()}
    retention.set_rules(archive.actor, archive.team, {}, of_parts)
    words = [canary(n).encode() for n in range(ERASED)]
    assert len({word for _, word in traces(words, own_home, "")}) == ERASED  # it sees them
    found = part_rules.dry_run(archive.team, part_rules.rules(archive.team))
    counts = {line.part: (line.submissions, line.bytes) for line in found}
    assert parts.run_due() == ERASED * len(ALL)
    removals = Removal.objects.all()
    assert removals.filter(ended_at=None).count() == 0
    for part in ALL:  # as the dry run had said
        mine = removals.filter(part=part)
        freed = sum(mine.values_list("bytes", flat=True))
        is_media = part in ("original", "copies", "pictures")
        assert counts[part] == (mine.count(), freed if is_media else None), part
        assert (freed > 0) is is_media
    assert traces(words, own_home, caplog.text) == []
    assert parts.run_due() == 0
    # What stays of the twenty.
    for one in going:
        assert not FindingRow.objects.filter(analysis__chain=one.pk).exists()
        analysis = Analysis.objects.get(chain=one.pk)
        assert (analysis.outcome, analysis.probability_manipulated) == ("manipulation_found", 0.9)
        assert not CheckCard.objects.filter(card=one.pk).exists()
        assert Case.objects.get(submission=one).decisions.count() == 1
        assert Blob.objects.get(pk=one.blob_id).damage == Damage.REMOVED
        removed, deleted = Verb.SUBMISSION_PART_REMOVED, Verb.SUBMISSION_PART_DELETED
        assert verbs(one)[-8:] == [
            removed, deleted, removed, removed, deleted, removed, deleted, removed,
        ]  # fmt: skip
    # The five are as they were.
    assert Thumbnail.objects.filter(analysis__chain__in=[one.pk for one in staying]).count() == HELD
    assert Preview.objects.count() == HELD and IdempotentRequest.objects.count() == HELD
    kept = FindingRow.objects.filter(analysis__chain__in=[one.pk for one in staying])
    assert kept.count() == CheckCard.objects.filter(tag="compression:ran").count() == HELD
    for one in staying:
        one.refresh_from_db(fields=["filename", "note"])
        assert one.note and one.filename
        with blobs.services.opened(one.blob) as file:
            assert file.read()
    # Scrubbing misses nothing, the record is whole, also after one of them is erased.
    tallies = list(scrubbing.scrub(scrubbing.due()))
    assert tallies[-1].damaged == {} and tallies[-1].checked == 3 * HELD
    with transaction.atomic():
        made = erasing.order(going[0], SHELL, "operator")
    assert erasing.carry_out(made.pk)
    for one in staying:  # no event has spoken of them since: being older would be a finding
        received(one, one.created_at)
    sealer.seal(everything=True)
    report = verify_database([], None)
    assert report.ok, report.as_text()


def test_removed_findings_are_told_from_altered_ones(alice: Person, send: Send) -> None:
    """The record stays whole without them. A result that somebody changes later does not fit."""
    sent = analysed(send(alice), Outcome.NO_MANIPULATION_FOUND, word="canary")
    aged(sent, 40)
    rule(alice.team, "findings")
    assert parts.run_due() == 1

    def first_difference() -> str:
        received(sent, sent.created_at)  # no event has spoken of that: it would be a finding
        events = list(Event.objects.filter(chain=sent.pk).order_by("seq"))
        found = beside(sent.pk, events).first
        return found.what if found else ""

    assert first_difference() == ""
    for change in (
        "UPDATE ml_analysis SET result = jsonb_set(result, '{tracks}', '[1]') WHERE chain = %s",
        "INSERT INTO ml_findingrow (analysis_id, detector, version, status, reason, evidence, "
        "segments, parameters, counts, seconds) SELECT id, 'x', '', 'ran', '', '[]', '[]', '{}', "
        "'{}', 0 FROM ml_analysis WHERE chain = %s",
    ):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
                cursor.execute(change, [sent.pk])
                cursor.execute("SET session_replication_role = origin")
            assert "result is" in first_difference()
            transaction.set_rollback(True)


def test_the_bytes_stay_while_another_team_needs_them(
    alice: Person, charlie: Person, bob: Person, send: Send
) -> None:
    """Each rule speaks for its own team, the last lets the bytes go, and they may come again."""
    mine, theirs = old(send(alice)), old(send(charlie))
    assert mine.blob_id == theirs.blob_id
    rule(alice.team, "original")
    assert parts.run_due() == 1
    removal = Removal.objects.get()
    assert (removal.submission_id, removal.shared, removal.bytes) == (mine.pk, 1, 0)
    assert vault.exists(mine.blob_id)
    media = reverse("api:submission-media", args=[mine.pk])
    answer = alice.client().get(media)
    assert answer.status_code == 410 and answer.json()["code"] == "original_removed"
    with intake.viewed(charlie.actor, theirs) as file:
        assert file.read()
    rule(charlie.team, "original")
    assert parts.run_due() == 1
    assert not vault.exists(mine.blob_id)
    assert Blob.objects.get(pk=mine.blob_id).damage == Damage.REMOVED
    again = send(bob)
    assert Blob.objects.get(pk=again.blob_id).damage == ""
    with intake.viewed(bob.actor, again) as file:
        assert file.read()
    assert alice.client().get(media).status_code == 410  # its own original stays removed


def test_erasing_the_last_that_needs_them_lets_the_bytes_go(
    alice: Person, charlie: Person, send: Send
) -> None:
    mine, theirs = old(send(alice)), old(send(charlie))
    rule(alice.team, "original")
    assert parts.run_due() == 1 and vault.exists(mine.blob_id)
    made = erasing.order(theirs, SHELL, "operator")
    assert erasing.carry_out(made.pk)
    assert not vault.exists(mine.blob_id)
    assert Blob.objects.get(pk=mine.blob_id).damage == Damage.REMOVED


@pytest.mark.parametrize("why", ["hold", "case", "analysis", "golden", "erasure", "young", "copy"])
def test_what_is_still_needed_keeps_every_part(
    admin: Person, lead: Person, send: Send, why: str
) -> None:
    submission = old(send(admin))
    match why:
        case "hold":
            holds.place(admin.actor, submission, "needed in court")
        case "case":
            routing.after_parking(submission.analysis)
        case "analysis":
            intake.analyse_again(admin.actor, submission)
        case "golden":
            golden.mark(lead.actor, submission, "manipulated", "")
        case "erasure":
            erasing.order(submission, SHELL, "operator")
        case "young":
            aged(submission, 9)
        case "copy":
            Preview.objects.create(source=submission.blob)
    for part in ("original", "pictures", "findings", "text"):
        rule(admin.team, part)
    assert parts.run_due() == 0 and not Removal.objects.exists()
    assert (
        sum(
            line.submissions
            for line in part_rules.dry_run(admin.team, part_rules.rules(admin.team))
        )
        == 0
    )


def test_the_preview_counts_what_is_still_needed(alice: Person, admin: Person, send: Send) -> None:
    """Two are old enough, and a legal hold keeps one of them."""
    one, two = old(send(alice)), old(send(alice))
    holds.place(admin.actor, two, "needed in court")
    (line,) = part_rules.dry_run(alice.team, {("image", "findings"): 10})
    assert (line.submissions, line.kept) == (1, 1)
    erasing.order(one, SHELL, "operator")
    (line,) = part_rules.dry_run(alice.team, {("image", "findings"): 10})
    assert (line.submissions, line.kept) == (0, 1)


def test_a_removal_that_was_cut_off_goes_on(alice: Person, send: Send) -> None:
    submission = old(send(alice))
    assert parts._remove(submission.pk, rule(alice.team, "original"))
    assert vault.exists(submission.blob_id)
    assert parts.run_due() == 0  # nothing new
    assert not vault.exists(submission.blob_id)
    assert Removal.objects.get().ended_at


def test_the_shell_removes_what_is_due_and_lists_it(
    alice: Person, send: Send, capsys: pytest.CaptureFixture[str]
) -> None:
    """`erase run` does what the workers do in their time: rules for parts and for the whole."""
    submission, other = old(send(alice)), old(send(alice))
    rule(alice.team, "findings")
    RetentionRule.objects.create(team=alice.team, kind="image", days=60)
    aged(other, 70)
    call_command("erase", "run")
    assert "1 erasures were ordered by rules. 1 erasures ended. 1 parts" in capsys.readouterr().out
    assert not Submission.objects.filter(pk=other.pk).exists()
    call_command("erase", "list")
    output = capsys.readouterr().out
    assert f"{submission.pk}  findings  removed" in output and "after 10 days" in output
    assert f"{other.pk}  retention  erased" in output
