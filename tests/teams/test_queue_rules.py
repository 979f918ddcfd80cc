"""The ordered rules that fill queues: what they ask for, and dry runs of what they will do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ServiceAccount
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import Case, DecisionText, QueueRule
from media_analysis.review.search import dry_run, rule_match
from media_analysis.review.search.rule_match import Rules
from media_analysis.review.services import cases, rules
from media_analysis.submissions.models import Submission
from ml.engine.contract import Kind
from ml.engine.media import similarity
from ml.models import FindingRow, Look
from tests.people import Person, Send
from tests.previews.conftest import analysed
from tests.review.test_services import opened
from tests.teams.queueing import WORDS, made, queue_of, rule, url


def test_the_first_rule_that_fits_decides(lead: Person, alice: Person, send: Send) -> None:
    """Where, why and until when stand on the case; what no rule fits goes the usual way."""
    elections, rest = made(lead, "Elections", 4), made(lead, "Everything else")
    rule(lead, "Election media", context="elect", queue=elections, hours=2)
    rule(lead, "Pictures", kinds=["image"], queue=rest)
    first = analysed(send(alice, 1, policy_context="Election policy"), Kind.IMAGE)
    second = analysed(send(alice, 2), Kind.IMAGE)
    third = opened(alice, send, 3).submission  # its analysis failed: a picture, too
    assert [queue_of(one) for one in (first, second, third)] == [
        "Elections", "Everything else", "Everything else",
    ]  # fmt: skip
    case = Case.objects.get(submission=first)
    assert case.routed_by == "Election media" and case.due_at is not None
    assert abs(case.due_at - case.opened_at - timedelta(hours=2)) < timedelta(seconds=5)
    assert Case.objects.get(submission=second).due_at is None
    event = Event.objects.get(chain=first.pk, verb=Verb.CASE_OPENED)
    assert event.content["data"]["rule"] == "Election media"
    page = alice.client().get(reverse("review:case", args=[case.pk])).content.decode()
    assert "Queue Elections" in page and "by the rule “Election media”" in page and "Due " in page


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({"kinds": ["image"]}, True),
        ({"kinds": ["video", "audio"]}, False),
        ({"outcomes": ["inconclusive"]}, True),
        ({"outcomes": ["manipulation_found"]}, False),
        ({"probability_from": 0.2}, False),  # this one has no probability
        ({"context": "ELECTION"}, True),
        ({"context": "sport"}, False),
        ({"check_found": "face_forgery"}, False),
        ({"known": True}, False),
        ({"kinds": ["image"], "context": "election", "outcomes": ["inconclusive"]}, True),
        ({"kinds": ["image"], "context": "sport"}, False),
    ],
)
def test_all_conditions_have_to_hold(
    lead: Person, alice: Person, send: Send, conditions: dict[str, Any], fits: bool
) -> None:
    """One that is empty always does."""
    rule(lead, "It", queue=made(lead, "Chosen"), **conditions)
    sent = analysed(send(alice, policy_context="Election policy"), Kind.IMAGE)
    assert queue_of(sent) == ("Chosen" if fits else "")


def test_a_rule_can_ask_who_sent_it_and_whether_it_is_known(
    lead: Person, alice: Person, send: Send
) -> None:
    """A partner's files, and bytes that the team decided about before."""
    service = ServiceAccount.objects.create(team=lead.team, name="Wire")
    rule(lead, "Wire", sender=service, queue=made(lead, "Partners"))
    rule(lead, "Known", known=True, queue=made(lead, "Known files"))
    first = analysed(send(alice, 1), Kind.IMAGE)
    assert queue_of(first) == ""
    held = cases.claim(alice.actor, Case.objects.get(submission=first).pk)
    cases.decide(alice.actor, held.pk, held.fence, WORDS)
    assert queue_of(analysed(send(alice, 1), Kind.IMAGE)) == "Known files"
    assert queue_of(analysed(send(alice, 2), Kind.IMAGE)) == ""
    wired = send(alice, 3)
    Submission.objects.filter(pk=wired.pk).update(submitted_by=None, submitted_by_service=service)
    assert queue_of(analysed(wired, Kind.IMAGE)) == "Partners"


def test_a_rule_can_ask_for_what_one_check_found(lead: Person, alice: Person, send: Send) -> None:
    """Evidence of that very check for manipulation; not that it ran, not another check's."""
    asks = rule(lead, "Faces", check_found="face_forgery", queue=made(lead, "Faces"))
    sent = {}
    for shade, (check, supports) in enumerate(
        [("face_forgery", "manipulation_found"), ("face_forgery", None), ("compression", None)]
    ):
        sent[check, supports] = one = send(alice, shade)
        FindingRow.objects.create(
            analysis=one.analysis, detector=check, status="ran", reason="",
            evidence=[{"supports": supports, "strength": "strong"}],
        )  # fmt: skip
    fits = {
        case: bool(rule_match.fits_of_one(one, "inconclusive", [asks]))
        for case, one in sent.items()
    }
    assert [case for case, holds in fits.items() if holds] == [
        ("face_forgery", "manipulation_found")
    ]


def test_a_rule_can_spare_people_a_file(lead: Person, alice: Person, send: Send) -> None:
    """What fits is not reviewed, though the usual rule would ask for it."""
    rule(lead, "Tests of ours", context="selftest", reviews=False)
    assert queue_of(analysed(send(alice, 1, policy_context="selftest"), Kind.IMAGE)) is None
    assert queue_of(analysed(send(alice, 2), Kind.IMAGE)) == ""


def test_a_share_leaves_the_rest_to_the_next_rule(lead: Person, alice: Person) -> None:
    """Of 4,000 files a tenth goes to the first rule, and half of what is left to the second; the
    probability on the case is that of any way into review."""
    rules_now = Rules(
        frozenset(), 0.0,
        [QueueRule(name="tenth", share=0.1), QueueRule(name="half", share=0.5)],
    )  # fmt: skip
    placed = [
        rule_match.place(rules_now, f"file {n}", "inconclusive", rules_now.ordered)  # type: ignore[arg-type]
        for n in range(4000)
    ]
    by_rule = [one.rule.name for one in placed if one and one.rule]
    assert abs(by_rule.count("tenth") - 400) < 80 and abs(by_rule.count("half") - 1800) < 130
    assert {round(one.probability, 6) for one in placed if one} == {0.55}


@given(
    shares=st.lists(st.tuples(st.floats(0.01, 1), st.booleans()), max_size=5),
    usual=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_the_probability_is_that_of_coming_to_review(
    shares: list[tuple[float, bool]], usual: float
) -> None:
    """The sum over all ways in; a rule that spares people takes its share away."""
    ordered = [
        QueueRule(name=f"rule {n}", share=share, reviews=reviews)
        for n, (share, reviews) in enumerate(shares)
    ]
    wanted = frozenset({"inconclusive"}) if usual == 1 else frozenset()
    expected, left = 0.0, 1.0
    for share, reviews in shares:
        expected += left * share if reviews else 0.0
        left *= 1 - share
    expected += left * usual
    rules_now = Rules(wanted, usual if usual < 1 else 0.0, ordered)
    for n in range(20):
        placed = rule_match.place(rules_now, f"{n}", "inconclusive", ordered)  # type: ignore[arg-type]
        assert placed is None or abs(placed.probability - expected) < 1e-9


def test_a_dry_run_of_a_rule_predicts_exactly_what_it_then_does(
    lead: Person, alice: Person, send: Send
) -> None:
    """With a sampled share as well: which files, and which queue. Nothing is saved before."""
    chosen = made(lead, "Chosen")
    rules.route(lead.actor, lead.team, [])
    for shade in range(24):
        analysed(send(alice, shade), Kind.IMAGE if shade % 2 else None)
    assert not Case.objects.exists()
    form = {"name": "Half of it", "outcomes": ["inconclusive"], "share": "50",
            "goes": str(chosen.pk)}  # fmt: skip
    before = Event.objects.count()
    answer = lead.client().post(url("write_rule", lead), {**form, "try": "1"})
    assert answer.status_code == 200 and Event.objects.count() == before
    assert not QueueRule.objects.exists() and b"Nothing was saved." in answer.content
    today = Rules.of(lead.team.pk)
    wanted = QueueRule(name="Half of it", outcomes=["inconclusive"], share=0.5, queue=chosen)
    tried = dry_run.of(lead.team, today, replace(today, ordered=[wanted]))
    assert tried.now == 0 and 0 < tried.then < 12 and tried.queues == [("Chosen", tried.then)]
    assert lead.client().post(url("write_rule", lead), form).status_code == 302
    saved = Rules.of(lead.team.pk)
    again = dry_run.of(lead.team, replace(today, ordered=[]), saved)
    assert {one.pk for one in again.added} == {one.pk for one in tried.added}
    for sent in Submission.objects.all():  # routed again, as if they came today
        outcome = sent.analysis.outcome or "inconclusive"
        fits = rule_match.fits_of_one(sent, outcome, saved.ordered)
        goes = rule_match.place(saved, sent.pk, outcome, fits)
        assert (goes is not None) == (sent.pk in {one.pk for one in tried.added})


FAR = 2**63 + 12345


def looks(sent: Submission, bits: int) -> Submission:
    Look.of(sent.blob, 0.0, bits).save()
    return sent


def decided(who: Person, sent: Submission, outcome: str) -> None:
    held = cases.claim(who.actor, Case.objects.get(submission=sent).pk)
    cases.decide(who.actor, held.pk, held.fence, DecisionText(outcome, "as seen", ""))


@given(bits=st.integers(0, 2**64 - 1), changed=st.sets(st.integers(0, 63), max_size=12))
@settings(max_examples=30, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_the_database_finds_the_looks_that_are_near_and_no_others(
    lead: Person, alice: Person, send: Send, bits: int, changed: set[int]
) -> None:
    """Whatever bits differ: as `similarity.distance` says, the same bytes included."""
    with transaction.atomic():
        earlier = looks(analysed(send(alice, 1), Kind.IMAGE), bits)
        decided(alice, earlier, "manipulated")
        other = bits
        for place in changed:
            other ^= 1 << place
        sent = looks(send(alice, 2), other)
        asks = QueueRule(name="Alike", alike="manipulated")
        near = similarity.distance(bits, other) <= similarity.NEAR
        assert bool(rule_match.fits_of_one(sent, "inconclusive", [asks])) == near
        assert rule_match.fits_of_one(send(alice, 1), "inconclusive", [asks]) == [asks]
        transaction.set_rollback(True)


def test_a_rule_can_ask_how_what_looks_alike_was_decided(
    lead: Person, alice: Person, charlie: Person, send: Send
) -> None:
    """The newest decision before the file came; not another team's, not a later one."""
    first = looks(analysed(send(alice, 1), Kind.IMAGE), FAR)
    early = looks(send(alice, 2), FAR ^ 1)  # came before the decision
    elsewhere = looks(send(charlie, 4), FAR ^ 4)
    decided(alice, first, "manipulated")
    copy = looks(send(alice, 3), FAR ^ 2)
    fits = {
        alike: [bool(rule_match.fits_of_one(one, "inconclusive", [QueueRule(alike=alike)]))
                for one in (copy, early, elsewhere)]
        for alike in ("any", "manipulated", "not_manipulated")
    }  # fmt: skip
    assert fits == {
        "any": [True, False, False],
        "manipulated": [True, False, False],
        "not_manipulated": [False, False, False],
    }
    cases.reopen(lead.actor, Case.objects.get(submission=first).pk, why="new facts")
    decided(lead, first, "not_manipulated")
    later = looks(send(alice, 5), FAR ^ 3)
    asks = [QueueRule(alike="not_manipulated"), QueueRule(alike="manipulated")]
    assert rule_match.fits_of_one(later, "inconclusive", asks) == asks[:1]
    assert rule_match.fits_of_one(copy, "inconclusive", asks) == asks[1:]  # as it was then


def test_a_dry_run_predicts_what_a_rule_about_look_alikes_then_does(
    lead: Person, alice: Person, send: Send
) -> None:
    """Of 16 files after the decision, those that look like it: by the form, and when routed."""
    first = looks(analysed(send(alice, 200), Kind.IMAGE), FAR)
    decided(alice, first, "manipulated")
    rules.route(lead.actor, lead.team, [])
    near = set()
    for shade in range(16):
        bits = FAR ^ (0b111 << 3 * shade) if shade % 2 else FAR ^ (0x5555_5555 << shade)
        sent = looks(send(alice, shade), bits)
        if similarity.distance(bits, FAR) <= similarity.NEAR:
            near.add(sent.pk)
        analysed(sent, Kind.IMAGE)
    assert 4 <= len(near) <= 12
    form = {"name": "Alike", "alike": "manipulated", "share": "100", "goes": "general"}
    assert lead.client().post(url("write_rule", lead), {**form, "try": "1"}).status_code == 200
    today = Rules.of(lead.team.pk)
    wanted = QueueRule(name="Alike", alike="manipulated")
    tried = dry_run.of(lead.team, today, replace(today, ordered=[wanted]))
    assert {one.pk for one in tried.added} == near
    assert lead.client().post(url("write_rule", lead), form).status_code == 302
    page = lead.client().get(url("queues", lead)).content.decode()
    assert "similar to a decided file: Manipulated" in page
    saved = Rules.of(lead.team.pk)
    for sent in Submission.objects.exclude(pk=first.pk):  # routed again, as if they came today
        fits = rule_match.fits_of_one(sent, "inconclusive", saved.ordered)
        goes = rule_match.place(saved, sent.pk, "inconclusive", fits)
        assert (goes is not None) == (sent.pk in near)
    copy = looks(send(alice, 99), FAR ^ 1)
    assert queue_of(analysed(copy, Kind.IMAGE)) == ""  # the rule that was saved sends it


TAGS = st.sampled_from(["", "de", "de-AT", "de-Latn-DE", "den", "en", "en-GB", "zh-Hant", "pt-BR"])


@given(sent=st.lists(TAGS, min_size=1, max_size=8),
       languages=st.lists(TAGS.filter(bool), min_size=1, max_size=3, unique=True))  # fmt: skip
@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_a_dry_run_predicts_what_a_rule_about_languages_then_does(
    lead: Person, alice: Person, send: Send, sent: list[str], languages: list[str]
) -> None:
    """Whatever was sent and asked: a language fits itself and its regions, and nothing that only
    begins with its letters. What was predicted is what routing does with the saved rule."""
    with transaction.atomic():
        rules.route(lead.actor, lead.team, [])
        for shade, language in enumerate(sent):
            analysed(send(alice, shade, language=language), Kind.IMAGE)
        today = Rules.of(lead.team.pk)
        wanted = QueueRule(name="Spoken", languages=languages)
        tried = dry_run.of(lead.team, today, replace(today, ordered=[wanted]))
        predicted = {one.pk for one in tried.added}
        assert predicted == {
            one.pk
            for one in Submission.objects.all()
            if any(one.language == tag or one.language.startswith(f"{tag}-") for tag in languages)
        }
        rule(lead, "Spoken", languages=languages)
        for number, earlier in enumerate(list(Submission.objects.all())):
            again = send(alice, 100 + number, language=earlier.language)
            assert (queue_of(analysed(again, Kind.IMAGE)) == "") == (earlier.pk in predicted)
        transaction.set_rollback(True)


def test_a_lead_asks_for_languages_in_the_form(lead: Person) -> None:
    """Tags with commas, in any letters; a bad one is named in a sentence and nothing is saved. The
    list of rules says them by name, and the form shows them again."""
    form = {"name": "Spoken", "share": "100", "goes": "general"}
    client = lead.client()
    bad = client.post(url("write_rule", lead), {**form, "languages": "de, german!"})
    assert bad.status_code == 422 and "german!” is not a language tag" in bad.content.decode()
    assert not QueueRule.objects.exists()
    good = {**form, "languages": "DE-at, zh-hant, de-AT"}
    assert client.post(url("write_rule", lead), good).status_code == 302
    saved = QueueRule.objects.get()
    assert saved.languages == ["de-AT", "zh-Hant"]
    assert "language: German (de-AT), Traditional Chinese (zh-Hant)" in (
        client.get(url("queues", lead)).content.decode()
    )
    assert 'value="de-AT, zh-Hant"' in (
        client.get(url("edit_rule", lead, saved.pk)).content.decode()
    )
    with pytest.raises(Refusal) as refused:
        rule(lead, "Other", languages=["x-private"])
    assert refused.value.code == "language_malformed"


@pytest.mark.parametrize(
    "columns",
    [{"share": 0}, {"share": 1.5}, {"kinds": ["hologram"]}, {"outcomes": ["guilty"]},
     {"probability_from": 0.8, "probability_to": 0.2}, {"name": ""}, {"hours": 0}],
)  # fmt: skip
def test_the_database_refuses_a_rule_that_makes_no_sense(
    lead: Person, columns: dict[str, Any]
) -> None:
    """Whoever writes it."""
    with pytest.raises(IntegrityError), transaction.atomic():
        QueueRule.objects.create(**{"team": lead.team, "position": 1, "name": "x", **columns})
