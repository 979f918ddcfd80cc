"""What leads and administrators watch; and another try of what was set aside."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import Actor, actor_of
from accounts.guards import signed_in
from accounts.models import Team
from accounts.roles import Permission
from jobs.models import LeasedJob, State
from media_analysis.dashboard.presenters import overview as overview_page
from media_analysis.dashboard.services import retrying
from media_analysis.submissions.models import Submission
from ml import language


@signed_in
@require_GET
@never_cache
def overview(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    teams = list(Team.objects.for_actor(actor, Permission.VIEW_DASHBOARD))
    if not teams and not actor.is_site_admin:
        raise PermissionDenied
    chosen = _chosen(request.GET.get("team", ""), teams)
    context = {
        "teams": teams,
        "chosen": chosen,
        **overview_page.overview(actor, [chosen] if chosen else teams),
    }
    return render(request, "dashboard/overview.html", context)


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _again(
        request, pk, gettext("Retry this analysis?"), retrying.retry, lambda sent: sent.analysis
    )


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def retry_copy(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _again(
        request, pk, gettext("Retry this playback copy?"), retrying.retry_copy,
        lambda sent: getattr(sent.blob, "preview", None),
    )  # fmt: skip


def _again(
    request: HttpRequest,
    pk: UUID,
    question: str,
    verb: Callable[[Actor, UUID], bool],
    job_of: Callable[[Submission], LeasedJob | None],
) -> HttpResponse:
    """GET asks, POST does. Without the right to, it looks like a missing one."""
    actor = actor_of(request)
    mine = Submission.objects.for_actor(actor, Permission.RETRY_ANALYSES)
    whole = mine.select_related("analysis", "blob__preview", "team").defer("analysis__result")
    submission = get_object_or_404(whole, pk=pk)
    if request.method == "POST":
        if verb(actor, pk):
            messages.success(
                request,
                gettext("It is waiting for a worker again and starts from its first attempt."),
            )
        else:
            messages.info(request, gettext("It no longer needed attention. Nothing was changed."))
        return redirect("dashboard:overview")
    job = job_of(submission)
    context = {
        "submission": submission,
        "question": question,
        "job": job,
        "reason": language.reason(job.state, job.reason_code, job.reason) if job else "",
        "is_parked": job is not None and job.state == State.PARKED,
        "name": submission.filename
        if actor.can(Permission.VIEW_SUBMISSIONS, submission.team_id)
        else "",
    }
    return render(request, "dashboard/retry.html", context)


def _chosen(wanted: str, teams: list[Team]) -> Team | None:
    if not wanted:
        return None
    for team in teams:
        if str(team.pk) == wanted:
            return team
    raise Http404
