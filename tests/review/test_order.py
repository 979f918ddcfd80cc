"""The order of a team's queue: chosen by a lead, kept by an index, fair between teams."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.urls import reverse

import ml.services
from accounts.models import Role, Team
from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.models import Event
from audit.verbs import Verb
from audit.who import SYSTEM
from jobs.models import State
from jobs.services import claim_one, finish
from media_analysis.review.models import Case, Queue, QueueOrder, RoutingRule
from media_analysis.review.search import queue
from media_analysis.review.search.claimable import AVAILABLE
from media_analysis.review.services import cases, routing, rules
from media_analysis.submissions.models import Submission
from ml.engine.contract import Outcome, Result, Verdict
from ml.models import Analysis
from tests.audit.helpers import triggers_off
from tests.factories import MembershipFactory, TeamFactory
from tests.people import Person, Send, member
from tests.refusals import forbids

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FOUND, OPEN, CLEAR = (
    Outcome.MANIPULATION_FOUND, Outcome.INCONCLUSIVE, Outcome.NO_MANIPULATION_FOUND
)  # fmt: skip


def ended(submission: Submission, outcome: Outcome, probability: float | None) -> None:
    """An analysis ends as a worker would end it, and is routed."""
    claim = claim_one(Analysis, submission.analysis_id, worker="test")
    assert claim is not None
    with transaction.atomic():
        finish(claim, State.DONE, outcome=outcome.value, reason="as tested",
               probability_manipulated=probability)  # fmt: skip
        analysis = Analysis.objects.get(pk=claim.pk)
        verdict = Verdict(outcome, "as tested", probability_manipulated=probability)
        routing.after_analysis(analysis, Result(None, verdict, (), "test", 0.0))


def works(team: Team, order: QueueOrder) -> None:
    """The team wants a person for everything, in this order."""
    RoutingRule.objects.update_or_create(
        team=team, defaults={"queue_order": order, "no_manipulation_found": True}
    )


def waits(who: Person, send: Send, shade: int, hours: int, *verdict: object) -> Case:
    sent = send(who, shade)
    ended(sent, *(verdict or (OPEN, None)))  # type: ignore[arg-type]
    with triggers_off():
        Case.objects.filter(submission=sent).update(opened_at=NOW - timedelta(hours=hours))
    return Case.objects.get(submission=sent)


def taken(who: Person) -> list[Case]:
    """All that is handed out, in turn."""
    handed_out = []
    while (case := cases.claim_next(who.actor)) is not None:
        handed_out.append(case)
    return handed_out


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (QueueOrder.OLDEST, ["clear", "unsure", "found", "declared", "unknown", "likely"]),
        (QueueOrder.NEWEST, ["likely", "unknown", "declared", "found", "unsure", "clear"]),
        (QueueOrder.PROBABLE, ["found", "declared", "likely", "unsure", "clear", "unknown"]),
    ],
)
def test_each_order_hands_out_as_it_says(
    alice: Person, send: Send, order: QueueOrder, names: list[str]
) -> None:
    """The page shows the same order; what was found comes before what is only probable."""
    works(alice.team, order)
    made = {
        "clear": waits(alice, send, 1, 9, CLEAR, 0.1),
        "unsure": waits(alice, send, 2, 8, OPEN, 0.4),
        "found": waits(alice, send, 3, 7, FOUND, 0.97),
        "declared": waits(alice, send, 4, 6, FOUND, None),
        "unknown": waits(alice, send, 5, 5),
        "likely": waits(alice, send, 6, 4, OPEN, 0.8),
    }
    assert queue.visible_cases(alice.actor) == [made[name] for name in names]
    assert taken(alice) == [made[name] for name in names]
    page = alice.client().get(reverse("review:queue")).content.decode()
    assert str(order.label) in page


@pytest.mark.parametrize("order", QueueOrder)
def test_teams_of_one_order_are_merged_by_it(alice: Person, send: Send, order: QueueOrder) -> None:
    """As if they were one team."""
    other = Person(alice.user, MembershipFactory(user=alice.user, role=Role.MODERATOR).team)
    for team in (alice.team, other.team):
        works(team, order)
    a = waits(alice, send, 1, 4, OPEN, 0.1)
    b = waits(other, send, 2, 3, OPEN, 0.2)
    c = waits(alice, send, 3, 2, OPEN, 0.3)
    assert taken(alice) == (
        [a, b, c] if order in (QueueOrder.OLDEST, QueueOrder.DUE) else [c, b, a]
    )


def test_teams_of_different_orders_take_turns(alice: Person, bob: Person, send: Send) -> None:
    """Each in its own order; next is the team that nobody has taken from for the longest time."""
    other = Person(alice.user, MembershipFactory(user=alice.user, role=Role.MODERATOR).team)
    works(alice.team, QueueOrder.OLDEST)
    works(other.team, QueueOrder.NEWEST)
    own = [waits(alice, send, shade, 90 - shade) for shade in (1, 2, 3, 4)]
    new = [waits(other, send, shade, shade) for shade in (11, 12)]
    assert cases.claim_next(bob.actor) == own[0]  # so it is the other team's turn
    assert queue.visible_cases(alice.actor)[1:3] == [own[0], new[1]]
    whole = queue.first(alice.actor, 100)
    for most in range(1, 7):  # of both teams alike at first; of one of them more where it must be
        assert queue.first(alice.actor, most) == whole[:most]
    assert taken(alice) == [new[0], own[1], new[1], own[2], own[3]]
    page = alice.client().get(reverse("review:queue")).content.decode()
    assert "The teams take turns" in page
    assert f"{other.team.name}: Newest first." in page


def test_a_newer_verdict_moves_a_case(alice: Person, send: Send) -> None:
    """While it waits at once; while somebody holds it when it is given back."""
    works(alice.team, QueueOrder.PROBABLE)
    first, second = (waits(alice, send, n, 9 - n, OPEN, 0.9 - n / 10) for n in (1, 2))
    _again(second, FOUND, None)
    held = cases.claim_next(alice.actor)
    assert held is not None and held == second
    _again(second, CLEAR, 0.05)
    cases.release(alice.actor, held.pk, held.fence)
    assert taken(alice) == [first, second]


def _again(case: Case, outcome: Outcome, probability: float | None) -> None:
    """The media is analysed once more."""
    sent = case.submission
    with transaction.atomic():
        sent.analysis = ml.services.queue(sent.blob, sent.pk, SYSTEM)
        sent.save(update_fields=["analysis"])
    ended(sent, outcome, probability)


def test_a_lead_chooses_the_order(lead: Person, alice: Person, send: Send) -> None:
    """On the page of the queue rules, for what waits already, with its event; the verdicts stay."""
    old, new = waits(alice, send, 1, 2), waits(alice, send, 2, 1)
    client, url = lead.client(), reverse("teams:rules", args=[lead.team.pk])
    form = {"outcomes": list(RoutingRule.DEFAULT_OUTCOMES), "order": "newest"}
    answer = client.post(url, form, follow=True)
    assert b"New order of the queue: Newest first." in answer.content
    assert b"Nothing was changed" in client.post(url, form, follow=True).content
    assert queue.visible_cases(alice.actor) == [new, old]
    events = Event.objects.filter(chain=team_chain(lead.team.pk), verb=Verb.QUEUE_CHANGED)
    assert [event.content["data"] for event in events] == [
        {"order_before": "oldest", "order_after": "newest"}
    ]
    client.post(url, {"outcomes": list(RoutingRule.DEFAULT_OUTCOMES)})
    assert rules.order(lead.team) is QueueOrder.NEWEST


def test_others_and_unknown_orders_are_refused(
    lead: Person, alice: Person, charlie: Person
) -> None:
    """A moderator and a stranger may not; an order that is none is told at once."""
    for person in (alice, charlie):
        with forbids():
            rules.work_in_order(person.actor, lead.team, "newest")
    with pytest.raises(Refusal):
        rules.work_in_order(lead.actor, lead.team, "loudest")
    url = reverse("teams:rules", args=[lead.team.pk])
    assert lead.client().post(url, {"order": "loudest"}).status_code == 422
    assert rules.order(lead.team) is QueueOrder.OLDEST


@pytest.mark.parametrize("order", QueueOrder)
def test_an_index_gives_the_order(alice: Person, order: QueueOrder) -> None:
    """However much waits, nothing is sorted. Of an empty table all plans are as cheap, so what is
    not meant is made dear: a sort comes only where no index gives the order."""
    waiting = Case.objects.filter(team=alice.team).exclude(state="decided").filter(AVAILABLE)
    with transaction.atomic(), connection.cursor() as cursor:
        for dear in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{dear} = off")
        plan = waiting.order_by(*queue.FIELDS[order])[:64].explain()
    assert "Index Scan" in plan and "Sort" not in plan, plan


def test_the_last_taking_of_a_team_is_found_by_an_index(alice: Person) -> None:
    """Whose turn it is costs one look a team."""
    taken_once = Case.objects.filter(team=alice.team, claimed_at__isnull=False)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")  # of a few rows it costs nothing
        plan = taken_once.order_by("-claimed_at").values("claimed_at")[:1].explain()
    assert "case_last_taken" in plan and "Sort" not in plan, plan


def test_charlie_gets_nothing_in_any_order(alice: Person, charlie: Person, send: Send) -> None:
    """Turns are taken among one's own teams only."""
    works(charlie.team, QueueOrder.NEWEST)
    waits(alice, send, 1, 1)
    assert cases.claim_next(charlie.actor) is None and queue.visible_cases(charlie.actor) == []
    assert (
        member(TeamFactory(), Role.MODERATOR).client().get(reverse("review:queue")).status_code
        == 200
    )


def test_several_teams_are_counted_together_and_no_further_than_the_page_tells(
    alice: Person, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their orders; what is overdue is counted likewise."""
    other = Person(alice.user, MembershipFactory(user=alice.user, role=Role.MODERATOR).team)
    works(other.team, QueueOrder.NEWEST)
    for shade, who in enumerate((alice, other, alice, other, other), start=1):
        waits(who, send, shade, shade)
    Case.objects.filter(team=other.team).update(due_at=NOW)
    assert (queue.count(alice.actor), queue.overdue(alice.actor)) == (5, 3)
    monkeypatch.setattr(queue, "COUNTED", 1)
    assert (queue.count(alice.actor), queue.overdue(alice.actor)) == (2, 2)


@pytest.mark.parametrize("order", QueueOrder)
def test_a_named_queue_gives_only_its_own_cases_to_people_of_several_teams(
    alice: Person, send: Send, order: QueueOrder
) -> None:
    """Also where the other team waits longer; a queue of a foreign team gives nothing."""
    other = Person(alice.user, MembershipFactory(user=alice.user, role=Role.MODERATOR).team)
    works(other.team, order)
    named = Queue.objects.create(team=other.team, name="Night")
    foreign = Queue.objects.create(team=TeamFactory(), name="Night")
    waits(alice, send, 1, 99)
    general, own = waits(other, send, 2, 9), waits(other, send, 3, 1)
    Case.objects.filter(pk=own.pk).update(queue=named)
    assert queue.visible_cases(alice.actor, {"queue": str(named.pk)}) == [own]
    assert queue.visible_cases(alice.actor, {"queue": str(foreign.pk)}) == []
    assert general in queue.visible_cases(alice.actor, {"queue": queue.GENERAL})
    assert cases.claim_next(alice.actor, str(named.pk)) == own
    assert cases.claim_next(alice.actor, str(foreign.pk)) is None
