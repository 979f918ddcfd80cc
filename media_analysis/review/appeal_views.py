"""On the result page, whoever sent the media appeals a decision or withdraws the appeal."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from media_analysis.review.services import appeals, grace
from media_analysis.submissions.views.submissions import as_if_missing, mine


@signed_in
@post_only("submissions:detail", "pk")
@as_if_missing
def appeal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Appeal with a text, or with `withdraw` take the appeal back."""
    submission, actor = mine(request, pk), actor_of(request)
    grace.settle_due()
    try:
        if "withdraw" in request.POST:
            appeals.withdraw(actor, submission)
            message = gettext("The appeal was withdrawn. The decision is in force again.")
        else:
            appeals.make(actor, submission, request.POST.get("text", ""))
            message = gettext(
                "Your appeal was received. Another person decides. This page will "
                "show the decision."
            )
        messages.success(request, message)
    except Refusal as refusal:
        if refusal.forbids:
            raise
        messages.error(request, refusal.sentence)
    return redirect("submissions:detail", pk)
