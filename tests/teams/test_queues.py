"""Named queues: who may claim from them, in which order, and what leads do with their cases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import Case, Decision, Draft, Queue, QueueOrder
from media_analysis.review.search import queue
from media_analysis.review.services import bulk, cases, leading, opinions, queues, rules
from ml.engine.contract import Kind
from tests.people import Person, Send
from tests.previews.conftest import analysed
from tests.refusals import forbids
from tests.review.test_services import opened
from tests.teams.queueing import PLAIN, WORDS, made, rule, url


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
    order = [one.submission for one in queue.visible_cases(lead.actor)]
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


def test_a_lead_gives_a_case_from_one_person_to_another(
    lead: Person, alice: Person, bob: Person, viewer: Person, charlie: Person, send: Send
) -> None:
    """Bob has it for a day, Alice keeps a draft of what she wrote; nobody who decides nothing here
    gets it, nor whose queue it is not, and a moderator gives nothing."""
    held = cases.claim(alice.actor, opened(alice, send).pk)
    give = reverse("review:take_from", args=[held.pk])
    client = lead.client()
    page = client.get(reverse("review:case", args=[held.pk])).content.decode()
    assert f'value="{bob.user.pk}"' in page and f'value="{alice.user.pk}"' not in page
    form = {"person": bob.user.pk, "why": "night shift"}
    assert bob.client().post(give, form).status_code == 403
    for wrong in (viewer, charlie):
        answer = client.post(give, {**form, "person": wrong.user.pk}, follow=True)
        assert b"does not decide cases in this team" in answer.content
    assert b"Say why" in client.post(give, {**form, "why": " "}, follow=True).content
    client.post(give, form)
    case = Case.objects.get(pk=held.pk)
    assert case.holder == bob.user and case.lease_until is not None
    assert case.lease_until - timezone.now() > timedelta(hours=23)
    with pytest.raises(Refusal):
        cases.decide(alice.actor, held.pk, held.fence, WORDS)
    assert Draft.objects.get(case=held).author == alice.user
    event = Event.objects.get(chain=held.submission_id, verb=Verb.CASE_ASSIGNED)
    assert event.content["data"]["to"] == str(bob.user.pk)
    assert event.content["data"]["taken_from"] == str(alice.user.pk)
    cases.decide(bob.actor, held.pk, case.fence, WORDS)


def test_a_case_is_not_given_to_whom_its_queue_is_closed(
    lead: Person, alice: Person, bob: Person, send: Send
) -> None:
    """The sentence says so and Alice keeps it."""
    rule(lead, "All", queue=made(lead, "For Alice", None, alice))
    held = cases.claim(alice.actor, opened(alice, send).pk)
    with pytest.raises(Refusal) as refused:
        leading.reassign(lead.actor, held.pk, bob.user, "night shift")
    assert refused.value.code == "case_not_for_that_person"
    held.refresh_from_db()
    assert held.holder == alice.user


def test_a_queue_has_a_share_of_second_opinions_of_its_own(
    lead: Person, alice: Person, bob: Person, send: Send
) -> None:
    """Every case of one queue is decided twice and none of the other, whatever the team says; what
    has no share of its own goes by the team's."""
    rule(lead, "Twice", context="twice", queue=made(lead, "Twice", second_share=1.0))
    rule(lead, "Once", context="once", queue=made(lead, "Once", second_share=0.0))
    rule(lead, "Plain", context="plain", queue=made(lead, "Plain"))
    for team_share, after_one in ((0.0, {"once", "plain"}), (1.0, {"once"})):
        opinions.choose_shares(lead.actor, lead.team, team_share, 0.0)
        sent = {
            context: analysed(send(alice, policy_context=context), Kind.IMAGE)
            for context in ("twice", "once", "plain")
        }
        decided = set()
        for context, submission in sent.items():
            held = cases.claim(bob.actor, Case.objects.get(submission=submission).pk)
            if isinstance(cases.decide(bob.actor, held.pk, held.fence, WORDS), Decision):
                decided.add(context)
        assert decided == after_one


def test_a_lead_sets_the_share_of_a_queue_on_its_page(lead: Person) -> None:
    """In percent; empty goes by the team's, which the list shows; the event holds it."""
    client, chosen = lead.client(), made(lead, "Chosen")
    opinions.choose_shares(lead.actor, lead.team, 0.05, 0.0)
    assert "5 %" in client.get(url("queues", lead)).content.decode()
    form = {"name": "Chosen", "second_share": "12.5"}
    assert client.post(url("edit_queue", lead, chosen.pk), form).status_code == 302
    assert "12.5 %" in client.get(url("queues", lead)).content.decode()
    assert 'value="12.5"' in client.get(url("edit_queue", lead, chosen.pk)).content.decode()
    event = Event.objects.filter(verb=Verb.QUEUE_CHANGED).latest("seq")
    assert event.content["data"]["second_share"] == 0.125
    over = {**form, "second_share": "101"}
    assert client.post(url("edit_queue", lead, chosen.pk), over).status_code == 422
    with pytest.raises(Refusal):
        queues.edit(lead.actor, chosen, "Chosen", None, [], 1.5)
    client.post(url("edit_queue", lead, chosen.pk), {"name": "Chosen", "second_share": ""})
    chosen.refresh_from_db()
    assert chosen.second_share is None


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


def test_a_rule_shows_its_versions(lead: Person) -> None:
    """What it said when, who wrote it, and when it changed its place; another rule's are not among
    them."""
    chosen = made(lead, "Chosen")
    first = rule(lead, "First", kinds=["image"], queue=chosen)
    rule(lead, "Second")
    client = lead.client()
    form = {"name": "Voices", "kinds": ["audio"], "share": "50", "goes": "nowhere"}
    client.post(url("edit_rule", lead, first.pk), form)
    client.post(url("move_rule", lead, first.pk), {})
    versions = client.get(url("edit_rule", lead, first.pk)).context["versions"]
    assert [(one["number"], one.get("name"), one.get("goes")) for one in versions] == [
        (2, None, None), (2, "Voices", "No review"), (1, "First", "Chosen"),
    ]  # fmt: skip
    assert "place 2" in versions[0]["moved"] and str(lead.user) in versions[1]["who"]
    assert [one["conditions"] for one in versions[1:]] == [["Sound", "50 % of these"], ["Image"]]


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
