"""Queue rules and policies: what they change, what they never change, what is on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import Case, Decision, DecisionText, Policy, RoutingRule
from media_analysis.review.search import dry_run
from media_analysis.review.search.rule_match import Rules
from media_analysis.review.services import cases as review
from media_analysis.review.services import routing, rules
from ml.engine.contract import Kind
from tests.people import Person, Send
from tests.previews.conftest import analysed
from tests.refusals import forbids
from tests.review.test_services import opened

USUAL = sorted(RoutingRule.DEFAULT_OUTCOMES)


def url(name: str, person: Person, *more: Any) -> str:
    return reverse(f"teams:{name}", args=[person.team.pk, *more])


def events(person: Person, verb: Verb) -> list[dict[str, Any]]:
    found = Event.objects.filter(chain=team_chain(person.team.pk), verb=verb).order_by("seq")
    return [event.content["data"] for event in found]


def routed(person: Person, send: Send, shade: int) -> bool:
    """Does an analysis that is set aside open a case?"""
    sent = send(person, shade)
    with transaction.atomic():
        routing.after_parking(sent.analysis)
    return Case.objects.filter(submission=sent).exists()


def test_a_rule_changes_what_opens_a_case(lead: Person, alice: Person, send: Send) -> None:
    """Without "inconclusive" nothing set aside opens a case; back to the usual rule it does."""
    client = lead.client()
    assert routed(alice, send, 1)
    client.post(url("rules", lead), {"outcomes": ["manipulation_found"]})
    assert not routed(alice, send, 2)
    page = client.get(url("rules", lead)).content.decode()
    assert "Reset to the default verdicts" in page
    client.post(url("rules", lead), {"outcomes": USUAL})
    assert routed(alice, send, 3)
    assert events(lead, Verb.QUEUE_CHANGED) == [
        {"before": USUAL, "after": ["manipulation_found"]},
        {"before": ["manipulation_found"], "after": USUAL},
    ]


def test_a_dry_run_predicts_exactly_what_the_rule_then_does(
    lead: Person, alice: Person, send: Send
) -> None:
    """Files of two outcomes: how many and which are told before, nothing is saved; the same
    files sent again under the new rule open exactly these cases."""
    rules.route(lead.actor, lead.team, ["manipulation_found"])
    kinds = [Kind.IMAGE, Kind.IMAGE, None, None, None]
    first = [analysed(send(alice, shade), kind) for shade, kind in enumerate(kinds)]
    wanted = ["inconclusive"]
    before = Event.objects.count()
    answer = lead.client().post(url("rules", lead), {"outcomes": wanted, "try": "1"})
    page = answer.content.decode()
    assert answer.status_code == 200 and Event.objects.count() == before
    assert rules.wanted(lead.team) == {"manipulation_found"} and not Case.objects.exists()
    assert "Of 5 analysed files" in page
    today = Rules.of(lead.team.pk)
    tried = dry_run.of(lead.team, today, replace(today, usual=frozenset(wanted)))
    assert (tried.now, tried.then, tried.hours) == (0, 2, None)
    assert {one.pk for one in tried.added} == {one.pk for one in first[:2]}
    rules.route(lead.actor, lead.team, wanted)
    again = [analysed(send(alice, shade), kind) for shade, kind in enumerate(kinds)]
    opened_now = set(Case.objects.values_list("submission", flat=True))
    assert opened_now == {one.pk for one in again[:2]} and len(opened_now) == tried.then


def test_saving_what_holds_already_is_no_event(lead: Person) -> None:
    """The page says that nothing was changed."""
    answer = lead.client().post(url("rules", lead), {"outcomes": USUAL}, follow=True)
    assert b"Nothing was changed" in answer.content and not events(lead, Verb.QUEUE_CHANGED)


def test_a_rule_that_asks_nobody_is_warned_of(lead: Person) -> None:
    """It may be meant, so it is kept, and said in plain words."""
    answer = lead.client().post(url("rules", lead), {}, follow=True)
    assert b"No verdict opens a case" in answer.content


def test_an_unknown_verdict_is_refused(lead: Person) -> None:
    """One sentence, nothing stored."""
    assert lead.client().post(url("rules", lead), {"outcomes": ["guilty"]}).status_code == 422
    with pytest.raises(Refusal):
        rules.route(lead.actor, lead.team, ["guilty"])
    assert rules.wanted(lead.team) == set(USUAL)


def test_a_moderator_and_charlie_change_no_rule(
    lead: Person, alice: Person, charlie: Person
) -> None:
    """Neither the pages nor the verbs let them."""
    assert alice.client().post(url("rules", lead), {}).status_code == 403
    assert charlie.client().post(url("rules", lead), {}).status_code == 404
    for actor in (alice.actor, charlie.actor):
        with forbids():
            rules.route(actor, lead.team, [])
        with forbids():
            rules.write_policy(actor, lead.team, "x", "")


def test_a_policy_named_with_an_e_mail_address_is_refused_in_one_sentence(lead: Person) -> None:
    """The record keeps the name and no personal data: written and renamed, 422, nothing changed."""
    client = lead.client()
    words = {"name": "Ask bob@example.org first", "text": "No altered faces."}
    answer = client.post(url("write_policy", lead), words)
    assert answer.status_code == 422
    assert b"cannot contain an email address" in answer.content
    assert not Policy.objects.exists()
    policy = rules.write_policy(lead.actor, lead.team, "Elections", "")
    answer = client.post(url("edit_policy", lead, policy.pk), words)
    assert answer.status_code == 422
    policy.refresh_from_db()
    assert policy.name == "Elections"


def test_a_policy_is_written_edited_retired_and_put_back(lead: Person) -> None:
    """Each step works from the pages and leaves its event."""
    client = lead.client()
    client.post(url("write_policy", lead), {"name": "Elections", "text": "No altered faces."})
    policy = Policy.objects.get()
    client.post(url("edit_policy", lead, policy.pk), {"name": "Elections", "text": "None at all."})
    client.post(url("retire_policy", lead, policy.pk))
    policy.refresh_from_db()
    assert policy.text == "None at all." and not policy.is_active
    assert b"Put back in force" in client.get(url("policies", lead)).content
    client.post(url("restore_policy", lead, policy.pk))
    policy.refresh_from_db()
    assert policy.is_active
    assert [e["how"] for e in events(lead, Verb.POLICY_CHANGED)] == [
        "written", "edited", "retired", "put back in force",
    ]  # fmt: skip


def test_two_policies_cannot_share_a_name(lead: Person) -> None:
    """The form says so, when writing and when renaming."""
    client = lead.client()
    for name in ("One", "Two"):
        client.post(url("write_policy", lead), {"name": name})
    two = Policy.objects.get(name="Two")
    assert client.post(url("write_policy", lead), {"name": "One"}).status_code == 422
    assert client.post(url("edit_policy", lead, two.pk), {"name": "One"}).status_code == 422
    assert Policy.objects.count() == 2


def test_a_policy_with_decisions_is_retired_not_deleted(
    lead: Person, alice: Person, send: Send
) -> None:
    """The page offers to retire it; the verb refuses; the decision keeps its text."""
    policy = rules.write_policy(lead.actor, lead.team, "Elections", "as it stood")
    case = review.claim(alice.actor, opened(alice, send).pk)
    words = DecisionText("unclear", "too blurred", policy_id=policy.pk)
    review.decide(alice.actor, case.pk, case.fence, words)
    client = lead.client()
    rules.edit_policy(lead.actor, policy, "Elections", "another text")
    assert b"Retire it instead" in client.get(url("delete_policy", lead, policy.pk)).content
    answer = client.post(url("delete_policy", lead, policy.pk), follow=True)
    assert b"Retire it instead" in answer.content and Policy.objects.exists()
    assert Decision.objects.get().policy_text == "as it stood"


def test_an_unused_policy_is_deleted_after_a_question(lead: Person) -> None:
    """GET asks, POST deletes."""
    policy = rules.write_policy(lead.actor, lead.team, "Draft", "")
    client = lead.client()
    assert b"cannot be undone" in client.get(url("delete_policy", lead, policy.pk)).content
    client.post(url("delete_policy", lead, policy.pk))
    assert not Policy.objects.exists()


def test_another_teams_policy_is_not_there(lead: Person, charlie: Person) -> None:
    """Neither by its own address nor through one's own team."""
    policy = rules.write_policy(lead.actor, lead.team, "Elections", "secret")
    client = charlie.client()
    for person in (lead, charlie):
        for name in ("edit_policy", "retire_policy", "delete_policy"):
            assert client.post(url(name, person, policy.pk), {"name": "x"}).status_code == 404
    huge = url("edit_policy", lead, 10**30)
    assert lead.client().get(huge).status_code == 404
    policy.refresh_from_db()
    assert policy.is_active and policy.text == "secret"
