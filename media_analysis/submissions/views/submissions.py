"""Pages of intake and results. They translate HTTP, nothing more."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import Actor, actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.care.services import exposure
from media_analysis.submissions import hooks
from media_analysis.submissions.forms import OUTCOMES, IntakeForm
from media_analysis.submissions.models import DeletionAnswer, Submission
from media_analysis.submissions.presenters import metadata, result
from media_analysis.submissions.presenters.export import export
from media_analysis.submissions.search import blind
from media_analysis.submissions.services import deletion as deletion_service
from media_analysis.submissions.services import intake, pictures
from media_analysis.submissions.views.keeping import erased_page

STATES_ASKED = 100
"""Files about which the intake page asks at once."""


def as_if_missing(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A right that is missing answers like a submission that is."""

    @functools.wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            if refusal.forbids:
                raise Http404 from refusal
            raise

    return answered


@signed_in
@require_http_methods(["GET", "POST"])
def submit(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    wants_json = request.headers.get("Accept") == "application/json"
    may_submit = bool(actor.team_ids(Permission.SUBMIT_MEDIA))
    if request.method == "POST" and not may_submit:
        raise PermissionDenied
    form = IntakeForm(actor, request.POST or None, request.FILES or None)
    if request.method == "GET" or not form.is_valid():
        if wants_json and request.method == "POST":
            sentence = " ".join(str(e) for errors in form.errors.values() for e in errors)
            return JsonResponse({"code": "invalid", "sentence": sentence}, status=400)
        return _form_page(request, form, may_submit, status=400 if form.is_bound else 200)
    received, refused = _submit_each(actor, form.cleaned_data)
    if wants_json:
        return _intake_json(received, refused)
    for name, reason in refused:
        messages.error(request, f"{name}: {reason.sentence}")
    for one in received:
        messages.success(request, result.upload_message(one))
    if not received:
        return _form_page(request, form, may_submit, status=400)
    if len(received) == 1:
        return redirect("submissions:detail", received[0].submission.pk)
    return redirect("submissions:history")


def _form_page(
    request: HttpRequest, form: IntakeForm, may_submit: bool, *, status: int
) -> HttpResponse:
    context = {
        "form": form,
        "may_submit": may_submit,
        "outcomes": [value for value, _label in OUTCOMES if value],
        "states_asked": STATES_ASKED,
        "most_bytes": settings.MAX_UPLOAD_BYTES,
        "too_large": intake.too_large(),
    }
    return render(request, "submissions/submit.html", context, status=status)


def _submit_each(
    actor: Actor, form: dict[str, Any]
) -> tuple[list[intake.Received], list[tuple[str | None, Refusal]]]:
    """The files that were received, and the others by name. Raises a missing permission."""
    received, refused = [], []
    for file in form["upload"]:
        try:
            received.append(
                intake.submit(
                    actor,
                    form["team"],
                    file,
                    file.name or "",
                    note=form["note"],
                    policy_context=form["policy_context"],
                    language=form["language"],
                )
            )
        except Refusal as refusal:
            if refusal.forbids:
                raise
            refused.append((file.name, refusal))
    return received, refused


def _intake_json(
    received: list[intake.Received], refused: list[tuple[str | None, Refusal]]
) -> JsonResponse:
    """For the page's own uploader, which sends one file at a time."""
    if refused:
        _, refusal = refused[0]
        body = {"code": refusal.code, "sentence": refusal.sentence}
        return JsonResponse(body, status=refusal.status)
    one = received[0]
    return JsonResponse(
        {
            "id": one.submission.pk,
            "url": reverse("submissions:detail", args=[one.submission.pk]),
            "sentence": result.upload_message(one),
            "earlier_url": one.earlier and reverse("submissions:detail", args=[one.earlier.pk]),
        },
        status=202,
    )


@signed_in
@require_GET
@never_cache
def states(request: HttpRequest) -> JsonResponse:
    """How far the files are that were sent from the intake page; one question for all."""
    ids = []
    for value in request.GET.getlist("id")[:STATES_ASKED]:
        try:
            ids.append(UUID(value))
        except ValueError:
            continue
    found = Submission.objects.for_actor(actor_of(request)).filter(pk__in=ids)
    rows = found.select_related("analysis").defer("analysis__result", "analysis__media")
    return JsonResponse(
        {"submissions": {str(row.pk): result.short_state(row.analysis) for row in rows}}
    )


@signed_in
@require_GET
@never_cache
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    try:
        submission = mine(request, pk)
    except Http404:
        if (gone := erased_page(request, pk)) is not None:
            return gone
        raise
    actor = actor_of(request)
    searched = request.GET.get("metadata", "")
    context: dict[str, Any] = result.page(submission, actor, searched=searched)
    for hook in hooks.beside_result:
        context |= hook(submission, actor)
    return render(request, "submissions/detail.html", context)


@signed_in
@require_GET
def progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What of the result page changes; an ETag keeps polling cheap through any proxy."""
    submission = mine(request, pk)
    analysis = submission.analysis
    seen = f"{analysis.pk}:{analysis.state}:{analysis.stage}:{analysis.progress:.2f}"
    etag = f'"{hashlib.sha256(seen.encode()).hexdigest()[:24]}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        context = result.page(submission, actor_of(request))
        response = render(request, "submissions/_renewed.html", context)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


@signed_in
@post_only("submissions:detail", "pk")
@as_if_missing
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    intake.analyse_again(actor_of(request), mine(request, pk))
    messages.success(
        request, gettext("A new analysis is waiting. The earlier one stays on record.")
    )
    return redirect("submissions:detail", pk)


@signed_in
@post_only("submissions:detail", "pk")
@as_if_missing
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    stopped = intake.cancel(actor_of(request), mine(request, pk))
    messages.info(
        request,
        gettext("The analysis is being cancelled. The media is kept.")
        if stopped
        else gettext("The analysis has already ended."),
    )
    return redirect("submissions:detail", pk)


@signed_in
@post_only("submissions:detail", "pk")
@as_if_missing
def deletion(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for deletion, or with `withdraw` take that back."""
    submission, actor = mine(request, pk), actor_of(request)
    if "withdraw" in request.POST:
        deletion_service.withdraw(actor, submission)
        messages.success(
            request, gettext("The deletion request was withdrawn. Nothing was erased.")
        )
    else:
        deletion_service.ask(actor, submission, request.POST.get("reason", ""))
        messages.success(request, gettext("Deletion was requested. Nothing was erased yet."))
    return redirect("submissions:detail", pk)


@signed_in
@post_only("submissions:detail", "pk")
@as_if_missing
def answer_deletion(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission, actor = mine(request, pk), actor_of(request)
    answer, reason = request.POST.get("answer", ""), request.POST.get("reason", "")
    try:
        given = deletion_service.answer(actor, submission, answer, reason)
    except Refusal as refusal:
        if refusal.forbids:
            raise
        messages.error(request, refusal.sentence)
        return redirect("submissions:detail", pk)
    accepted = given.answer == DeletionAnswer.ACCEPTED
    messages.success(
        request,
        gettext("The request was accepted. The page says when the submission is erased.")
        if accepted
        else gettext("The request was declined. The page shows your reason to the requester."),
    )
    return redirect("submissions:detail", pk)


@signed_in
@require_GET
def picture(request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
    """A small picture made by the engine, never the submitter's own bytes."""
    found = pictures.look(actor_of(request), mine(request, pk), name)
    if found is None:
        raise Http404
    response = HttpResponse(found.content, content_type=found.media_type)
    response["Cache-Control"] = "private, max-age=600"
    return response


@signed_in
@post_only("submissions:detail", "pk")
def unveiled(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page says that the veil was lifted: counted among what this person viewed."""
    submission = mine(request, pk)
    exposure.unveiled(actor_of(request), submission.pk, submission.team_id)
    return HttpResponse(status=204)


@signed_in
@require_GET
def glimpse(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A few grey pixels for a list, generated each time and cached by the browser for an hour."""
    png = pictures.glimpse(actor_of(request), mine(request, pk))
    if png is None:
        raise Http404
    response = HttpResponse(png, content_type="image/png")
    response["Cache-Control"] = "private, max-age=3600"
    return response


@signed_in
@require_GET
def download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Everything that is known of one submission, as JSON."""
    submission = mine(request, pk)
    is_blind = blind.is_blind(submission, actor_of(request))
    response = JsonResponse(export(submission, blind=is_blind), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="touchstone-{submission.pk}.json"'
    return response


@signed_in
@require_GET
@as_if_missing
def credentials(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The file's Content Credentials as crJSON, as they were when it was analysed."""
    submission = mine(request, pk)
    found = metadata.crjson(submission, actor_of(request))
    if found is None:
        raise Http404
    response = HttpResponse(found, content_type="application/json")
    name = f"touchstone-{submission.pk}-credentials.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def mine(request: HttpRequest, pk: UUID) -> Submission:
    """A foreign id answers like a missing one."""
    theirs = Submission.objects.for_actor(actor_of(request))
    related = ("team", "blob", "analysis", "submitted_by")
    return get_object_or_404(theirs.select_related(*related), pk=pk)
