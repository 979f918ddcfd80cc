"""A person's own figures: what they decided, and how often others agree."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.actors import actor_of
from accounts.guards import signed_in
from accounts.roles import Permission
from media_analysis.review.presenters import quality
from media_analysis.review.search import agreement, detector_quality, golden
from media_analysis.submissions.outcomes import DecisionOutcome


@signed_in
@require_GET
@never_cache
def own(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if actor.user is None or not actor.team_ids(Permission.DECIDE_CASES):
        raise PermissionDenied
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    made = detector_quality.outcomes_of(actor.user, month)
    context = {
        "month": month,
        "outcomes": [(DecisionOutcome(name).label, n) for name, n in made.items()],
        "total": sum(made.values()),
        "same": quality.cell(agreement.own(actor.user)),
        "override": quality.cell(detector_quality.overrides_of(actor.user, month)),
        "golden": quality.cell(golden.own(actor.user)),
        "answers": golden.answers_of(actor.user),
        "days": agreement.DAYS,
    }
    return render(request, "review/own.html", context)
