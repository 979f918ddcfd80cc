"""The same bytes a second time: earlier decisions are shown, and a person may take one over."""

from __future__ import annotations

import json
import uuid

import pytest
from django.db import transaction
from django.db.utils import DatabaseError
from django.urls import reverse

from accounts.models import Role
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import Case, Decision, DecisionText, Draft, Policy
from media_analysis.review.services import cases, known_bytes, queues
from tests.factories import MembershipFactory, TeamFactory
from tests.people import Person, Send
from tests.review.test_services import opened

WORDS = DecisionText("manipulated", "the seam along the jaw", note="canary: for the team")
NOTHING = DecisionText("", "")


def decided(person: Person, case: Case, words: DecisionText = WORDS) -> Decision:
    held = cases.claim(person.actor, case.pk)
    decision = cases.decide(person.actor, case.pk, held.fence, words)
    assert isinstance(decision, Decision)
    return decision


def page(person: Person, case: Case) -> str:
    return person.client().get(reverse("review:case", args=[case.pk])).content.decode()


def test_a_new_case_of_known_bytes_shows_the_earlier_decision(
    alice: Person, bob: Person, send: Send
) -> None:
    """Outcome, person and reason, and the way there; whether or not Bob holds the new case."""
    earlier = opened(alice, send)
    decided(alice, earlier)
    case = opened(bob, send)
    for _ in range(2):
        html = page(bob, case)
        assert "Known file" in html and "the seam along the jaw" in html
        assert reverse("review:case", args=[earlier.pk]) in html and str(alice.user) in html
        cases.claim(bob.actor, case.pk)
    assert 'data-key="t"' in page(bob, case)


def test_taking_over_is_a_decision_of_ones_own(alice: Person, bob: Person, send: Send) -> None:
    """Bob's decision with Alice's outcome and reason, not her note; its event names hers."""
    first = decided(alice, opened(alice, send))
    case = opened(bob, send)
    held = cases.claim(bob.actor, case.pk)
    url = reverse("review:take_over", args=[case.pk])
    answer = bob.client().post(url, {"fence": held.fence, "decision": first.pk}, follow=True)
    assert b"Decided as before" in answer.content and b"Adopted from" in answer.content
    second = Decision.objects.get(case=case)
    assert (second.decided_by, second.taken_from) == (bob.user, first)
    assert (second.outcome, second.reason, second.note) == (first.outcome, first.reason, "")
    event = Event.objects.get(chain=case.submission_id, verb=Verb.CASE_DECIDED)
    assert json.loads(bytes(event.payload))["data"]["taken_from"] == str(first.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(pk=second.pk).update(taken_from=None)


def test_only_a_decision_that_stands_about_the_same_bytes_is_taken_over(
    alice: Person, bob: Person, send: Send
) -> None:
    """Not of other bytes, not one whose case was opened again, not one that never was."""
    other = decided(alice, opened(alice, send, 7))
    again = opened(alice, send)
    first = decided(alice, again)
    cases.reopen(alice.actor, again.pk, why="a second look")
    case = opened(bob, send)
    held = cases.claim(bob.actor, case.pk)
    for pk in (other.pk, first.pk, uuid.uuid4()):
        with pytest.raises(Refusal):
            known_bytes.take_over(bob.actor, case.pk, held.fence, pk, NOTHING)
    assert "Adopt this decision" not in page(bob, case)
    assert not Decision.objects.filter(case=case).exists()


def test_decisions_that_differ_have_no_key(alice: Person, bob: Person, send: Send) -> None:
    """Both are shown with a button; no key chooses between them."""
    decided(alice, opened(alice, send))
    decided(alice, opened(alice, send), DecisionText("unclear", "too blurred"))
    case = opened(bob, send)
    cases.claim(bob.actor, case.pk)
    html = page(bob, case)
    assert html.count("Adopt this decision") == 2 and 'data-key="t"' not in html
    assert "The earlier decisions differ" in html


def test_a_policy_that_is_not_in_force_stops_it_and_keeps_the_words(
    alice: Person, bob: Person, send: Send
) -> None:
    """The form has the earlier words; Bob chooses a policy himself."""
    old = Policy.objects.create(team=alice.team, name="Old")
    first = decided(alice, opened(alice, send), DecisionText("unclear", "too blurred", "", old.pk))
    Policy.objects.filter(pk=old.pk).update(is_active=False)
    Policy.objects.create(team=alice.team, name="New")
    case = opened(bob, send)
    held = cases.claim(bob.actor, case.pk)
    url = reverse("review:take_over", args=[case.pk])
    answer = bob.client().post(url, {"fence": held.fence, "decision": first.pk}, follow=True)
    assert b"Choose the policy" in answer.content and b">\ntoo blurred<" in answer.content
    assert Draft.objects.get().author == bob.user
    assert not Decision.objects.filter(case=case).exists()


def test_a_decision_of_a_foreign_team_is_not_even_named(
    alice: Person, charlie: Person, send: Send
) -> None:
    """Charlie's team decided the same bytes; Alice's page knows nothing of it. Somebody in both
    teams sees both."""
    theirs = decided(charlie, opened(charlie, send), DecisionText("unclear", "canary"))
    case = opened(alice, send)
    held = cases.claim(alice.actor, case.pk)
    html = page(alice, case)
    assert "canary" not in html and "Known file" not in html
    with pytest.raises(Refusal):
        known_bytes.take_over(alice.actor, case.pk, held.fence, theirs.pk, NOTHING)
    MembershipFactory(user=alice.user, team=charlie.team, role=Role.VIEWER)
    assert "canary" in page(alice, case)


def test_whoever_holds_several_cases_sees_all_of_them(alice: Person, send: Send) -> None:
    """On the queue's page, also without the right place in its order; each names the others."""
    held = [opened(alice, send, shade) for shade in range(3)]
    elsewhere = Person(alice.user, TeamFactory())
    MembershipFactory(user=alice.user, team=elsewhere.team, role=Role.MODERATOR)
    held.append(opened(elsewhere, send, 9))
    for case in held:
        cases.claim(elsewhere.actor, case.pk)
    queue = alice.client().get(reverse("review:queue")).content.decode()
    mine = queue.partition("Assigned to you")[2].partition("</section>")[0]
    assert all(reverse("review:case", args=[case.pk]) in mine for case in held)
    for case in held:
        also = page(alice, case).partition("Also assigned to you")[2].partition("</p>")[0]
        links = [reverse("review:case", args=[c.pk]) in also for c in held]
        assert links == [c != case for c in held]


def test_the_notice_of_the_same_bytes_keeps_time(alice: Person, send: Send) -> None:
    """Before is before: the first names the second as later, the second the first as earlier."""
    first, second = send(alice, name="first.png"), send(alice, name="second.png")

    def notice(pk: uuid.UUID) -> tuple[bool, bool]:
        page = alice.client().get(reverse("submissions:detail", args=[pk])).content.decode()
        return "were submitted before" in page, "submitted again later" in page

    assert notice(first.pk) == (False, True)
    assert notice(second.pk) == (True, False)


def test_a_viewer_takes_nothing_over(alice: Person, viewer: Person, send: Send) -> None:
    """Sees the earlier decision, and no button."""
    decided(alice, opened(alice, send))
    case = opened(alice, send)
    html = page(viewer, case)
    assert "Known file" in html and "Adopt this decision" not in html


def test_waiting_cases_of_one_file_are_decided_together(
    alice: Person, charlie: Person, send: Send
) -> None:
    """The queue counts them in the row, the case offers it; a preview names each; not another
    file, not what is decided, and nothing of another team."""
    first, second, third = (opened(alice, send, shade) for shade in (7, 7, 8))
    foreign = opened(charlie, send, 7)
    client = alice.client()
    assert client.get(reverse("review:queue")).content.decode().count("+1 same") == 2
    assert "Decide this case and 1 other together" in page(alice, first)
    preview = client.post(reverse("review:bulk"), {"same": str(first.pk)})
    assert [one.pk for one in preview.context["chosen"]] == [first.pk, second.pk]
    ids = {"case": [str(first.pk), str(second.pk)], "outcome": "manipulated", "reason": "seam"}
    client.post(reverse("review:bulk"), {**ids, "fence": 0, "confirmed": "1"})
    assert not Case.objects.filter(pk__in=[first.pk, second.pk], state="open").exists()
    assert Case.objects.get(pk=third.pk).state == Case.objects.get(pk=foreign.pk).state == "open"
    assert "+1 same" not in client.get(reverse("review:queue")).content.decode()
    refused = client.post(reverse("review:bulk"), {"same": str(foreign.pk)}, follow=True)
    assert "chosen" not in refused.context


def test_what_waits_for_certain_people_is_not_decided_together(
    alice: Person, bob: Person, lead: Person, send: Send
) -> None:
    """Row, case and preview agree: Bob is not of the queue's people, Alice is."""
    first, second = opened(alice, send), opened(alice, send)
    queue = queues.make(lead.actor, lead.team, "Elections", None, [alice.user])
    Case.objects.filter(pk=second.pk).update(queue=queue)
    for person, others in ((alice, 1), (bob, 0)):
        rows = person.client().get(reverse("review:queue")).content.decode()
        assert ("+1 same" in rows) is bool(others)
        assert ("Decide this case and 1 other together" in page(person, first)) is bool(others)
        preview = person.client().post(reverse("review:bulk"), {"same": str(first.pk)})
        assert len(preview.context["chosen"]) == 1 + others
