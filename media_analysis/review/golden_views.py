"""Leads mark media whose answer is known, and take it out again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.review.golden_models import GoldenCase
from media_analysis.review.models import RoutingRule
from media_analysis.review.services import golden
from media_analysis.submissions.models import Submission


@signed_in
@post_only("submissions:detail", "pk")
def mark(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = actor_of(request)
    submission = get_object_or_404(
        Submission.objects.for_actor(actor).select_related("team", "analysis"), pk=pk
    )
    if not actor.can(Permission.MANAGE_QUEUES, submission.team_id):
        raise PermissionDenied
    try:
        note = request.POST.get("note", "").replace("\0", "")
        golden.mark(actor, submission, request.POST.get("outcome", ""), note)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect("submissions:detail", pk)
    if RoutingRule.of(submission.team_id).golden_share:
        message = gettext("Marked. Copies of it are mixed into the new cases.")
    else:
        message = gettext(
            "Marked. Choose a share of golden cases above 0, so that copies are placed."
        )
    messages.success(request, message)
    return redirect("teams:quality", submission.team_id)


@signed_in
@post_only("review:queue")
def take_out(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    found: GoldenCase = get_object_or_404(
        GoldenCase.objects.for_actor(actor).select_related("submission"), pk=pk
    )
    if not actor.can(Permission.MANAGE_QUEUES, found.team_id):
        raise PermissionDenied
    golden.take_out(actor, found)
    messages.success(
        request, gettext("Taken out. No more copies are placed. The answers are kept.")
    )
    return redirect("teams:quality", found.team_id)
