"""Save the filters of a list under a name, for oneself or for a team."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext

from accounts.actors import actor_of
from accounts.refusals import Refusal
from media_analysis.submissions.forms import SaveFilterForm
from media_analysis.submissions.models import ListPage
from media_analysis.submissions.services import saved_filters


def saved(
    request: HttpRequest,
    page: ListPage,
    query: str,
    home: str,
    again: Callable[[SaveFilterForm], HttpResponse],
) -> HttpResponse:
    """`again` shows the list with the form in which something is wrong; `home` is its address."""
    actor = actor_of(request)
    form = SaveFilterForm(actor, request.POST)
    if not form.is_valid():
        return again(form)
    name, team = form.cleaned_data["name"], form.cleaned_data["team"]
    try:
        saved_filters.save(actor, name, query, team, page)
    except Refusal as refusal:
        if refusal.forbids:
            raise
        form.add_error("name", refusal.sentence)
        return again(form)
    messages.success(request, gettext("The filter “{name}” was saved.").format(name=name))
    return redirect(f"{reverse(home)}?{query}")
