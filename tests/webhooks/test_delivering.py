"""What happens is told to whoever asked for it: signed, once it is certain, until it is taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone, translation

from accounts.models import Role, Team
from accounts.refusals import Refusal
from accounts.services import keys
from audit.checking import compare_all_rows
from audit.models import Event as Recorded
from jobs.models import State
from jobs.services import claim, claim_one, park
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases, routing
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import deletion, intake
from media_analysis.webhooks.models import Attempt, Delivery, Endpoint, Event, EventType, Secret
from media_analysis.webhooks.services import delivering, endpoints
from media_analysis.webhooks.services.endpoints import Added
from ml import services as ml
from ml.engine.contract import Outcome, Result, Verdict
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.people import Person, Send, member
from tests.webhooks.receiving import Receiver


def deliver_all(most: int = 50) -> int:
    """What couriers would do, until nothing is due."""
    done = 0
    while done < most and (taken := claim(Delivery, worker="t")):
        delivering.run(taken)
        done += 1
    return done


def due_at_once() -> None:
    Delivery.objects.filter(state=State.QUEUED).update(available_at=Now())
    Endpoint.objects.update(paused_until=None)


def examined(submission: Submission) -> None:
    taken = claim_one(Analysis, submission.analysis_id, worker="t")
    assert taken is not None
    verdict = Verdict(Outcome.INCONCLUSIVE, "As a test says.")
    ml.run(taken, lambda file, **more: Result(None, verdict, (), "test", 0.0))


def set_aside(submission: Submission) -> None:
    taken = claim_one(Analysis, submission.analysis_id, worker="t")
    assert taken is not None
    park(taken, "test", "Set aside by a test.")


def decide(who: Person, submission: Submission, outcome: str = "unclear") -> Case:
    with transaction.atomic():
        routing.after_parking(submission.analysis)
    held = cases.claim(who.actor, Case.objects.get(submission=submission).pk)
    cases.decide(who.actor, held.pk, held.fence, DecisionText(outcome, "as seen", "canary note"))
    return held


def test_everything_that_happens_is_told_in_signed_words(
    added: Added,
    receiver: Receiver,
    alice: Person,
    bob: Person,
    lead: Person,
    admin: Person,
    send: Send,
) -> None:
    """Verdict, failure, cancelling, decision, reopening, change, deletion: each one event, verified
    by the specification's library, with the decision itself and never a note or a name."""
    one, two, three = (send(alice, n, external_id=f"x-{n}") for n in range(3))
    examined(one)
    set_aside(two)
    intake.cancel(alice.actor, three)
    case = decide(alice, one, "manipulated")
    cases.reopen(lead.actor, case.pk, why="again")
    decide(bob, one, "not_manipulated")
    deletion.ask(lead.actor, one, "why")
    deletion.withdraw(lead.actor, one)
    deletion.ask(lead.actor, one, "why")
    deletion.answer(admin.actor, one, "declined", "no")
    deliver_all()
    messages = receiver.verified_with(added.secret)
    assert [one["type"] for one in messages] == [
        "analysis.completed", "analysis.failed", "analysis.cancelled", "decision.made",
        "decision.reopened", "decision.changed", "deletion.requested", "deletion.withdrawn",
        "deletion.requested", "deletion.answered",
    ]  # fmt: skip
    # tests/batches, tests/partners/test_reports, tests/review/test_appeals,
    # tests/webhooks/test_quotas
    elsewhere = {EventType.BATCH_COMPLETED, EventType.REPORT_ISSUED}
    elsewhere |= {one for one in EventType if one.startswith(("appeal.", "quota."))}
    assert {one["type"] for one in messages} == set(EventType.values) - elsewhere
    first, last = messages[3]["data"], messages[5]["data"]
    assert first["submission"]["external_id"] == "x-0" and first["submission"]["outcome"]
    assert first["decision"]["outcome"] == "manipulated"
    assert last["decision"]["supersedes"] == first["decision"]["id"]
    assert messages[4]["data"]["earlier_decision"] == first["decision"]
    text = b"".join(one.body for one in receiver.got)
    assert b"canary" not in text and alice.user.email.encode() not in text
    assert len({one.headers["webhook-id"] for one in receiver.got}) == len(messages)


def test_what_is_undone_is_never_told(
    added: Added, receiver: Receiver, alice: Person, send: Send
) -> None:
    """The event stands in the transaction of the verb: a verb that fails leaves none."""
    submission = send(alice)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        decide(alice, submission)
        raise ZeroDivisionError
    assert not Event.objects.exists() and deliver_all() == 0


def test_nothing_is_written_where_nobody_listens(alice: Person, send: Send) -> None:
    """A team without webhooks costs one look."""
    decide(alice, send(alice))
    assert not Event.objects.exists()


def test_a_receiver_that_fails_gets_the_same_message_again(
    added: Added, receiver: Receiver, alice: Person, send: Send
) -> None:
    """Same id, same bytes, fresh signature; every attempt is in the log with status and time."""
    receiver.reply = lambda number: [(500, {}), (302, {"Location": "http://10.0.0.1/"}), (204, {})][
        number
    ]
    decide(alice, send(alice))
    for _ in range(3):
        due_at_once()
        assert deliver_all() == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries, delivery.answered) == ("done", 3, 204)
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    assert len({one.body for one in receiver.got}) == 1
    log = list(Attempt.objects.values_list("number", "status", "code", "answer"))
    assert log == [(1, 500, "refused", "ok"), (2, 302, "redirected", "ok"), (3, 204, "", "")]
    assert len(receiver.verified_with(added.secret)) == 1
    assert Endpoint.objects.get().failures == 0


def test_pauses_grow_and_end_after_a_day(
    added: Added, receiver: Receiver, alice: Person, send: Send, settings: Any
) -> None:
    """Fourfold with jitter; what is still not taken after the time is given up, with its reason."""
    settings.WEBHOOK_BACKOFF_SECONDS = 5.0
    pauses = [delivering.pause_after(n) for n in range(1, 12)]
    assert 2.5 <= pauses[0] <= 7.5 and all(p <= 1.5 * delivering.LONGEST_PAUSE for p in pauses)
    assert len({delivering.pause_after(3) for _ in range(20)}) > 1
    receiver.reply = lambda number: (503, {"Retry-After": "1000"})
    decide(alice, send(alice))
    deliver_all()
    waiting = Delivery.objects.get()
    assert waiting.available_at - timezone.now() > timedelta(seconds=900)
    assert timedelta(hours=23) < waiting.until - timezone.now() < timedelta(hours=25)
    Delivery.objects.update(available_at=Now(), until=Now() + timedelta(minutes=10))
    deliver_all()
    given_up = Delivery.objects.get()
    assert (given_up.state, given_up.reason_code) == ("parked", "given_up")
    expected = "Given up after 2 attempts. The last one: It answered 503."
    assert given_up.reason_in_words == expected
    with translation.override("de"):
        assert given_up.reason_in_words.startswith("Nach 2 Versuchen aufgegeben.")
        assert given_up.attempts.get(number=1).reason_in_words == "Die Antwort war 503."


def test_an_endpoint_that_keeps_failing_is_left_alone_and_then_switched_off(
    added: Added, receiver: Receiver, admin: Person, lead: Person, alice: Person, send: Send
) -> None:
    """After three days without success: off, on record, and a mail to those who run the team.
    Its events are kept, and once it is on again what it missed is delivered."""
    receiver.reply = lambda number: (500, {})
    decide(alice, send(alice))
    for _ in range(delivering.ENOUGH):
        due_at_once()
        deliver_all()
    assert Endpoint.objects.get(paused_until__gt=Now())
    Delivery.objects.filter(state=State.QUEUED).update(available_at=Now())
    before = len(receiver.got)
    deliver_all()
    assert len(receiver.got) == before, "while it is left alone nothing is sent"
    Endpoint.objects.update(failing_since=Now() - timedelta(hours=73), paused_until=None)
    due_at_once()
    deliver_all()
    off = Endpoint.objects.get()
    assert (off.is_active, off.disabled_because) == (False, "failing")
    assert Recorded.objects.filter(verb="webhook.parked").count() == 1
    due_at_once()
    deliver_all()
    parked = Delivery.objects.get()
    assert parked.reason_code == "endpoint_off" and "switched off" in parked.reason_in_words
    decide(alice, send(alice, 2))
    assert Event.objects.count() == 2 and Delivery.objects.count() == 1
    with pytest.raises(Refusal):
        endpoints.test(admin.actor, off)
    on = endpoints.change(admin.actor, off, is_active=True)
    receiver.reply = lambda number: (204, {})
    since = timezone.now() - timedelta(days=1)
    assert endpoints.deliver_range(admin.actor, on, since, timezone.now()) == 2
    assert endpoints.deliver_range(admin.actor, on, since, timezone.now()) == 0
    deliver_all()
    assert len(receiver.taken) == 2
    assert endpoints.deliver_range(admin.actor, on, since, timezone.now()) == 0
    assert endpoints.deliver_range(admin.actor, on, since, timezone.now(), all_of_them=True) == 2
    assert compare_all_rows() is not None


@pytest.mark.django_db(transaction=True)
def test_those_who_run_the_team_are_told_by_mail(
    added: Added, receiver: Receiver, lead: Person, alice: Person, send: Send
) -> None:
    """By host alone: the rest of an address may hold a token."""
    Endpoint.objects.update(url=f"{receiver.url}?token=canary")
    Endpoint.objects.update(failing_since=Now() - timedelta(hours=73))
    receiver.reply = lambda number: (500, {})
    decide(alice, send(alice))
    mail.outbox.clear()
    deliver_all()
    assert {to for one in mail.outbox for to in one.to} >= {lead.user.email}
    assert all("switched off" in one.body and "canary" not in one.body for one in mail.outbox)


def test_one_that_is_gone_is_switched_off_at_once(
    added: Added, receiver: Receiver, alice: Person, send: Send
) -> None:
    """410 is a wish."""
    receiver.reply = lambda number: (410, {})
    decide(alice, send(alice))
    deliver_all()
    assert Endpoint.objects.get().disabled_because == "gone"
    parked = Delivery.objects.get()
    assert (parked.reason_code, parked.reason_in_words) == ("gone", "It answered 410.")


def test_a_secret_is_changed_without_a_gap(
    added: Added, receiver: Receiver, admin: Person, alice: Person, send: Send
) -> None:
    """Both sign for a day; then the new one alone. No secret lies readable in the database."""
    new = endpoints.rotate(admin.actor, added.endpoint)
    decide(alice, send(alice))
    deliver_all()
    assert receiver.verified_with(added.secret) and receiver.verified_with(new)
    assert not any(s in one.sealed for s in (added.secret, new) for one in Secret.objects.all())
    Secret.objects.filter(expires_at__isnull=False).update(expires_at=Now() - timedelta(seconds=1))
    receiver.got.clear()
    endpoints.test(admin.actor, added.endpoint)
    deliver_all()
    (signatures,) = [one.headers["webhook-signature"] for one in receiver.got]
    assert len(signatures.split()) == 1 and receiver.verified_with(new)[0]["type"] == "webhook.test"


def test_an_address_that_leads_inside_gets_nothing(
    added: Added, receiver: Receiver, alice: Person, send: Send, settings: Any
) -> None:
    """Also one that was let in before the rule: a logged failure, and no byte is sent."""
    settings.OUTBOUND_ALLOWED_NETWORKS = []
    decide(alice, send(alice))
    deliver_all()
    assert Attempt.objects.get().code in ("address_not_public", "https_needed")
    assert not receiver.got


@pytest.mark.parametrize(
    ("url", "code"),
    [("https://10.0.0.1/x", "address_not_public"), ("http://example.org/", "https_needed"),
     ("https://u:p@example.org/", "url_with_password"), ("nonsense", "url_malformed")],
)  # fmt: skip
def test_an_address_that_cannot_be_asked_is_not_added(admin: Person, url: str, code: str) -> None:
    """With the code that says why; nothing is stored."""
    with pytest.raises(Refusal) as caught:
        endpoints.add(admin.actor, admin.team, url, ["decision.made"])
    assert caught.value.code == code and not Endpoint.objects.exists()


def test_a_partner_is_told_of_its_own_alone(
    receiver: Receiver, inside: None, team: Team, admin: Person, alice: Person, send: Send
) -> None:
    """A key's webhook hears of what its partner sent; a closed partner hears nothing more."""
    from io import BytesIO

    from accounts.actors import actor_for_key
    from accounts.models import Scope
    from tests.people import picture

    service = ServiceAccountFactory(team=team)
    scopes = [Scope.WEBHOOKS_MANAGE, Scope.SUBMISSIONS_WRITE]
    actor = actor_for_key(keys.issue_key(admin.actor, service, "k", scopes).key)
    endpoints.add(actor, team, receiver.url, EventType.values)
    own = intake.submit(actor, team, BytesIO(picture(9)), "own.png").submission
    decide(alice, send(alice, 1))
    decide(alice, own)
    deliver_all()
    assert len(receiver.got) == 1 and str(own.pk).encode() in receiver.got[0].body
    decide_again = Case.objects.get(submission=own)
    keys.disable_service_account(admin.actor, service)
    cases.reopen(alice.actor, decide_again.pk, why="again")
    assert deliver_all() == 0


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR, Role.LEAD])
def test_only_admins_say_where_news_go(
    added: Added, team: Team, role: Role, charlie: Person
) -> None:
    """Nor does another team's admin; their webhooks are not even seen."""
    url, kinds = "https://example.org/", ["decision.made"]
    for actor in (member(team, role).actor, charlie.actor):
        wishes: list[Callable[[], Any]] = [
            partial(endpoints.add, actor, team, url, kinds),
            partial(endpoints.change, actor, added.endpoint, is_active=False),
            partial(endpoints.rotate, actor, added.endpoint),
            partial(endpoints.test, actor, added.endpoint),
            partial(endpoints.delete, actor, added.endpoint),
        ]  # fmt: skip
        for wish in wishes:
            with pytest.raises(Refusal) as caught:
                wish()
            assert caught.value.forbids
        assert not Endpoint.objects.for_actor(actor).exists()


def test_what_is_old_is_forgotten_with_its_log(
    added: Added, receiver: Receiver, alice: Person, send: Send
) -> None:
    """After thirty days, unless it is still under way."""
    decide(alice, send(alice, 1))
    deliver_all()
    decide(alice, send(alice, 2))
    Event.objects.update(created_at=Now() - timedelta(days=31))
    delivering.forget_old()
    assert Event.objects.count() == 1 and not Attempt.objects.exists()


@pytest.mark.parametrize(("others_wait", "sent"), [(False, 4), (True, 2)])
def test_one_endpoint_has_all_couriers_until_others_wait(
    added: Added,
    receiver: Receiver,
    admin: Person,
    alice: Person,
    send: Send,
    others_wait: bool,
    sent: int,
) -> None:
    """Claimed at the same time: alone, all are sent; else the first two, not none."""
    for shade in range(4):
        decide(alice, send(alice, shade))
    taken = [claim(Delivery, worker=f"t{n}") for n in range(4)]
    if others_wait:
        other = endpoints.add(admin.actor, admin.team, receiver.url, ["decision.made"]).endpoint
        endpoints.test(admin.actor, other)
    for one in reversed(taken):
        assert one is not None
        delivering.run(one)
    mine = Delivery.objects.filter(endpoint=added.endpoint).order_by("started_at")
    states = list(mine.values_list("state", flat=True))
    assert states == ["done"] * sent + ["queued"] * (4 - sent)
    assert len(receiver.got) == sent
