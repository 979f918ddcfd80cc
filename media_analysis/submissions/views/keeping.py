"""Legal holds, and the page in the place of an erased submission."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from audit.models import Event
from media_analysis.submissions.models import Erasure, Submission
from media_analysis.submissions.presenters.audit_trail import audit_trail
from media_analysis.submissions.presenters.deletion_rows import people_named
from media_analysis.submissions.services import holds


@signed_in
@post_only("submissions:detail", "pk")
def hold(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Place a legal hold, or with `lift` take it off."""
    actor = actor_of(request)
    submission = get_object_or_404(Submission.objects.for_actor(actor), pk=pk)
    reason = request.POST.get("reason", "")
    try:
        if "lift" in request.POST:
            holds.lift(actor, submission, reason)
            messages.success(request, gettext("The legal hold was lifted."))
        else:
            holds.place(actor, submission, reason)
            messages.success(
                request, gettext("The submission is now under a legal hold. It cannot be erased.")
            )
    except Refusal as refusal:
        if refusal.forbids:
            raise Http404 from refusal
        messages.error(request, refusal.sentence)
    return redirect("submissions:detail", pk)


def erased_page(request: HttpRequest, pk: UUID) -> HttpResponse | None:
    """410 with the proof, for those who could see the submission; None where it is not erased."""
    mine = Erasure.objects.for_actor(actor_of(request)).filter(deleted_at__isnull=False)
    erasure = mine.select_related("team").filter(submission=pk).first()
    if erasure is None:
        return None
    events = list(Event.objects.filter(chain=pk).order_by("seq"))
    names = people_named([erasure.ordered_by])
    context = {
        "erasure": erasure,
        "ordered_by": names.get(erasure.ordered_by, erasure.ordered_by),
        "rows": sum(erasure.counts.values()),
        "trail": audit_trail(events, erasure.team_id),
    }
    return render(request, "submissions/erased.html", context, status=410)
