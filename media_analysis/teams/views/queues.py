"""A team's queues and the ordered rules that fill them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.guards import post_only, signed_in
from accounts.models import Team
from accounts.roles import Permission
from media_analysis.review.models import Queue, QueueOrder, QueueRule, RoutingRule
from media_analysis.review.search import dry_run
from media_analysis.review.search.rule_match import Rules
from media_analysis.review.services import queues as service
from media_analysis.review.services import rules as rules_service
from media_analysis.teams import rule_history, rule_text
from media_analysis.teams.pages import done, entered, page, refusal_on
from media_analysis.teams.queue_forms import QueueForm, RuleForm


@signed_in
@require_http_methods(["GET", "POST"])
def queues(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_QUEUES)
    form = QueueForm(team, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusal_on(form, "name"):
            made = service.make(actor, team, **form.cleaned_data)
            messages.success(
                request,
                gettext("Queue {queue} added. Write a rule that sends cases to it.").format(
                    queue=made
                ),
            )
            return redirect("teams:queues", pk)
    rules = list(service.rules_of(team))
    order = rules_service.order(team)
    context = {
        "form": form,
        "queues": service.queues_of(team),
        "rules": [(rule, rule_text.conditions(rule)) for rule in rules],
        "order": order,
        "by_due": order is QueueOrder.DUE,
        "team_percent": f"{100 * RoutingRule.of(team.pk).second_share:g}",
        "has_hours": any(rule.hours or (rule.queue and rule.queue.hours) for rule in rules),
    }
    return page(request, team, "teams/queues.html", context, 422 if form.is_bound else 200)


@signed_in
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: UUID, queue: int) -> HttpResponse:
    actor, team, mine = _queue(request, pk, queue)
    initial = {
        "name": mine.name,
        "hours": mine.hours,
        "people": list(mine.people.all()),
        "second_share": mine.second_percent,
    }
    form = QueueForm(team, request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        with refusal_on(form, "name"):
            service.edit(actor, mine, **form.cleaned_data)
            messages.success(request, gettext("{queue} was saved.").format(queue=mine))
            return redirect("teams:queues", pk)
    context = {"form": form, "queue": mine}
    return page(request, team, "teams/queue.html", context, 422 if form.is_bound else 200)


@signed_in
@post_only("teams:queues", "pk")
def pause(request: HttpRequest, pk: UUID, queue: int) -> HttpResponse:
    actor, _, mine = _queue(request, pk, queue)
    on = "on" in request.POST
    message = (
        gettext("{queue} is paused. New cases still arrive in it.")
        if on
        else gettext("{queue} is resumed.")
    )
    return _done(request, pk, lambda: service.pause(actor, mine, on), message.format(queue=mine))


@signed_in
@post_only("teams:queues", "pk")
def delete(request: HttpRequest, pk: UUID, queue: int) -> HttpResponse:
    actor, _, mine = _queue(request, pk, queue)
    message = gettext("{queue} was deleted.").format(queue=mine)
    return _done(request, pk, lambda: service.remove(actor, mine), message)


@signed_in
@require_http_methods(["GET", "POST"])
def write_rule(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_QUEUES)
    return _rule_form(request, actor, team, None)


@signed_in
@require_http_methods(["GET", "POST"])
def edit_rule(request: HttpRequest, pk: UUID, rule: int) -> HttpResponse:
    actor, team, mine = _rule(request, pk, rule)
    return _rule_form(request, actor, team, mine)


def _rule_form(
    request: HttpRequest, actor: Actor, team: Team, mine: QueueRule | None
) -> HttpResponse:
    """Saves, or tries on past files and saves nothing."""
    tried = None
    if request.method == "POST":
        form = RuleForm(team, request.POST)
    else:
        form = RuleForm.written(team, mine) if mine else RuleForm(team)
    if form.is_bound and form.is_valid():
        with refusal_on(form, "name"):
            if "try" in request.POST:
                tried = _tried(team, mine, form.values())
            else:
                _save(actor, team, mine, form.values())
                messages.success(
                    request, gettext("The rule applies from the next verdict. Waiting cases stay.")
                )
                return redirect("teams:queues", team.pk)
    context = {
        "form": form, "rule": mine, "tried": tried, "tried_days": dry_run.DAYS,
        "listed": dry_run.LISTED, "most": dry_run.MOST,
        "versions": rule_history.versions(mine) if mine else [],
    }  # fmt: skip
    refused = form.is_bound and tried is None
    return page(request, team, "teams/queue_rule.html", context, 422 if refused else 200)


def _save(actor: Actor, team: Team, mine: QueueRule | None, values: dict[str, Any]) -> None:
    if mine is None:
        service.write_rule(actor, team, values)
    else:
        service.edit_rule(actor, mine, values)


def _tried(team: Team, mine: QueueRule | None, values: dict[str, Any]) -> dry_run.DryRun:
    """The team's rules with this one at its place: the last, where it is new."""
    today = Rules.of(team.pk)
    wanted = QueueRule(team=team, position=0, **service.as_columns(team, values))
    others = [wanted if mine and rule.pk == mine.pk else rule for rule in today.ordered]
    ordered = others if mine else [*others, wanted]
    return dry_run.of(team, today, replace(today, ordered=ordered))


@signed_in
@post_only("teams:queues", "pk")
def move_rule(request: HttpRequest, pk: UUID, rule: int) -> HttpResponse:
    actor, _, mine = _rule(request, pk, rule)
    message = gettext("{rule} was moved.").format(rule=mine)
    return _done(request, pk, lambda: service.move_rule(actor, mine, "up" in request.POST), message)


@signed_in
@post_only("teams:queues", "pk")
def delete_rule(request: HttpRequest, pk: UUID, rule: int) -> HttpResponse:
    actor, _, mine = _rule(request, pk, rule)
    message = gettext("{rule} was deleted. Its cases stay.").format(rule=mine)
    return _done(request, pk, lambda: service.remove_rule(actor, mine), message)


def _queue(request: HttpRequest, pk: UUID, queue: int) -> tuple[Actor, Team, Queue]:
    actor, team = entered(request, pk, Permission.MANAGE_QUEUES)
    return actor, team, get_object_or_404(service.queues_of(team), pk=queue)


def _rule(request: HttpRequest, pk: UUID, rule: int) -> tuple[Actor, Team, QueueRule]:
    actor, team = entered(request, pk, Permission.MANAGE_QUEUES)
    return actor, team, get_object_or_404(service.rules_of(team), pk=rule)


def _done(request: HttpRequest, pk: UUID, verb: Callable[[], object], message: str) -> HttpResponse:
    return done(request, "teams:queues", pk, verb, message, messages.warning)
