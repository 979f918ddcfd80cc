"""The queue's page and what is done from it: filters, and several cases at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.actors import Actor, actor_of
from accounts.guards import post_only, signed_in
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.care.search import figures
from media_analysis.care.services import breaks
from media_analysis.review.forms import DecisionForm
from media_analysis.review.models import Case, Queue
from media_analysis.review.presenters import queue_rows
from media_analysis.review.search import queue as queue_search
from media_analysis.review.services import bulk as bulk_service
from media_analysis.review.services import grace, known_bytes, look_alikes, notes
from media_analysis.submissions.forms import KINDS, SaveFilterForm
from media_analysis.submissions.models import ListPage, SavedFilter
from media_analysis.submissions.presenters import glimpses
from media_analysis.submissions.views.saving_filters import saved

Filters = Mapping[str, tuple[Any, Sequence[tuple[str, Any]]]]
FILTERS: Filters = {
    "kind": (_("Kind"), KINDS[1:]),
    "because": (
        _("Why it is here"),
        [
            ("manipulation_found", _("Manipulation found")),
            ("declared_generated", _("Declared generated")),
            ("inconclusive", _("Inconclusive")),
            ("analysis_set_aside", _("The analysis failed")),
            ("no_manipulation_found", _("Nothing found")),
            ("spot_check", _("Spot check")),
            (queue_search.APPEAL, _("Appeal")),
        ],
    ),
    "hands": (
        _("Assigned to"),
        [
            ("free", _("nobody")),
            ("mine", _("me")),
            ("held", _("somebody")),
            ("lead", _("Waits for a lead")),
        ],
    ),
}


@signed_in
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    return _page(request, request.GET)


def _page(
    request: HttpRequest, query: QueryDict, save: SaveFilterForm | None = None, status: int = 200
) -> HttpResponse:
    """`query`: the filters, as an address holds them. `save` came back with an error."""
    actor = actor_of(request)
    if not actor.team_ids(Permission.VIEW_CASES):
        raise PermissionDenied
    grace.settle_due()
    if not request.headers.get("X-Renew"):  # a list that renews itself is nobody at work
        breaks.works(actor)
    count = queue_search.count(actor)
    teams = Team.objects.in_bulk(actor.team_ids(Permission.VIEW_CASES))
    orders = {teams[pk]: order for pk, order in queue_search.orders(teams).items()}
    queues = queue_search.queues(actor)
    filters = _with_queues(queues) if queues else FILTERS
    wanted = {name: query.get(name, "") for name in (*filters, "q")}
    visible = queue_search.visible_cases(actor, wanted)
    context = {
        "order": next(iter(orders.values())) if len(set(orders.values())) == 1 else None,
        "orders": sorted((team.name, order) for team, order in orders.items()),
        "rows": queue_rows.rows(actor, visible),
        "filters": _filters(filters, wanted),
        "has_queues": bool(queues),
        "several_teams": len(teams) > 1,
        "queue": wanted.get("queue", ""),
        "overdue": queue_search.overdue(actor) if queues else 0,
        "q": wanted["q"],
        "is_filtered": any(wanted.values()),
        "query": urlencode({name: value for name, value in wanted.items() if value}),
        "save": save or SaveFilterForm(actor),
        "saved": SavedFilter.objects.for_actor(actor)
        .filter(page=ListPage.QUEUE)
        .select_related("owner", "team"),
        "count": min(count, queue_search.COUNTED),
        "more": count > queue_search.COUNTED,
        "shown": queue_search.SHOWN,
        "may_decide": bool(actor.team_ids(Permission.DECIDE_CASES)),
        "leads": bool(actor.team_ids(Permission.MANAGE_QUEUES)),
        "most": bulk_service.MOST,
        "mine": queue_search.in_hands_of(actor),
        "mentions": notes.mentions(actor, only_new=True),
        "undoable": grace.undoable(actor),
        "worked": breaks.due(actor),
        "own": figures.own(actor.user) if actor.user else None,
    }
    return render(request, "review/queue.html", context, status=status)


@signed_in
@post_only("review:queue")
def save_filter(request: HttpRequest) -> HttpResponse:
    """Under a name, for oneself or for a team: the rows are always what the reader may see."""
    actor = actor_of(request)
    if not actor.team_ids(Permission.VIEW_CASES):
        raise PermissionDenied
    query = QueryDict(request.POST.get("query", "")[:1000])
    known = {name: query[name] for name in (*FILTERS, "queue", "late", "q") if query.get(name)}
    return saved(
        request, ListPage.QUEUE, urlencode(known), "review:queue",
        lambda form: _page(request, query, form, status=400),
    )  # fmt: skip


def _with_queues(queues: Sequence[Queue]) -> Filters:
    late = (_("Due"), [("1", _("Overdue"))])
    return {"queue": (_("Queue"), _named(queues)), **FILTERS, "late": late}


def _named(queues: Sequence[Queue]) -> list[tuple[str, str]]:
    """For the filter: with their team's name where there are several teams."""
    several_teams = len({queue.team_id for queue in queues}) > 1
    named = [
        (str(one.pk), f"{one.team}: {one.name}" if several_teams else one.name) for one in queues
    ]
    return [(queue_search.GENERAL, gettext("General")), *named]


def _filters(filters: Filters, wanted: dict[str, str]) -> list[dict[str, object]]:
    """For the bar; each chosen one is a chip that takes it away again."""
    return [
        {
            "name": name,
            "label": label,
            "options": options,
            "value": wanted[name],
            "chosen": dict(options).get(wanted[name], ""),
            "without": "&".join(
                f"{n}={v}" for n, v in wanted.items() if v and n not in (name, "q")
            ),
        }
        for name, (label, options) in filters.items()
    ]


@signed_in
@post_only("review:queue")
def bulk(request: HttpRequest) -> HttpResponse:
    """First a preview of what would happen; then, with `confirmed`, it happens. With `same`, of all
    waiting cases of that case's file; with `alike`, of those that look like it."""
    actor = actor_of(request)
    assigns = "assign" in request.POST
    permission = Permission.MANAGE_QUEUES if assigns else Permission.DECIDE_CASES
    if not actor.team_ids(permission):
        raise PermissionDenied
    try:
        ids = _ids(request.POST.getlist("case"))
        if same := _ids([request.POST.get("same", "")]):
            ids = known_bytes.together(actor, same[0], bulk_service.MOST)
        elif alike := _ids([request.POST.get("alike", "")]):
            ids = look_alikes.together(actor, alike[0], bulk_service.MOST)
        chosen = bulk_service.chosen(actor, ids, permission)
        if assigns:
            return _assigned(request, actor, chosen)
        return _decided(request, actor, chosen)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect("review:queue")


def _decided(request: HttpRequest, actor: Actor, chosen: Sequence[Case]) -> HttpResponse:
    confirmed = "confirmed" in request.POST
    initial = {"fence": 0}
    form = DecisionForm(chosen[0], request.POST if confirmed else None, initial=initial)
    if not confirmed or not form.is_valid():
        context = {**_preview(actor, chosen), "form": form, "assigns": False}
        return render(request, "review/bulk.html", context, status=422 if confirmed else 200)
    done = bulk_service.decide(actor, chosen, form.decision_text())
    message = ngettext("%(count)s case is decided.", "%(count)s cases are decided.", done.count)
    return _report_done(request, done, message)


def _preview(actor: Actor, chosen: Sequence[Case]) -> dict[str, Any]:
    """Each can still be taken out."""
    seen = glimpses.of(actor, [case.submission for case in chosen])
    return {"chosen": chosen, "rows": [(case, seen[case.submission_id]) for case in chosen]}


def _assigned(request: HttpRequest, actor: Actor, chosen: Sequence[Case]) -> HttpResponse:
    people = bulk_service.people(chosen[0])
    wanted = request.POST.get("person", "")
    person = next((one for one in people if str(one.pk) == wanted), None)
    if "confirmed" not in request.POST or person is None:
        context = {**_preview(actor, chosen), "people": people, "assigns": True}
        return render(request, "review/bulk.html", context)
    done = bulk_service.assign(actor, chosen, person)
    message = ngettext("%(count)s case is assigned.", "%(count)s cases are assigned.", done.count)
    return _report_done(request, done, message)


def _report_done(request: HttpRequest, done: bulk_service.Done, message: str) -> HttpResponse:
    sentence = message % {"count": done.count}
    if done.passed_over:
        sentence += " " + gettext("%(count)s could not be claimed and were skipped.") % {
            "count": done.passed_over
        }
    messages.success(request, sentence)
    return redirect("review:queue")


def _ids(values: Sequence[str]) -> list[UUID]:
    ids = []
    for one in values[:1000]:
        try:
            ids.append(UUID(one))
        except ValueError:
            continue
    return ids
