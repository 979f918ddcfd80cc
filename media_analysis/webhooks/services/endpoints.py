"""The verbs of webhooks: add, change, test, switch, take away, have something delivered again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.models import ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from accounts.services.notices import email_managers
from audit.rows import Row
from audit.services import record
from audit.verbs import Verb
from jobs.models import UNDER_WAY, State
from media_analysis.webhooks.models import OF_QUOTAS, Delivery, Endpoint, Event, EventType, Why
from media_analysis.webhooks.services import emitting, secrets
from outbound import sending

MOST = 20
"""Endpoints of one team."""
MOST_AT_ONCE = 10_000
"""Events that are delivered again by one wish."""


@dataclass(frozen=True)
class Added:
    endpoint: Endpoint
    secret: str
    """Shown once, then only kept encrypted."""


@transaction.atomic
def add(
    actor: Actor,
    team: Team,
    url: str,
    events: Collection[str],
    *,
    description: str = "",
    service: ServiceAccount | None = None,
) -> Added:
    """A key adds a webhook for its own partner, which gets events about that partner's
    submissions."""
    require(actor, Permission.MANAGE_WEBHOOKS, team.pk)
    Team.objects.select_for_update().get(pk=team.pk)
    if Endpoint.objects.filter(team=team).count() >= MOST:
        raise Refusal("too_many_webhooks", most=MOST)
    endpoint = Endpoint.objects.create(
        team=team,
        service=actor.service or service,
        url=_url(url),
        events=_events(events),
        description=" ".join(description.split())[:200],
        created_by=actor.user,
    )
    secret = secrets.make(endpoint)
    _changed(actor, endpoint, "added")
    email_managers(
        team,
        lambda: gettext("A new webhook"),
        lambda: gettext(
            "{who} added a webhook to the team {team}. Events are sent to {host} from now on."
        ).format(who=actor.user or actor.service, team=team, host=endpoint.host),
        but=actor.user,
    )
    return Added(endpoint, secret)


@transaction.atomic
def change(actor: Actor, endpoint: Endpoint, **wanted: Any) -> Endpoint:
    """`url`, `events`, `description`, `is_active`; what is not named stays."""
    mine = _locked(actor, endpoint)
    if "url" in wanted:
        mine.url = _url(wanted["url"])
    if "events" in wanted:
        mine.events = _events(wanted["events"])
    if "description" in wanted:
        mine.description = " ".join(wanted["description"].split())[:200]
    if "is_active" in wanted and wanted["is_active"] != mine.is_active:
        mine.is_active = wanted["is_active"]
        mine.disabled_because = "" if mine.is_active else Why.BY_HAND
    if mine.is_active:  # whoever changes it has seen to it
        mine.failures, mine.failing_since, mine.paused_until = 0, None, None
    mine.save(
        update_fields=["url", "events", "description", "is_active", "disabled_because", "failures",
                       "failing_since", "paused_until"]
    )  # fmt: skip
    _changed(actor, mine, "changed")
    return mine


@transaction.atomic
def rotate(actor: Actor, endpoint: Endpoint) -> str:
    """A new secret. The earlier one also signs for a day."""
    mine = _locked(actor, endpoint)
    secret = secrets.make(mine)
    _changed(actor, mine, "secret rotated")
    return secret


@transaction.atomic
def delete(actor: Actor, endpoint: Endpoint) -> None:
    """With its log; what is on its way is not sent again."""
    mine = _locked(actor, endpoint)
    host, pk, team_id = mine.host, mine.pk, mine.team_id
    mine.delete()
    _event(actor, team_id, pk, host, "deleted", [(Endpoint, pk)])


@transaction.atomic
def test(actor: Actor, endpoint: Endpoint) -> Delivery:
    """An event that says nothing, sent now, and seen in the log."""
    return emitting.test_event(_on(_locked(actor, endpoint)))


@transaction.atomic
def deliver_again(actor: Actor, delivery: Delivery) -> bool:
    """The same event under the same id. False when it is under way already."""
    mine = _on(_locked(actor, delivery.endpoint))
    same = Delivery.objects.filter(endpoint=mine, event=delivery.event_id)
    if same.filter(state__in=UNDER_WAY).exists():
        return False
    emitting.deliveries([delivery.event], [mine], by_hand=True)
    return True


@transaction.atomic
def deliver_range(
    actor: Actor, endpoint: Endpoint, since: datetime, until: datetime, *, all_of_them: bool = False
) -> int:
    """The events between two moments that this endpoint wants and has not taken; with
    `all_of_them` also what it has. Returns how many, at most `MOST_AT_ONCE`, the oldest first."""
    mine = _on(_locked(actor, endpoint))
    events = Event.objects.filter(
        team=mine.team_id, type__in=mine.events, created_at__gte=since, created_at__lte=until
    )
    if mine.service_id:
        of_team = Q(service=None, type__in=OF_QUOTAS)
        events = events.filter(Q(service=mine.service_id) | of_team)
    its = Delivery.objects.filter(event=OuterRef("pk"), endpoint=mine)
    unwanted = Q(state__in=UNDER_WAY)
    if not all_of_them:
        unwanted |= Q(state=State.DONE)
    events = events.exclude(Exists(its.filter(unwanted))).order_by("created_at", "pk")
    found = list(events[:MOST_AT_ONCE])
    emitting.deliveries(found, [mine], by_hand=True)
    return len(found)


def _on(endpoint: Endpoint) -> Endpoint:
    if not endpoint.is_active:
        raise Refusal("webhook_off")
    return endpoint


def _locked(actor: Actor, endpoint: Endpoint) -> Endpoint:
    require(actor, Permission.MANAGE_WEBHOOKS, endpoint.team_id)
    mine = Endpoint.objects.for_actor(actor).select_for_update(of=("self",))
    found = mine.filter(pk=endpoint.pk).first()
    if found is None:
        raise Refusal("webhook_gone")
    return found


def _url(url: str) -> str:
    try:
        sending.checked(url.strip(), settings.OUTBOUND_ALLOWED_NETWORKS)
    except sending.Refused as refused:
        raise Refusal(refused.code) from refused
    return url.strip()


def _events(events: Collection[str]) -> list[str]:
    if not events:
        raise Refusal("events_missing")
    if unknown := set(events) - set(EventType.values):
        names = ", ".join(sorted(unknown))[:200]
        raise Refusal("event_unknown", names=names)
    return sorted(set(events))


def _changed(actor: Actor, endpoint: Endpoint, how: str) -> None:
    _event(actor, endpoint.team_id, endpoint.pk, endpoint.host, how, [endpoint])


def _event(actor: Actor, team_id: Any, pk: Any, host: str, how: str, rows: list[Row]) -> None:
    record(
        chain=team_chain(team_id), verb=Verb.WEBHOOK_CHANGED, who=actor.who_in(team_id),
        object_type="webhook", object_id=pk, data={"how": how, "host": host}, rows=rows,
    )  # fmt: skip
