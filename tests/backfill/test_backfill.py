"""Stored media is analysed again: once each, next to the earlier result, without changing anything
else."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from accounts.actors import SHELL_ACTOR
from accounts.refusals import Refusal
from audit.models import Event
from jobs.models import State
from jobs.runner import execute
from media_analysis.backfill.models import Backfill, BackfillItem, Stage
from media_analysis.backfill.search import report
from media_analysis.backfill.services import estimating, feeding, running
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases
from media_analysis.submissions.models import IndexCard, Submission
from media_analysis.submissions.presenters.custody import custody
from media_analysis.submissions.services import erasing
from media_analysis.webhooks.models import Delivery
from media_analysis.webhooks.models import Event as News
from ml.models import Analysis
from tests.backfill import analysed
from tests.backfill.analysed import (
    CLEAN,
    FOUND,
    NEW,
    OLD,
    UNSURE,
    planned,
    started,
    stored,
    taken,
    worked_off,
)  # fmt: skip
from tests.backfill.counted import items
from tests.people import Person

pytestmark = pytest.mark.django_db


def test_each_gets_a_further_analysis_and_keeps_the_one_in_force(
    alice: Person, settings: Any
) -> None:
    """The page, the card and REST go on showing what people saw."""
    one, two = stored(alice, 1), stored(alice, 2, FOUND)
    before = {one.pk: one.analysis_id, two.pk: two.analysis_id}
    cards = list(IndexCard.objects.order_by("pk").values())
    run = started()
    worked_off(settings, {one.blob_id: FOUND})
    run.refresh_from_db()
    assert (run.state, items(run)) == (Stage.DONE, {State.DONE: 2})
    for sent in (one, two):
        sent.refresh_from_db()
        assert sent.analysis_id == before[sent.pk]
        assert set(
            Analysis.objects.filter(chain=sent.pk).values_list("engine_version", flat=True)
        ) == {OLD, NEW}
    assert list(IndexCard.objects.order_by("pk").values()) == cards
    new = Analysis.objects.get(chain=one.pk, engine_version=NEW)
    assert (new.outcome, new.findings.get().version) == (FOUND, "2")
    assert new.thumbnails.count() == 1


def test_no_case_is_opened_and_no_webhook_is_sent(alice: Person, settings: Any) -> None:
    """A clean file that is found to be manipulated today is for the report alone."""
    one = stored(alice, 1)
    counts = News.objects.count(), Delivery.objects.count(), Case.objects.count()
    started()
    worked_off(settings, {one.blob_id: FOUND})
    assert Analysis.objects.filter(chain=one.pk, outcome=FOUND).exists()
    assert (News.objects.count(), Delivery.objects.count(), Case.objects.count()) == counts


def test_only_the_named_team_is_touched(alice: Person, charlie: Person, settings: Any) -> None:
    """Charlie's media are not counted, not queued, not analysed."""
    mine, foreign = stored(alice, 1), stored(charlie, 2)
    run = started(team=alice.team)
    assert run.estimate["files"] == {"image": 1}
    assert worked_off(settings) == [mine.blob_id]
    assert Analysis.objects.filter(chain=foreign.pk).count() == 1
    assert not BackfillItem.objects.filter(submission=foreign).exists()


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"kind": "video"}, []),
        ({"kind": "image", "outcome": "manipulation_found"}, [2]),
        ({"decided": True}, [2]),
        ({"decided": False}, [1, 3]),
        ({"detector": "compression", "older_than": "2.0"}, [1, 2]),
        ({"detector": "compression", "older_than": "2.10"}, [1, 2, 3]),
        ({"detector": "provenance", "older_than": "1"}, [1, 2, 3]),
        ({"detector": "voice_spoof", "older_than": "9"}, []),
        ({"since": timezone.now() + timedelta(minutes=30)}, []),
        ({"until": timezone.now() - timedelta(days=1)}, []),
    ],
)
def test_it_takes_what_the_selection_names(
    alice: Person, lead: Person, settings: Any, narrow: dict[str, Any], expected: list[int]
) -> None:
    """By kind, time, verdict, decision, and the version of one check; 2.10 is newer than 2.9."""
    sent = {1: stored(alice, 1), 2: stored(alice, 2, FOUND), 3: stored(alice, 3, detector="2.9")}
    decide(lead, sent[2], "manipulated")
    started(**narrow)
    by_hash = {one.blob_id: number for number, one in sent.items()}
    assert sorted(by_hash[sha256] for sha256 in worked_off(settings)) == expected


def decide(who: Person, submission: Submission, outcome: str) -> None:
    case = Case.objects.filter(submission=submission).first()
    if case is None:
        case = Case.objects.create(
            team=submission.team, submission=submission, opened_because="test"
        )
    held = cases.claim(who.actor, case.pk)
    cases.decide(who.actor, held.pk, held.fence, DecisionText(outcome, "as seen"))


def test_what_this_engine_has_analysed_is_skipped_and_counted(alice: Person, settings: Any) -> None:
    """So a second run costs nothing."""
    stored(alice, 1), stored(alice, 2, engine=NEW)
    run = started()
    assert run.estimate["skipped"] == {"current": 1}
    assert len(worked_off(settings)) == 1
    again = started()
    assert worked_off(settings) == []
    again.refresh_from_db()
    assert (again.state, again.skipped, again.ordered) == (Stage.DONE, {"current": 2}, 0)


def test_what_is_to_be_erased_is_skipped_and_what_was_erased_is_gone(
    alice: Person, settings: Any
) -> None:
    """Before it is queued, while it waits, and after it was analysed: no row of it is left."""
    going, waiting, done = stored(alice, 1), stored(alice, 2), stored(alice, 3)
    with transaction.atomic():
        erasing.order(going, analysed_by(), "request")
    run = started()
    feeding.feed()
    assert run.items.count() == 2
    with transaction.atomic():
        erasing.order(waiting, analysed_by(), "request")
    assert worked_off(settings) == [done.blob_id]
    run.refresh_from_db()
    now = report.progress(run)
    assert (now.done, now.left_out) == (1, {"erasure": 2})
    with transaction.atomic():
        erasing.order(done, analysed_by(), "request")
    erasing.run_due()
    assert not Submission.objects.exists()
    assert not Analysis.objects.exists()
    assert not BackfillItem.objects.exists()
    assert report.progress(run).erased == 2


def analysed_by() -> Any:
    return SHELL_ACTOR.who


def test_an_erasure_between_examining_and_writing_leaves_nothing(
    alice: Person, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The late result finds no submission and is refused."""
    one = stored(alice, 1)
    started()
    feeding.feed()
    settings.ML_ANALYSE = "tests.backfill.analysed.today"

    def erases_meanwhile(file: Any, *, sha256: str, **_: Any) -> Any:
        with transaction.atomic():
            erasing.order(one, analysed_by(), "operator")
        erasing.run_due()
        return analysed.result(sha256, FOUND, NEW)

    monkeypatch.setattr(analysed, "today", erases_meanwhile)
    mine = taken()
    assert mine is not None
    execute(mine)
    assert not Submission.objects.exists()
    assert not Analysis.objects.exists()
    assert not BackfillItem.objects.exists()


def test_the_report_equals_a_count_by_hand(alice: Person, lead: Person, settings: Any) -> None:
    """Six files: three verdicts change, one decision is contradicted newly and one already."""
    sent = [
        stored(alice, 1, CLEAN), stored(alice, 2, CLEAN), stored(alice, 3, FOUND),
        stored(alice, 4, FOUND), stored(alice, 5, UNSURE), stored(alice, 6, CLEAN),
    ]  # fmt: skip
    decide(lead, sent[1], "not_manipulated")  # clean, and manipulated by today's engine: newly
    decide(lead, sent[2], "manipulated")  # found, and found again: agrees
    decide(lead, sent[3], "not_manipulated")  # found, and found again: contradicted already
    decide(lead, sent[4], "unclear")
    says = {sent[1].blob_id: FOUND, sent[2].blob_id: FOUND, sent[3].blob_id: FOUND,
            sent[4].blob_id: FOUND, sent[5].blob_id: UNSURE}  # fmt: skip
    run = started()
    worked_off(settings, says)
    by_hand = {(CLEAN, CLEAN): 1, (CLEAN, FOUND): 1, (FOUND, FOUND): 2, (UNSURE, FOUND): 1,
               (CLEAN, UNSURE): 1}  # fmt: skip
    found = report.changes(run.items.all())
    assert {(one.before, one.after): one.n for one in found} == by_hand
    against = [
        (one.submission_id, one.contradicts) for one in report.contradictions(run.items.all())
    ]
    assert against == [(sent[1].pk, "newly"), (sent[3].pk, "already")]
    out = io.StringIO()
    call_command("backfill", "report", str(run.pk)[:8], stdout=out)
    assert "3 of 6 verdicts changed." in out.getvalue()
    assert "2 decisions are contradicted" in out.getvalue()
    sheet = io.StringIO()
    call_command("backfill", "report", str(run.pk), "--csv", "-", stdout=sheet)
    rows = list(csv.DictReader(io.StringIO(sheet.getvalue())))
    assert len(rows) == 6
    changed = [row for row in rows if row["verdict_before"] != row["verdict_after"]]
    assert {row["submission"] for row in changed} == {str(sent[n].pk) for n in (1, 4, 5)}
    assert [row["decision"] for row in rows if row["contradicts_decision"] == "newly"] == [
        "not_manipulated"
    ]
    assert {row["engine_before"] for row in rows} | {row["engine_after"] for row in rows} == {
        OLD,
        NEW,
    }


def test_decisions_stand(alice: Person, lead: Person, settings: Any) -> None:
    one = stored(alice, 1, FOUND)
    decide(lead, one, "manipulated")
    case = Case.objects.filter(submission=one).values().get()
    started()
    worked_off(settings, {one.blob_id: CLEAN})
    assert Case.objects.filter(submission=one).values().get() == case
    row = Submission.objects.with_decisions().get(pk=one.pk)
    assert row.decision is not None and row.decision["outcome"] == "manipulated"


def test_the_estimate_is_what_was_measured(alice: Person) -> None:
    """Two files that took 2 s each: 4 s of a slot, and the rate may be what limits."""
    stored(alice, 1), stored(alice, 2)
    counted = estimating.Estimate.of_json(planned().estimate)
    assert (counted.files, counted.seconds, counted.unmeasured) == ({"image": 2}, {"image": 4.0}, 0)
    assert estimating.hours(counted, 2, None) == pytest.approx(2 / 3600)
    assert estimating.hours(counted, 2, 1) == 2
    out = io.StringIO()
    call_command(
        "backfill", "plan", "--engine", NEW, "--hour-price", "1800", "--slots", "1", stdout=out
    )
    assert "To analyse: 2 files." in out.getvalue()
    assert "At 1800 an hour: 2." in out.getvalue()
    assert "Planned, not started" in out.getvalue()


def test_only_site_administrators_run_one(admin: Person, site_admin: Person) -> None:
    """The workers belong to everybody. A lead sees what reaches the own team, Charlie does not."""
    run = planned(team=admin.team)
    for verb in (running.start, running.pause, running.resume, running.cancel, running.retry):
        with pytest.raises(Refusal) as refused:
            verb(admin.actor, run.pk)
        assert refused.value.code == "site_admin_only"
    assert running.start(site_admin.actor, run.pk).state == Stage.RUNNING


def test_who_sees_a_backfill(
    alice: Person, lead: Person, site_admin: Person, charlie: Person, settings: Any
) -> None:
    """A lead those of the own team or of all teams, with the own team's files alone."""
    stored(alice, 1), stored(charlie, 2)
    own, all_teams = started(team=alice.team), started()
    worked_off(settings)

    def seen(person: Person) -> set[Backfill]:
        return set(Backfill.objects.for_actor(person.actor))

    assert seen(lead) == seen(site_admin) == {own, all_teams}
    assert seen(charlie) == {all_teams}
    assert seen(alice) == set()
    of_all = BackfillItem.objects.filter(run=all_teams)
    assert [one.submission.team for one in of_all.for_actor(charlie.actor)] == [charlie.team]
    assert not of_all.for_actor(lead.actor).exists()  # its one file was taken by the other run


@pytest.mark.parametrize(
    ("narrow", "part"),
    [
        ({"detector": "compression"}, "older_than"),
        ({"older_than": "2"}, "older_than"),
        ({"detector": "nonsense", "older_than": "2"}, "detector"),
        ({"detector": "compression", "older_than": "new"}, "older_than"),
        ({"kind": "hologram"}, "kind"),
        ({"outcome": "guilty"}, "outcome"),
        ({"since": timezone.now() + timedelta(days=1)}, "since"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(
    db: None, narrow: dict[str, Any], part: str
) -> None:
    with pytest.raises(Refusal) as refused:
        planned(**narrow)
    assert (refused.value.code, refused.value.data["part"]) == ("backfill_selection", part)
    assert not Backfill.objects.exists()


def test_the_database_keeps_what_was_found(alice: Person, charlie: Person, settings: Any) -> None:
    """Nobody points an item at another analysis, and no submission is taken twice in one run."""
    one, other = stored(alice, 1), stored(charlie, 2)
    run = started()
    worked_off(settings)
    mine = run.items.get(submission=one)
    theirs = run.items.get(submission=other)
    for wrong in ({"after": theirs.after}, {"before": theirs.before}, {"submission": other}):
        with pytest.raises(DatabaseError), transaction.atomic():
            BackfillItem._base_manager.filter(pk=mine.pk).update(**wrong)
    with pytest.raises(DatabaseError), transaction.atomic():
        BackfillItem.objects.create(run=run, submission=one, before=one.analysis, kind="image")
    with pytest.raises(DatabaseError), transaction.atomic():
        Backfill.objects.filter(pk=run.pk).update(engine_version="3")


def test_the_record_knows_every_analysis_of_a_backfill(alice: Person, settings: Any) -> None:
    """Ordered for a backfill, by whom, and with what outcome; the rows agree with the record."""
    one = stored(alice, 1)
    started()
    worked_off(settings)
    new = Analysis.objects.get(chain=one.pk, engine_version=NEW)
    verbs = (
        Event.objects.filter(object_id=str(new.pk)).order_by("seq").values_list("verb", flat=True)
    )
    assert list(verbs) == ["analysis.queued", "analysis.started", "analysis.finished"]
    assert custody(one)["intact"]


def test_the_shell_walks_the_whole_way(alice: Person, settings: Any) -> None:
    """plan, start, pause, resume, status, report, list; each says what it did."""
    stored(alice, 1)

    def output_of(*words: str) -> str:
        out = io.StringIO()
        call_command("backfill", *words, stdout=out)
        return out.getvalue()

    assert "1 files" in output_of("plan", "--team", "newsroom", "--engine", NEW)
    key = str(Backfill.objects.get().pk)
    for verb, state in (("start", "running"), ("pause", "paused"), ("resume", "running")):
        assert output_of(verb, key) == f"{key}: {state}.\n"
    worked_off(settings)
    assert "100 %" in output_of("status", key)
    assert "analysed 1, failed 0" in output_of("status", key)
    assert "0 of 1 verdicts changed." in output_of("report", key)
    assert f"{key}  done" in output_of("list")
    with pytest.raises(CommandError, match="There is no team"):
        output_of("plan", "--team", "nobody", "--engine", NEW)
    with pytest.raises(CommandError, match="is not a date"):
        output_of("plan", "--since", "yesterday", "--engine", NEW)
