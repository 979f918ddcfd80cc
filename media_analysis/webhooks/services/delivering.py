"""One delivery: signed, sent, written down; tried again with growing pauses until it is taken.

A delivery may arrive twice (a worker that dies after it was sent), always under the same id.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext

from accounts.services.chains import team_chain
from accounts.services.notices import email_managers
from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM
from jobs.claims import Claim
from jobs.errors import Interrupted
from jobs.errors import Why as Stop
from jobs.models import UNDER_WAY, State
from jobs.runner import through_outage
from jobs.services import finish, park, postpone
from jobs.timing import ClockTimestamp, InSeconds, growing_pause
from media_analysis.webhooks.models import (
    ENDPOINT_OFF,
    GIVEN_UP,
    Attempt,
    Delivery,
    Endpoint,
    Event,
    Why,
)
from media_analysis.webhooks.services import secrets
from outbound import sending

MOST_BYTES = 64 * 1024
KEPT = 1000
LONGEST_PAUSE = 7200.0
LONGEST_IN_FIRST = 1440
"""No pause is longer than so many first pauses, so that a short first pause shortens them all."""
LONGEST_WISH = 3600.0
"""What a receiver may ask for with Retry-After."""
ENOUGH = 5
"""So many failures in a row, and the endpoint is left alone for a while."""
AT_ONCE = 2
"""Deliveries to one endpoint at a time while others wait, so that a slow one leaves couriers."""


@dataclass(frozen=True)
class Outcome:
    milliseconds: int
    status: int | None
    code: str
    answer: str
    wish: float = 0.0

    @property
    def is_taken(self) -> bool:
        return not self.code


def run(claim: Claim) -> None:
    """What a courier does with a claim."""
    delivery = Delivery.objects.select_related("event", "endpoint__service").get(pk=claim.pk)
    endpoint = delivery.endpoint
    closed = endpoint.service is not None and not endpoint.service.is_active
    if closed or not endpoint.is_active:
        park(claim, ENDPOINT_OFF, ENDPOINT_OFF)
        return
    if not delivery.by_hand and (pause := _pause(endpoint, claim)):
        with transaction.atomic():
            postpone(claim, pause, "", "")
            due = Delivery.objects.filter(endpoint=endpoint, state=State.QUEUED, by_hand=False)
            due.filter(available_at__lte=ClockTimestamp()).update(available_at=InSeconds(pause))
        return
    claim.raise_if_stopped()
    outcome = _sent(delivery)
    if claim.why is Stop.LOST:
        raise Interrupted(claim.why)
    through_outage(lambda: _conclude(claim, delivery, outcome), claim.lease_seconds)


def _pause(endpoint: Endpoint, claim: Claim) -> float:
    """How long this endpoint is to be left alone."""
    paused = Endpoint.objects.filter(pk=endpoint.pk, paused_until__gt=ClockTimestamp())
    left = paused.values_list(F("paused_until") - ClockTimestamp(), flat=True).first()
    if left is not None:
        return float(left.total_seconds())
    due = Delivery.objects.filter(state=State.QUEUED, available_at__lte=ClockTimestamp())
    if not due.exclude(endpoint=endpoint).exists():
        return 0.0  # nobody else waits for a courier
    # Only earlier claims count, or all would yield to each other.
    began = Delivery.objects.filter(pk=claim.pk).values("started_at")
    under_way = Delivery.objects.filter(
        endpoint=endpoint,
        state=State.RUNNING,
        lease_until__gt=ClockTimestamp(),
        started_at__lt=Subquery(began),
    )
    return 0.5 if under_way.count() >= AT_ONCE else 0.0


def _sent(delivery: Delivery) -> Outcome:
    event, began = delivery.event, time.monotonic()
    try:
        answer = sending.send(
            "POST",
            delivery.endpoint.url,
            headers=signed(event, delivery.endpoint),
            body=event.body.encode(),
            seconds=settings.WEBHOOK_SECONDS,
            most_bytes=MOST_BYTES,
            allowed=settings.OUTBOUND_ALLOWED_NETWORKS,
        )
    except (sending.Refused, sending.Failed) as error:
        return Outcome(_since(began), None, error.code, "")
    text = (
        answer.body[:KEPT].decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    )
    code = ""
    if 300 <= answer.status < 400:
        code = "redirected"
    elif not 200 <= answer.status < 300:
        code = "refused"
    wish = sending.retry_after(answer.headers.get("retry-after", ""), LONGEST_WISH)
    return Outcome(_since(began), answer.status, code, text, wish)


def signed(event: Event, endpoint: Endpoint) -> dict[str, str]:
    """The headers of the Standard Webhooks specification."""
    now = datetime.now(UTC)
    signatures = [one.sign(event.message_id, now, event.body) for one in secrets.of(endpoint)]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Touchstone-Webhooks/1",
        "webhook-id": event.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))


def pause_after(tries: int) -> float:
    first = settings.WEBHOOK_BACKOFF_SECONDS
    return growing_pause(tries, first, min(LONGEST_PAUSE, LONGEST_IN_FIRST * first))


@transaction.atomic
def _conclude(claim: Claim, delivery: Delivery, outcome: Outcome) -> None:
    tries = delivery.tries + 1
    result: dict[str, Any] = {"tries": tries, "answered": outcome.status}
    if outcome.is_taken:
        finish(claim, State.DONE, **result)
    elif outcome.status == 410:
        park(claim, Why.GONE, Why.GONE, **result)
    else:
        pause = max(pause_after(tries), outcome.wish)
        if Delivery.objects.filter(pk=claim.pk, until__lt=InSeconds(pause)).exists():
            park(claim, GIVEN_UP, outcome.code, **result)
        else:
            postpone(claim, pause, "", outcome.code, **result)
    Attempt.objects.create(
        delivery=delivery, number=tries, milliseconds=outcome.milliseconds, status=outcome.status,
        code=outcome.code, answer=outcome.answer,
    )  # fmt: skip
    _noted(delivery.endpoint, outcome)


def _noted(endpoint: Endpoint, outcome: Outcome) -> None:
    mine = Endpoint.objects.filter(pk=endpoint.pk)
    if outcome.is_taken:
        stale = Q(last_success_at__isnull=True) | Q(
            last_success_at__lt=Now() - timedelta(minutes=1)
        )
        mine.filter(stale | Q(failures__gt=0)).update(
            failures=0, failing_since=None, paused_until=None, last_success_at=ClockTimestamp()
        )
        return
    mine.update(
        failures=F("failures") + 1, failing_since=Coalesce(F("failing_since"), ClockTimestamp())
    )
    fresh = mine.get()
    if fresh.failures >= ENOUGH:
        mine.update(paused_until=InSeconds(pause_after(fresh.failures - ENOUGH + 1)))
    too_long = InSeconds(-3600 * settings.WEBHOOK_DISABLE_HOURS)
    if outcome.status == 410:
        _switched_off(fresh, Why.GONE)
    elif mine.filter(failing_since__lt=too_long).exists():
        _switched_off(fresh, Why.FAILING)


def _switched_off(endpoint: Endpoint, why: Why) -> None:
    mine = Endpoint.objects.filter(pk=endpoint.pk, is_active=True)
    if not mine.update(is_active=False, disabled_because=why):
        return
    record(
        chain=team_chain(endpoint.team_id), verb=Verb.WEBHOOK_PARKED, who=SYSTEM,
        object_type="webhook", object_id=endpoint.pk, why=why, data={"host": endpoint.host},
        rows=[endpoint],
    )  # fmt: skip
    email_managers(
        endpoint.team,
        lambda: gettext("A webhook was switched off"),
        lambda: gettext(
            "The webhook to {host} of the team {team} was switched off: {why}. Events are kept "
            "for {days} days. Repair the receiver, switch the webhook on again, and resend the "
            "undelivered events."
        ).format(
            host=endpoint.host,
            team=endpoint.team,
            why=why.label,
            days=f"{settings.WEBHOOK_KEEP_DAYS:g}",
        ),
        but=None,
    )


def forget_old() -> int:
    """A daily duty of the workers: events that nobody may ask for any more, with their log."""
    old = Now() - timedelta(days=settings.WEBHOOK_KEEP_DAYS)
    under_way = Delivery.objects.filter(state__in=UNDER_WAY).values("event")
    count = Event.objects.filter(created_at__lt=old).exclude(pk__in=under_way).delete()[0]
    secrets.forget_old()
    return count
