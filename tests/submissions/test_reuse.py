"""Results of known bytes are taken over where a team wants it: copies, never pointers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Scope
from accounts.refusals import Refusal
from audit.beside import beside
from audit.models import Event
from audit.verbs import Verb
from audit.who import SHELL
from jobs.services import claim_one
from media_analysis.review.models import Case
from media_analysis.submissions.models import Removal, ReuseRule, Submission
from media_analysis.submissions.services import erasing, holds, intake, reusing
from ml import metadata, pictures
from ml import services as ml
from ml.engine.conditions import conditions
from ml.models import Analysis, FindingRow
from sandbox.services import warden
from sandbox.trust import Of, TrustList
from tests.partners.conftest import Partner
from tests.partners.conftest import partner as partner
from tests.people import Person, Send, checked_at_once


@pytest.fixture
def send(send: Send) -> Send:
    return checked_at_once(send)


def examined(submission: Submission) -> Analysis:
    claim = claim_one(Analysis, submission.analysis_id, worker="t")
    assert claim is not None
    ml.run(claim)
    return Analysis.objects.get(pk=submission.analysis_id)


@pytest.fixture
def first(lead: Person, alice: Person, send: Send) -> Analysis:
    """The team's first analysis of these bytes, after its lead has switched reuse on."""
    reusing.switch(lead.actor, lead.team, on=True)
    return examined(send(alice))


@pytest.fixture
def never_examined(monkeypatch: pytest.MonkeyPatch, first: Analysis) -> None:
    """From now on, whoever would decode a file fails."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the bytes were examined again")

    monkeypatch.setattr(ml, "examine", refuse)


def test_known_bytes_get_the_same_result_at_once_and_say_so(
    never_examined: None, first: Analysis, bob: Person, send: Send, partner: Partner
) -> None:
    """Verdict, findings, pictures, metadata and digest are the same; page, REST and record tell the
    age; the case is opened as after any analysis."""
    again = send(bob)
    mine = examined(again)
    assert first.finished_at
    assert (mine.state, mine.outcome, mine.result_sha256) == (
        "done", first.outcome, first.result_sha256,
    )  # fmt: skip
    assert mine.digest_now() == first.digest_now() == mine.result_sha256
    assert mine.examined_at == first.finished_at and mine.pk != first.pk
    contents = [pictures.read(row).content for row in mine.thumbnails.order_by("id")]
    assert contents == [pictures.read(row).content for row in first.thumbnails.order_by("id")] != []
    assert metadata.read(first.pk)
    assert metadata.read(mine.pk) == metadata.read(first.pk)
    page = bob.client().get(reverse("submissions:detail", args=[again.pk])).content.decode()
    assert "Reused from an analysis of the same bytes" in page
    body = partner(Scope.SUBMISSIONS_READ).get(f"/api/v1/submissions/{again.pk}/").json()
    assert body["reused_from"]["age_seconds"] >= 0 and body["result"]["findings"]
    assert body["reused_from"]["analysed_at"] == first.finished_at.isoformat().replace(
        "+00:00", "Z"
    )
    event = Event.objects.get(chain=again.pk, verb=Verb.ANALYSIS_FINISHED)
    assert event.content["data"]["reused_from"] == first.finished_at.isoformat()
    assert str(first.pk) not in str(event.content)
    events = list(Event.objects.filter(chain=again.pk).order_by("seq"))
    assert beside(again.pk, events).first is None, "the record and its rows agree"
    assert (
        Case.objects.filter(submission=again).exists()
        is Case.objects.filter(submission=first.chain).exists()
    )
    third = examined(send(bob))
    assert third.examined_at == first.finished_at, "a copy of a copy names the examination"


def test_the_first_analysis_says_that_it_was_none(
    first: Analysis, partner: Partner, alice: Person
) -> None:
    body = partner(Scope.SUBMISSIONS_READ).get(f"/api/v1/submissions/{first.chain}/").json()
    assert body["reused_from"] is None and first.examined_at is None and first.conditions


def test_either_is_erased_by_itself(
    never_examined: None, first: Analysis, bob: Person, send: Send, admin: Person
) -> None:
    """A hold on the older one keeps nothing of the newer back; erasing the older leaves the newer
    whole, with its pictures, and no word of the older one in it."""
    again = send(bob)
    mine = examined(again)
    older = Submission.objects.get(pk=first.chain)
    holds.place(admin.actor, older, "evidence")
    holds.lift(admin.actor, older, "no longer")
    erasing.order(older, SHELL, "operator")
    assert erasing.run_due() == 1
    assert not Analysis.objects.filter(pk=first.pk).exists()
    fresh = Analysis.objects.get(pk=mine.pk)
    assert fresh.digest_now() == fresh.result_sha256
    assert all(pictures.read(row).content for row in fresh.thumbnails.all())
    text = str([event.content for event in Event.objects.filter(chain=again.pk)])
    assert str(first.pk) not in text and str(first.chain) not in text


@pytest.mark.parametrize(
    "why",
    ["off", "other team", "again", "planted", "failed", "conditions", "erasing", *reusing.COPIED],
)
def test_results_are_not_taken_over_where_something_differs(
    why: str, first: Analysis, lead: Person, bob: Person, charlie: Person, send: Send,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Another team, order or conditions, a check that failed, or parts that are gone."""
    older = Submission.objects.get(pk=first.chain)
    who = charlie if why == "other team" else bob
    if why == "off":
        reusing.switch(lead.actor, lead.team, on=False)
    if why == "other team":
        ReuseRule.objects.create(team=charlie.team, is_on=True)
    if why == "failed":
        FindingRow.objects.create(analysis=first, detector="x", status="failed", reason="x")
    if why == "conditions":
        monkeypatch.setattr(type(warden()), "trusted", {Of.SIGNERS: TrustList("", "0" * 64, 0)})
    if why in reusing.COPIED:
        Removal.objects.create(submission=older, part=why, days=1)
    if why == "erasing":
        erasing.order(older, SHELL, "request")
    if why == "again":
        newer = intake.analyse_again(bob.actor, older)
    elif why == "planted":
        newer = planted(older)
    else:
        newer = send(who)
    assert examined(newer).examined_at is None


def planted(original: Submission) -> Submission:
    """A copy of a golden case."""
    copy = Submission(team=original.team, blob=original.blob, planted=True)
    copy.analysis = ml.order(copy.blob, copy.pk)
    copy.save(force_insert=True)
    ml.queued(copy.analysis, SHELL)
    return copy


def test_only_those_who_run_the_queue_switch_it_and_it_is_on_record(
    lead: Person, alice: Person, charlie: Person
) -> None:
    """Off at first; a moderator and another team's admin cannot; the page does it."""
    assert not reusing.is_on(lead.team.pk)
    for person in (alice, charlie):
        with pytest.raises(Refusal):
            reusing.switch(person.actor, lead.team, on=True)
    address = reverse("teams:known_files", args=[lead.team.pk])
    lead.client().post(address, {"is_on": "on"})
    assert reusing.is_on(lead.team.pk)
    assert reusing.switch(lead.actor, lead.team, on=True) is False
    event = Event.objects.get(verb=Verb.SETTING_CHANGED)
    assert event.content["data"] == {"what": "reuse", "before": False, "after": True}


def test_conditions_follow_version_trust_and_runtime(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same without a change; each change makes others."""
    before = conditions("1")
    assert conditions("1") == before != conditions("2")
    monkeypatch.setenv("TOUCHSTONE_RUNTIME", "other")
    assert conditions("1") != before
