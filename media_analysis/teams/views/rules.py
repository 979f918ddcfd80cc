"""Which verdicts want a person and which come first, and the policies that decisions rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import Actor
from accounts.guards import post_only, signed_in
from accounts.models import Team
from accounts.roles import Permission
from media_analysis.review.models import Policy, QueueOrder, RoutingRule
from media_analysis.review.search import dry_run
from media_analysis.review.search.rule_match import Rules
from media_analysis.review.services import rules as rules_service
from media_analysis.teams.forms import PolicyForm, RoutingForm
from media_analysis.teams.pages import done, entered, page, refusal_on


@signed_in
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_QUEUES)
    today = rules_service.wanted(team)
    usual = set(RoutingRule.DEFAULT_OUTCOMES)
    order = rules_service.order(team).value
    posted = request.POST.copy()
    posted.setdefault("order", order)  # a form that says nothing of the order leaves it as it is
    form = RoutingForm(
        posted if request.method == "POST" else None,
        initial={"outcomes": sorted(today), "order": order},
    )
    valid = request.method == "POST" and form.is_valid()
    tried = None
    if valid and "try" in request.POST:
        rules_today = Rules.of(team.pk)
        wanted = frozenset(form.cleaned_data["outcomes"])
        tried = dry_run.of(team, rules_today, replace(rules_today, usual=wanted))
    elif valid:
        for sentence in _saved(actor, team, form):
            messages.success(request, sentence)
        return redirect("teams:rules", pk)
    context = {
        "form": form,
        "today": today,
        "is_usual": today == usual,
        "usual": sorted(usual),
        "tried": tried,
        "tried_days": dry_run.DAYS,
        "listed": dry_run.LISTED,
        "most": dry_run.MOST,
    }
    refused = form.is_bound and tried is None
    return page(request, team, "teams/rules.html", context, 422 if refused else 200)


@transaction.atomic
def _saved(actor: Actor, team: Team, form: RoutingForm) -> list[str]:
    """Both rules or none."""
    sentences = []
    if rules_service.route(actor, team, form.cleaned_data["outcomes"]):
        sentences.append(gettext("The rule applies from the next verdict. Waiting cases stay."))
    wanted = form.cleaned_data["order"]
    if rules_service.work_in_order(actor, team, wanted):
        sentences.append(
            gettext("New order of the queue: {order}.").format(order=QueueOrder(wanted).label)
        )
    return sentences or [gettext("Nothing was changed.")]


@signed_in
@require_GET
def policies(request: HttpRequest, pk: UUID) -> HttpResponse:
    _, team = entered(request, pk, Permission.MANAGE_POLICIES)
    return page(request, team, "teams/policies.html", {"policies": rules_service.policies(team)})


@signed_in
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_POLICIES)

    def save(name: str, text: str) -> str:
        written = rules_service.write_policy(actor, team, name, text)
        return gettext("{policy} is in force.").format(policy=written)

    return _form(request, team, None, save)


@signed_in
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: UUID, policy: int) -> HttpResponse:
    actor, team, mine = _policy(request, pk, policy)

    def save(name: str, text: str) -> str:
        rules_service.edit_policy(actor, mine, name, text)
        return gettext("{policy} was saved. Earlier decisions keep the earlier text.").format(
            policy=mine
        )

    return _form(request, team, mine, save)


def _form(
    request: HttpRequest, team: Team, mine: Policy | None, save: Callable[[str, str], str]
) -> HttpResponse:
    initial = {"name": mine.name, "text": mine.text} if mine else {}
    form = PolicyForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusal_on(form, "name"):
            messages.success(request, save(form.cleaned_data["name"], form.cleaned_data["text"]))
            return redirect("teams:policies", team.pk)
    context = {"form": form, "policy": mine}
    return page(request, team, "teams/policy.html", context, 422 if form.is_bound else 200)


@signed_in
@post_only("teams:policies", "pk")
def retire(request: HttpRequest, pk: UUID, policy: int) -> HttpResponse:
    """Asks no question: the list offers to put it back in force."""
    actor, _, mine = _policy(request, pk, policy)
    message = gettext("{policy} was retired. New decisions cannot use it.").format(policy=mine)
    return done(
        request, "teams:policies", pk, lambda: rules_service.retire_policy(actor, mine), message
    )


@signed_in
@post_only("teams:policies", "pk")
def restore(request: HttpRequest, pk: UUID, policy: int) -> HttpResponse:
    actor, _, mine = _policy(request, pk, policy)
    return done(
        request,
        "teams:policies",
        pk,
        lambda: rules_service.restore_policy(actor, mine),
        gettext("{policy} is in force again.").format(policy=mine),
    )


@signed_in
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: UUID, policy: int) -> HttpResponse:
    actor, team, mine = _policy(request, pk, policy)
    if request.method == "POST":
        return done(
            request,
            "teams:policies",
            pk,
            lambda: rules_service.delete_policy(actor, mine),
            gettext("{policy} was deleted.").format(policy=mine),
        )
    return page(request, team, "teams/policy_delete.html", {"policy": mine})


def _policy(request: HttpRequest, pk: UUID, policy: int) -> tuple[Actor, Team, Policy]:
    actor, team = entered(request, pk, Permission.MANAGE_POLICIES)
    return actor, team, get_object_or_404(rules_service.policies(team), pk=policy)
