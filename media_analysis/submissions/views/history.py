"""The list of what was sent in: found, kept as a filter, taken along as CSV. Translates HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.roles import Permission
from media_analysis.submissions.forms import HistoryFilter, SaveFilterForm
from media_analysis.submissions.models import ListPage, SavedFilter
from media_analysis.submissions.presenters import deletion_rows, history_rows
from media_analysis.submissions.search import history as finding
from media_analysis.submissions.services import deletion, erasing, holds, saved_filters
from media_analysis.submissions.services import export as export_service
from media_analysis.submissions.views.saving_filters import saved


@signed_in
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    return _page(request, request.GET)


def _page(
    request: HttpRequest, values: QueryDict, save: SaveFilterForm | None = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    form = HistoryFilter(actor, values)
    page = finding.page(actor, form.wanted, values.get("cursor"))
    query = _query(values)
    here = reverse("submissions:history")

    def address(cursor: str | None) -> str | None:
        return cursor and f"{here}?{urlencode([*query, ('cursor', cursor)])}"

    context: dict[str, Any] = {
        "form": form,
        "rows": history_rows.rows(actor, page.rows),
        "several_teams": len(actor.team_ids(Permission.VIEW_SUBMISSIONS)) > 1,
        "case_teams": actor.team_ids(Permission.VIEW_CASES),
        "newer_url": address(page.newer),
        "older_url": address(page.older),
        "is_filtered": form.narrows,
        "query": urlencode(query),
        "chips": _chips(form, query),
        "save": save or SaveFilterForm(actor),
        "saved": SavedFilter.objects.for_actor(actor)
        .filter(page=ListPage.HISTORY)
        .select_related("owner", "team"),
        "may_submit": bool(actor.team_ids(Permission.SUBMIT_MEDIA)),
        "may_ask_for_deletion": bool(actor.team_ids(Permission.REQUEST_DELETION)),
        "deletions_waiting": deletion.waiting_for(actor),
        "may_export": bool(actor.team_ids(Permission.EXPORT_SUBMISSIONS)),
    }
    return render(request, "submissions/history.html", context, status=status)


def _chips(form: HistoryFilter, query: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """What narrows the list now, each with the address that no longer does."""
    wanted = form.wanted
    return [
        {
            "label": form.fields[name].label,
            "value": dict(getattr(form.fields[name], "choices", ())).get(value, wanted[name]),
            "without": urlencode([(n, v) for n, v in query if n != name]),
        }
        for name, value in query
        if name in wanted and name not in ("sort", "check")
    ]


def _query(values: QueryDict) -> list[tuple[str, str]]:
    """What narrows or orders, as it was asked for and nothing else."""
    names = HistoryFilter.base_fields
    return [(name, str(values[name])) for name in names if values.get(name)]


@signed_in
@require_GET
def deletions(request: HttpRequest) -> HttpResponse:
    """Requests for deletion: their answers for those who ask, and buttons for those who answer."""
    actor = actor_of(request)
    if not actor.team_ids(Permission.REQUEST_DELETION):
        raise PermissionDenied
    waiting, ended = deletion.listed(actor)
    context = {
        "waiting": deletion_rows.rows(actor, waiting),
        "ended": deletion_rows.rows(actor, ended),
        "holds": deletion_rows.hold_rows(holds.listed(actor)),
        "erasures": erasing.listed(actor),
    }
    return render(request, "submissions/deletions.html", context)


@signed_in
@post_only("submissions:history")
def save_filter(request: HttpRequest) -> HttpResponse:
    values = QueryDict(request.POST.get("query", "")[:2000])
    return saved(
        request, ListPage.HISTORY, urlencode(_query(values)), "submissions:history",
        lambda form: _page(request, values, form, status=400),
    )  # fmt: skip


@signed_in
@require_http_methods(["GET", "POST"])
def delete_filter(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = actor_of(request)
    own = SavedFilter.objects.for_actor(actor).filter(owner=actor.user)
    saved = get_object_or_404(own, pk=pk)
    if request.method == "GET":
        return render(request, "submissions/delete_filter.html", {"saved": saved})
    saved_filters.delete(actor, saved)
    messages.success(
        request,
        gettext("The filter “{name}” was deleted. No submission was changed.").format(
            name=saved.name
        ),
    )
    return redirect("review:queue" if saved.page == ListPage.QUEUE else "submissions:history")


@signed_in
@post_only("submissions:history")
def export(request: HttpRequest) -> HttpResponseBase:
    """An invalid filter would export more than intended, so it is refused."""
    form = HistoryFilter(actor_of(request), request.GET)
    if not form.is_valid():
        return _page(request, request.GET, status=400)
    lines = export_service.export(actor_of(request), form.wanted, request.build_absolute_uri("/"))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"touchstone-{datetime.now(UTC):%Y-%m-%d-%H%M}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
