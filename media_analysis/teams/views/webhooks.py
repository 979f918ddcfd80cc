"""Where a team's news are sent: add, test, switch, delete; the log, and sending again from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import Actor
from accounts.guards import post_only, signed_in
from accounts.models import Team
from accounts.roles import Permission
from jobs.models import State
from media_analysis.teams.forms import WebhookForm
from media_analysis.teams.pages import entered, page, refusal_as_message, refusal_on
from media_analysis.webhooks.models import Delivery, Endpoint
from media_analysis.webhooks.search import deliveries
from media_analysis.webhooks.services import endpoints


@signed_in
@require_GET
def webhooks(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_WEBHOOKS)
    mine = Endpoint.objects.for_actor(actor).filter(team=team).select_related("service")
    return page(request, team, "teams/webhooks.html", {"endpoints": mine})


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_WEBHOOKS)
    form = WebhookForm(team, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusal_on(form, "url"):
            added = endpoints.add(actor, team, **form.cleaned_data)
            return _secret(request, team, added.endpoint, added.secret)
    context = {"form": form, "endpoint": None}
    return page(request, team, "teams/webhook_form.html", context, 422 if form.is_bound else 200)


@signed_in
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: UUID, endpoint: UUID) -> HttpResponse:
    actor, team, mine = _endpoint(request, pk, endpoint)
    initial = {"url": mine.url, "events": mine.events, "description": mine.description,
               "service": mine.service_id}  # fmt: skip
    form = WebhookForm(team, request.POST if request.method == "POST" else None, initial=initial)
    form.fields.pop("service")
    if request.method == "POST" and form.is_valid():
        with refusal_on(form, "url"):
            endpoints.change(actor, mine, **form.cleaned_data)
            messages.success(request, _("The webhook was saved."))
            return redirect("teams:webhook", pk, endpoint)
    context = {"form": form, "endpoint": mine}
    return page(request, team, "teams/webhook_form.html", context, 422 if form.is_bound else 200)


@signed_in
@require_GET
def webhook(request: HttpRequest, pk: UUID, endpoint: UUID) -> HttpResponse:
    """Its state and its log, the newest delivery first."""
    actor, team, mine = _endpoint(request, pk, endpoint)
    requested = request.GET.get("state", "")
    state = requested if requested in State.values else ""
    before = _before(mine, request.GET.get("before", ""))
    found = deliveries.page(actor, mine, state=state, after=before)
    context = {
        "endpoint": mine,
        "log": found.rows,
        "older": found.last.pk if found.last else None,
        "state": state,
        "states": [(State.QUEUED, _("Waiting")), (State.DONE, _("Delivered")),
                   (State.PARKED, _("Given up"))],
    }  # fmt: skip
    return page(request, team, "teams/webhook.html", context)


def _before(mine: Endpoint, value: str) -> Delivery | None:
    try:
        return Delivery.objects.filter(endpoint=mine, pk=UUID(value)).first()
    except ValueError:
        return None


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, pk: UUID, endpoint: UUID) -> HttpResponse:
    actor, team, mine = _endpoint(request, pk, endpoint)
    if request.method == "POST":
        return _secret(request, team, mine, endpoints.rotate(actor, mine))
    return page(request, team, "teams/webhook_rotate.html", {"endpoint": mine})


@signed_in
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: UUID, endpoint: UUID) -> HttpResponse:
    actor, team, mine = _endpoint(request, pk, endpoint)
    if request.method == "POST":
        endpoints.delete(actor, mine)
        messages.success(request, _("The webhook and its log were deleted."))
        return redirect("teams:webhooks", pk)
    return page(request, team, "teams/webhook_delete.html", {"endpoint": mine})


@signed_in
@post_only("teams:webhook", "pk", "endpoint")
def switch(request: HttpRequest, pk: UUID, endpoint: UUID) -> HttpResponse:
    """On, or with `off` off. Asks no question: the page offers the opposite."""
    on = "off" not in request.POST
    done = _("The webhook is on. You can resend missed events below.")
    if not on:
        done = _("The webhook is off. Events are kept for {days} days.").format(
            days=f"{settings.WEBHOOK_KEEP_DAYS:g}"
        )
    return _done(request, pk, endpoint, lambda a, e: endpoints.change(a, e, is_active=on), done)


@signed_in
@post_only("teams:webhook", "pk", "endpoint")
def test(request: HttpRequest, pk: UUID, endpoint: UUID) -> HttpResponse:
    done = _("A test event is being sent. Reload this page to see the result.")
    return _done(request, pk, endpoint, endpoints.test, done)


@signed_in
@post_only("teams:webhook", "pk", "endpoint")
def again(request: HttpRequest, pk: UUID, endpoint: UUID, delivery: UUID) -> HttpResponse:
    def deliver(actor: Actor, mine: Endpoint) -> None:
        one = get_object_or_404(deliveries.of(actor), endpoint=mine, pk=delivery)
        endpoints.deliver_again(actor, one)

    done = _("The event is being sent again with the same id.")
    return _done(request, pk, endpoint, deliver, done)


@signed_in
@post_only("teams:webhook", "pk", "endpoint")
def missed(request: HttpRequest, pk: UUID, endpoint: UUID) -> HttpResponse:
    """Everything that was not taken in the days that events are kept."""

    def deliver(actor: Actor, mine: Endpoint) -> None:
        now = timezone.now()
        since = now - timedelta(days=settings.WEBHOOK_KEEP_DAYS)
        count = endpoints.deliver_range(actor, mine, since, now)
        messages.success(
            request,
            ngettext("%(count)d event is being sent.", "%(count)d events are being sent.", count)
            % {"count": count},
        )

    return _done(request, pk, endpoint, deliver, "")


def _done(
    request: HttpRequest,
    pk: UUID,
    endpoint: UUID,
    verb: Callable[[Actor, Endpoint], Any],
    done: str,
) -> HttpResponse:
    actor, _team, mine = _endpoint(request, pk, endpoint)
    with refusal_as_message(request, messages.error):
        verb(actor, mine)
        if done:
            messages.success(request, done)
    return redirect("teams:webhook", pk, endpoint)


def _secret(request: HttpRequest, team: Team, endpoint: Endpoint, secret: str) -> HttpResponse:
    context = {"endpoint": endpoint, "secret": secret}
    return page(request, team, "teams/webhook_secret.html", context)


def _endpoint(request: HttpRequest, pk: UUID, endpoint: UUID) -> tuple[Actor, Team, Endpoint]:
    actor, team = entered(request, pk, Permission.MANAGE_WEBHOOKS)
    mine = Endpoint.objects.for_actor(actor).select_related("service")
    return actor, team, get_object_or_404(mine, team=team, pk=endpoint)
