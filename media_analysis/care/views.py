"""A person's own page: what they viewed, how media is shown to them, and when they should rest."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.models import User
from media_analysis.care.forms import KeysForm, OwnForm
from media_analysis.care.search import figures
from media_analysis.care.services import breaks, exposure, own_keys, veils


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    person = request.user
    assert isinstance(person, User)
    sent = [request.POST] if request.method == "POST" else []
    form = OwnForm(veils.chosen_by(person), breaks.chosen_by(person), *sent)
    if form.is_bound and form.is_valid():
        veils.choose_own(person, form.choice())
        breaks.choose_own(person, form.limits())
        messages.success(request, gettext("Saved. This applies to you from now on."))
        return redirect("care:own")
    context = {
        "form": form,
        "own": figures.own(person),
        "kept_days": exposure.KEPT_DAYS,
        "fewest": figures.FEWEST,
    }
    return render(request, "care/own.html", context, status=422 if form.is_bound else 200)


@signed_in
@post_only("care:own")
def dismiss(request: HttpRequest) -> HttpResponse:
    breaks.dismiss(actor_of(request))
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, request.get_host(), request.is_secure())
    return redirect(back if here else "care:own")


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """Which key does what, for this person."""
    person = request.user
    assert isinstance(person, User)
    form = KeysForm(own_keys.of(person.pk), *([request.POST] if request.method == "POST" else []))
    if form.is_bound and form.is_valid():
        own_keys.choose(person, form.cleaned_data)
        messages.success(request, gettext("Your keys were saved."))
        return redirect("care:keys")
    context = {"form": form}
    return render(request, "care/keys.html", context, status=422 if form.is_bound else 200)


@signed_in
@post_only("care:keys")
def reset_keys(request: HttpRequest) -> HttpResponse:
    person = request.user
    assert isinstance(person, User)
    own_keys.reset(person)
    messages.success(request, gettext("The default keys are restored."))
    return redirect("care:keys")
