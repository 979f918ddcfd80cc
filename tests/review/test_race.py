"""Many moderators at once, each with a connection of their own: no case twice, none left over."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Random
from django.utils import timezone

import ml.services
from accounts.actors import Actor
from accounts.models import Role, Team
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.review.models import (
    Case,
    Decision,
    DecisionText,
    Queue,
    QueueOrder,
    RoutingRule,
)
from media_analysis.review.services import cases
from media_analysis.submissions.models import Submission
from ml.models import Analysis
from tests.factories import MembershipFactory, TeamFactory
from tests.people import Person, Send, member
from tests.review.test_services import expire, opened

WORDS = DecisionText(outcome="unclear", reason="as seen")
LONG = int(os.environ.get("RACE_CASES", "100"))
"""Two for each of fifty moderators: enough that all of them want the same one all the time. What
more cases find, `make faults` looks for with 2,000."""


@dataclass
class Tally:
    """What one moderator did."""

    taken: list[tuple[UUID, int]] = field(default_factory=list)
    decided: list[UUID] = field(default_factory=list)
    walked_away: list[UUID] = field(default_factory=list)
    late_and_refused: int = 0


def many_cases(person: Person, send: Send, number: int) -> set[UUID]:
    """One case comes through the front door; its copies are written in bulk."""
    pattern = opened(person, send)
    analysis, sent = pattern.submission.analysis, pattern.submission
    analyses = [Analysis(blob=analysis.blob, chain=sent.pk) for _ in range(number - 1)]
    submissions = [
        Submission(team=sent.team, blob=sent.blob, analysis=a, submitted_by=person.user)
        for a in analyses
    ]
    for one, its in zip(analyses, submissions, strict=True):
        one.chain = its.pk
    with transaction.atomic():
        Analysis.objects.bulk_create(analyses)
        Submission.objects.bulk_create(submissions)
        for one in analyses:
            ml.services.queued(one, SYSTEM)
    Case.objects.bulk_create(
        [Case(team=sent.team, submission=s, opened_because="inconclusive") for s in submissions]
    )
    return set(Case.objects.values_list("pk", flat=True))


def moderate(actor: Actor, number: int, start: threading.Barrier) -> Tally:
    """Take the next until nothing waits; now and then walk away, and come back too late."""
    chance, tally = random.Random(number), Tally()
    start.wait()
    try:
        while (case := cases.claim_next(actor)) is not None:
            tally.taken.append((case.pk, case.fence))
            if chance.random() < 0.1:
                expire(Case(pk=case.pk))
                tally.walked_away.append(case.pk)
                time.sleep(chance.random() / 50)
                try:
                    cases.decide(actor, case.pk, case.fence, WORDS)
                except Refusal:
                    tally.late_and_refused += 1
                continue
            cases.decide(actor, case.pk, case.fence, WORDS)
            tally.decided.append(case.pk)
    finally:
        connection.close()
    return tally


def race(team: Team, threads: int, *more: Team) -> list[Tally]:
    people = [member(team, Role.MODERATOR) for _ in range(threads)]
    for person, another in product(people, more):
        MembershipFactory(user=person.user, team=another, role=Role.MODERATOR)
    actors = [person.actor for person in people]
    start = threading.Barrier(threads)
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda n: moderate(actors[n], n, start), range(threads)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "orders", [(QueueOrder.NEWEST,), (QueueOrder.PROBABLE,), (QueueOrder.OLDEST, QueueOrder.NEWEST)]
)
def test_the_race_holds_in_every_order(
    alice: Person, send: Send, orders: tuple[QueueOrder, ...]
) -> None:
    """0 double, 0 lost, also where two teams of different orders take turns."""
    teams = [alice.team, *(TeamFactory() for _ in orders[1:])]
    for team, order in zip(teams, orders, strict=True):
        RoutingRule.objects.create(team=team, queue_order=order)
        if team != alice.team:
            MembershipFactory(user=alice.user, team=team)
        many_cases(Person(alice.user, team), send, 24 // len(teams))
    Case.objects.update(suspicion=Random() * 3)
    tallies = race(teams[0], 6, *teams[1:])
    taken = Counter(one for tally in tallies for one in tally.taken)
    decided = Counter(pk for tally in tallies for pk in tally.decided)
    assert max(taken.values()) == max(decided.values()) == 1
    assert set(decided) == set(Case.objects.values_list("pk", flat=True)) and len(decided) == 24
    assert Decision.objects.count() == 24


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("threads", "cases"),
    [(8, 40), pytest.param(50, LONG, marks=[pytest.mark.slow, pytest.mark.timeout(300)])],
)
def test_every_case_is_decided_once_by_one_who_held_it(
    alice: Person, send: Send, threads: int, cases: int
) -> None:
    """0 double, 0 lost; a tenth is let go and taken by others, and who comes late saves nothing."""
    waiting = many_cases(alice, send, cases)
    began = time.monotonic()
    tallies = race(alice.team, threads)
    seconds = time.monotonic() - began
    taken = Counter(one for tally in tallies for one in tally.taken)
    decided = Counter(pk for tally in tallies for pk in tally.decided)
    left = [pk for tally in tallies for pk in tally.walked_away]
    print(f"\n{threads} threads, {cases} cases, {len(taken)} claims in {seconds:.1f} s, "
          f"{len(left)} let go, double {sum(n > 1 for n in taken.values())}, "
          f"lost {len(waiting - set(decided))}")  # fmt: skip
    assert max(taken.values()) == 1, "no two held a case under one fence"
    assert set(decided) == waiting and max(decided.values()) == 1
    assert sum(tally.late_and_refused for tally in tallies) == len(left) > 0
    assert len(taken) == cases + len(left)
    assert not Case.objects.exclude(state="decided").exists()
    assert Decision.objects.filter(fence=F("case__fence")).count() == cases
    assert Decision.objects.count() == cases
    claims = Event.objects.filter(verb=Verb.CASE_CLAIMED).count()
    assert (claims, Event.objects.filter(verb=Verb.CASE_DECIDED).count()) == (len(taken), cases)


QUEUES = 5


def spread(team: Team, waiting: int) -> dict[int, int]:
    """Cases by queue: five queues, each case with a time of its own, in a mixed order."""
    RoutingRule.objects.update_or_create(team=team, defaults={"queue_order": QueueOrder.DUE})
    queues = [Queue.objects.create(team=team, name=f"Queue {n}") for n in range(QUEUES)]
    chance, now = random.Random(7), timezone.now()
    found = list(Case.objects.order_by("pk"))
    chance.shuffle(found)
    for place, case in enumerate(found):
        case.queue, case.due_at = queues[place % QUEUES], now + timedelta(minutes=place)
    Case.objects.bulk_update(found, ["queue", "due_at"], batch_size=500)
    assert len(found) == waiting
    return {queue.pk: number for number, queue in enumerate(queues)}


def work(actor: Actor, start: threading.Barrier) -> list[tuple[float, UUID, int, datetime]]:
    """Claim and decide until nothing waits: when, which case, of which queue, due when."""
    done = []
    start.wait()
    try:
        while (case := cases.claim_next(actor)) is not None:
            assert case.queue_id is not None and case.due_at is not None
            done.append((time.monotonic(), case.pk, case.queue_id, case.due_at))
            cases.decide(actor, case.pk, case.fence, WORDS)
    finally:
        connection.close()
    return done


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("threads", "number"),
    [(6, 30), pytest.param(50, LONG, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
)
def test_moderators_share_five_queues_by_access_and_due_time(
    alice: Person, send: Send, threads: int, number: int
) -> None:
    """0 double, 0 lost; nobody gets a case of a queue for others; and within a queue no case is
    overtaken by more than there are people at work."""
    many_cases(alice, send, number)
    queues = spread(alice.team, number)
    people = [member(alice.team, Role.MODERATOR) for _ in range(threads)]
    allowed = {person.user.pk: {place, (place + 1) % QUEUES} for place, person in
               ((n % QUEUES, one) for n, one in enumerate(people))}  # fmt: skip
    for pk, place in queues.items():
        Queue.objects.get(pk=pk).people.set(
            [one.user for one in people if place in allowed[one.user.pk]]
        )
    start = threading.Barrier(threads)
    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(lambda one: work(one.actor, start), people))
    seconds = time.monotonic() - began
    claims = sorted(claim for one in done for claim in one)
    taken = Counter(pk for _, pk, _, _ in claims)
    overtaken = max(_overtaken([due for _, _, queue, due in claims if queue == pk])
                    for pk in queues)  # fmt: skip
    shares = [len(one) for one in done]
    print(f"\n{threads} moderators, {number} cases, {QUEUES} queues, {seconds:.1f} s: "
          f"double {sum(n > 1 for n in taken.values())}, lost {number - len(taken)}, "
          f"overtaken by at most {overtaken}, {min(shares)} to {max(shares)} each")  # fmt: skip
    assert len(taken) == number == Decision.objects.count() and max(taken.values()) == 1
    assert not Case.objects.exclude(state="decided").exists()
    for person, mine in zip(people, done, strict=True):
        assert {queues[queue] for _, _, queue, _ in mine} <= allowed[person.user.pk]
    assert overtaken <= threads


def _overtaken(dues: list[datetime]) -> int:
    """The most cases due later that were claimed before one."""
    return max(sum(earlier > due for earlier in dues[:n]) for n, due in enumerate(dues))
