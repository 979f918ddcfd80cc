"""Named queues and the ordered rules that fill them: where a file goes, who may claim it, when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ServiceAccount
from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import Case, Draft, Queue, QueueOrder, QueueRule, Words
from media_analysis.review.search import dry_run, queue, rule_match
from media_analysis.review.search.rule_match import Rules
from media_analysis.review.services import bulk, cases, leading, queues, rules
from media_analysis.submissions.models import Submission
from ml.engine.contract import Kind
from ml.engine.media import similarity
from ml.models import FindingRow, Look
from tests.people import Person, Send
from tests.previews.conftest import analysed
from tests.refusals import forbids
from tests.review.test_services import opened

PLAIN: dict[str, Any] = {
    "kinds": [], "outcomes": [], "probability_from": None, "probability_to": None,
    "check_found": "", "sender": None, "context": "", "languages": [], "known": False, "alike": "",
    "share": 1.0, "reviews": True, "queue": None, "hours": None,
}  # fmt: skip
WORDS = Words("manipulated", "the seam")


def url(name: str, person: Person, *more: Any) -> str:
    return reverse(f"teams:{name}", args=[person.team.pk, *more])


def made(lead: Person, name: str, hours: int | None = None, *people: Person) -> Queue:
    return queues.make(lead.actor, lead.team, name, hours, [one.user for one in people])


def rule(lead: Person, name: str, **said: Any) -> QueueRule:
    return queues.write_rule(lead.actor, lead.team, {**PLAIN, "name": name, **said})


def case_of(submission: Submission) -> Case | None:
    return Case.objects.filter(submission=submission).first()


def queue_of(submission: Submission) -> str | None:
    """Its name; empty for the general queue; None where nobody reviews the file."""
    case = case_of(submission)
    return None if case is None else (case.queue.name if case.queue else "")


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
    ("said", "fits"),
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
    lead: Person, alice: Person, send: Send, said: dict[str, Any], fits: bool
) -> None:
    """One that is empty always does."""
    rule(lead, "It", queue=made(lead, "Chosen"), **said)
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
        said: bool(rule_match.fits_of_one(one, "inconclusive", [asks]))
        for said, one in sent.items()
    }
    assert [said for said, holds in fits.items() if holds] == [
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
    cases.decide(who.actor, held.pk, held.fence, Words(outcome, "as seen", ""))


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
    said = {
        alike: [bool(rule_match.fits_of_one(one, "inconclusive", [QueueRule(alike=alike)]))
                for one in (copy, early, elsewhere)]
        for alike in ("any", "manipulated", "not_manipulated")
    }  # fmt: skip
    assert said == {
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
    shown = lead.client().get(url("queues", lead)).content.decode()
    assert "looks like a decided file: Manipulated" in shown
    saved = Rules.of(lead.team.pk)
    for sent in Submission.objects.exclude(pk=first.pk):  # routed again, as if they came today
        fits = rule_match.fits_of_one(sent, "inconclusive", saved.ordered)
        goes = rule_match.place(saved, sent.pk, "inconclusive", fits)
        assert (goes is not None) == (sent.pk in near)
    copy = looks(send(alice, 99), FAR ^ 1)
    assert queue_of(analysed(copy, Kind.IMAGE)) == ""  # the rule that was saved sends it


TAGS = st.sampled_from(["", "de", "de-AT", "de-Latn-DE", "den", "en", "en-GB", "zh-Hant", "pt-BR"])


@given(sent=st.lists(TAGS, min_size=1, max_size=8),
       asked=st.lists(TAGS.filter(bool), min_size=1, max_size=3, unique=True))  # fmt: skip
@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_a_dry_run_predicts_what_a_rule_about_languages_then_does(
    lead: Person, alice: Person, send: Send, sent: list[str], asked: list[str]
) -> None:
    """Whatever was sent and asked: a language fits itself and its regions, and nothing that only
    begins with its letters. What was predicted is what routing does with the saved rule."""
    with transaction.atomic():
        rules.route(lead.actor, lead.team, [])
        for shade, language in enumerate(sent):
            analysed(send(alice, shade, language=language), Kind.IMAGE)
        today = Rules.of(lead.team.pk)
        wanted = QueueRule(name="Spoken", languages=asked)
        tried = dry_run.of(lead.team, today, replace(today, ordered=[wanted]))
        predicted = {one.pk for one in tried.added}
        assert predicted == {
            one.pk
            for one in Submission.objects.all()
            if any(one.language == tag or one.language.startswith(f"{tag}-") for tag in asked)
        }
        rule(lead, "Spoken", languages=asked)
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
    assert bad.status_code == 422 and "german!” is no language tag" in bad.content.decode()
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


def test_a_queue_for_some_is_closed_to_others(
    lead: Person, alice: Person, bob: Person, send: Send
) -> None:
    """Bob is not offered its case, cannot claim it, and a lead cannot assign it to him. A lead
    sees it all the same."""
    rule(lead, "All", queue=made(lead, "For Alice", None, alice))
    case = opened(alice, send)
    assert queue.count(bob.actor) == 0 and cases.claim_next(bob.actor) is None
    with pytest.raises(Refusal) as refused:
        cases.claim(bob.actor, case.pk)
    assert refused.value.code == "case_for_somebody_else"
    assert not bulk.assign_one(lead.actor, case, bob.user)
    assert queue.count(lead.actor) == 1
    assert cases.claim_next(alice.actor) == case


def test_nobody_claims_from_a_paused_queue(lead: Person, alice: Person, send: Send) -> None:
    """It still fills, and who holds a case of it decides it."""
    paused = made(lead, "Night shift")
    rule(lead, "All", queue=paused)
    held = cases.claim(alice.actor, opened(alice, send, 1).pk)
    queues.pause(lead.actor, paused, True)
    other = opened(alice, send, 2)
    assert cases.claim_next(alice.actor) is None
    with pytest.raises(Refusal) as refused:
        cases.claim(alice.actor, other.pk)
    assert refused.value.code == "queue_paused"
    cases.decide(alice.actor, held.pk, held.fence, WORDS)
    queues.pause(lead.actor, paused, False)
    assert cases.claim_next(alice.actor) == other


def test_due_first_lets_no_case_starve(lead: Person, alice: Person, send: Send) -> None:
    """An urgent case comes before an older one that has time; one that is overdue comes first."""
    rules.work_in_order(lead.actor, lead.team, QueueOrder.DUE)
    rule(lead, "Urgent", context="urgent", queue=made(lead, "Urgent", 1))
    rule(lead, "Slow", context="slow", queue=made(lead, "Slow", 48))
    slow = analysed(send(alice, 1, policy_context="slow"), Kind.IMAGE)
    late = analysed(send(alice, 2, policy_context="slow"), Kind.IMAGE)
    urgent = analysed(send(alice, 3, policy_context="urgent"), Kind.IMAGE)
    timeless = analysed(send(alice, 4), Kind.IMAGE)
    Case.objects.filter(submission=late).update(due_at=timezone.now() - timedelta(hours=1))
    order = [one.submission for one in queue.shown(lead.actor)]
    assert order == [late, urgent, slow, timeless]
    assert queue.overdue(lead.actor) == 1
    counted = {one.name: (one.waiting, one.overdue) for one in queues.queues_of(lead.team)}
    assert counted == {"Slow": (2, 1), "Urgent": (1, 0)}
    page = alice.client().get(reverse("review:queue")).content.decode()
    assert "1 is overdue." in page and "Overdue" in page
    held = cases.claim(alice.actor, Case.objects.get(submission=late).pk)
    cases.decide(alice.actor, held.pk, held.fence, WORDS)
    slowly = queues.queues_of(lead.team).get(name="Slow")
    assert (slowly.waiting, slowly.overdue) == (1, 0)


def test_one_queue_can_be_worked_alone(lead: Person, alice: Person, send: Send) -> None:
    """The page narrowed to a queue claims from it, though another case is older."""
    chosen = made(lead, "Chosen")
    rule(lead, "Urgent", context="urgent", queue=chosen)
    analysed(send(alice, 1), Kind.IMAGE)
    urgent = analysed(send(alice, 2, policy_context="urgent"), Kind.IMAGE)
    client = alice.client()
    page = client.get(reverse("review:queue"), {"queue": chosen.pk}).content.decode()
    assert f'name="queue" value="{chosen.pk}"' in page
    answer = client.post(reverse("review:next"), {"queue": chosen.pk})
    case = Case.objects.get(submission=urgent)
    assert answer["Location"] == reverse("review:case", args=[case.pk])
    assert client.post(reverse("review:next"), {"queue": "none of it"}).status_code == 302


def test_a_lead_moves_a_waiting_case_with_a_reason(lead: Person, alice: Person, send: Send) -> None:
    """It gets the time of its new queue; a moderator cannot; one in somebody's hands stays."""
    urgent = made(lead, "Urgent", 2)
    case = opened(alice, send)
    move = reverse("review:move", args=[case.pk])
    assert alice.client().post(move, {"queue": urgent.pk, "why": "x"}).status_code == 403
    answer = lead.client().post(move, {"queue": urgent.pk, "why": ""}, follow=True)
    assert b"Say why the case moves" in answer.content
    lead.client().post(move, {"queue": urgent.pk, "why": "goes viral"})
    case.refresh_from_db()
    assert case.queue == urgent and case.due_at is not None
    assert Event.objects.filter(chain=case.submission_id, verb=Verb.CASE_MOVED).count() == 1
    cases.claim(alice.actor, case.pk)
    answer = lead.client().post(move, {"queue": "", "why": "calm again"}, follow=True)
    assert b"was not moved" in answer.content


def test_a_lead_takes_a_case_over_and_its_holder_keeps_a_draft(
    lead: Person, alice: Person, bob: Person, send: Send
) -> None:
    """What Alice writes afterwards is no decision; Bob cannot; the reason is on record."""
    held = cases.claim(alice.actor, opened(alice, send).pk)
    over = reverse("review:take_from", args=[held.pk])
    assert bob.client().post(over, {"why": "mine"}).status_code == 403
    assert lead.client().get(reverse("review:case", args=[held.pk])).content.count(b"takeover") > 0
    lead.client().post(over, {"why": "she is ill"})
    case = Case.objects.get(pk=held.pk)
    assert case.holder == lead.user and case.fence > held.fence
    with pytest.raises(Refusal):
        cases.decide(alice.actor, held.pk, held.fence, WORDS)
    assert Draft.objects.get(case=held).author == alice.user
    event = Event.objects.get(chain=held.submission_id, verb=Verb.CASE_ASSIGNED)
    assert event.content["data"]["taken_from"] == str(alice.user.pk)
    assert "she is ill" not in str(event.content)
    with pytest.raises(Refusal) as refused:
        leading.take_over(lead.actor, held.pk, "again")
    assert refused.value.code == "case_not_held"


def test_rules_change_places_and_their_pages_say_what_they_do(lead: Person) -> None:
    """Earlier and later, edited, deleted: each is an event of the team."""
    chosen = made(lead, "Chosen", 8)
    first, second = rule(lead, "First", kinds=["image"], queue=chosen), rule(lead, "Second")
    client = lead.client()
    client.post(url("move_rule", lead, second.pk), {"up": "1"})
    assert [one.name for one in queues.rules_of(lead.team)] == ["Second", "First"]
    client.post(url("move_rule", lead, second.pk), {"up": "1"})  # it is the first already
    form = {"name": "First", "kinds": ["video"], "share": "12.5", "goes": str(chosen.pk)}
    assert client.get(url("edit_rule", lead, first.pk)).status_code == 200
    assert client.post(url("edit_rule", lead, first.pk), form).status_code == 302
    page = client.get(url("queues", lead)).content.decode()
    assert "Video; 12.5 % of these" in page and "every file" in page and "in 8 h" in page
    client.post(url("delete_rule", lead, second.pk))
    found = Event.objects.filter(chain=team_chain(lead.team.pk), verb=Verb.QUEUE_CHANGED)
    assert [one.content["data"]["how"] for one in found.order_by("seq")] == [
        "queue made", "rule written", "rule written", "rule moved", "rule edited", "rule removed",
    ]  # fmt: skip


def test_what_cannot_be_is_refused_in_a_sentence(
    lead: Person, alice: Person, send: Send, charlie: Person
) -> None:
    """A name twice, bounds that cross, a queue in use, a foreign queue, and strangers."""
    chosen = made(lead, "Chosen")
    client = lead.client()
    page = client.post(url("queues", lead), {"name": "CHOSEN"})
    assert page.status_code == 422 and b"already has a queue named CHOSEN" in page.content
    form = {"name": "R", "share": "100", "goes": "general"}
    crossed = {**form, "probability_from": "0.9", "probability_to": "0.1"}
    assert client.post(url("write_rule", lead), crossed).status_code == 422
    rule(lead, "R", queue=chosen)
    assert b"already has a rule" in client.post(url("write_rule", lead), form).content
    client.post(url("delete_queue", lead, chosen.pk))
    assert Queue.objects.filter(pk=chosen.pk).exists()
    with pytest.raises(Refusal):
        rule(lead, "Foreign", queue=made(charlie, "Theirs"))
    for verb in (
        lambda: queues.make(alice.actor, lead.team, "Mine", None, []),
        lambda: queues.write_rule(charlie.actor, lead.team, {**PLAIN, "name": "Mine"}),
    ):
        with forbids():
            verb()
    assert alice.client().get(url("queues", lead)).status_code == 403
    assert charlie.client().get(url("queues", lead)).status_code == 404


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
