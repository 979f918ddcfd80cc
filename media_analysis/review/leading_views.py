"""Forms of a case that are for leads: another queue, and another person."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext

from accounts.actors import Actor, actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.review.models import Case, Queue
from media_analysis.review.services import grace, leading
from media_analysis.review.services.bulk import deciders


def _led(request: HttpRequest, pk: UUID) -> tuple[Actor, Case]:
    actor = actor_of(request)
    case: Case = get_object_or_404(Case.objects.for_actor(actor), pk=pk)
    if not actor.can(Permission.MANAGE_QUEUES, case.team_id):
        raise PermissionDenied
    grace.settle_due()
    return actor, case


def _grounds(request: HttpRequest) -> str:
    return request.POST.get("why", "").replace("\0", "")


@signed_in
@post_only("review:case", "pk")
def move(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, case = _led(request, pk)
    chosen = request.POST.get("queue", "")
    known = Queue.objects.filter(team=case.team_id)
    queue = next((one for one in known if str(one.pk) == chosen), None)
    try:
        if queue is None and chosen:
            raise Refusal("queue_unknown")
        leading.move(actor, pk, queue, _grounds(request))
        name = queue.name if queue else gettext("General")
        messages.success(request, gettext("The case waits in {queue}.").format(queue=name))
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("review:case", pk)


@signed_in
@post_only("review:case", "pk")
def take_from(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the lead, or to the person that the form names."""
    actor, case = _led(request, pk)
    wanted = request.POST.get("person", "")
    try:
        if not wanted:
            leading.take_over(actor, pk, _grounds(request))
            messages.success(request, gettext("The case is assigned to you."))
        else:
            person = next((one for one in deciders(case.team_id) if str(one.pk) == wanted), None)
            if person is None:
                raise Refusal("person_does_not_decide")
            leading.reassign(actor, pk, person, _grounds(request))
            message = gettext("The case is assigned to {person} for a day.").format(person=person)
            messages.success(request, message)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("review:case", pk)
