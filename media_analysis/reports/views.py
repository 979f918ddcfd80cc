"""Pages of reports: those of one case, their files, and the public check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.reports import keys, verifying
from media_analysis.reports.models import Report
from media_analysis.reports.services import films, issuing
from media_analysis.review.models import Case, CaseState
from media_analysis.submissions.services import parts
from media_analysis.submissions.views.submissions import as_if_missing

LARGEST = 32 * 1024 * 1024
MOST_FILES = 6


@signed_in
@require_GET
@never_cache
def of_case(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, case = actor_of(request), case_of(request, pk)
    reports = issuing.of_case(actor, case.pk)
    is_decided = case.state == CaseState.DECIDED
    in_force = [one for one in reports if one.decision.fence == case.fence_in_force]
    may_issue = actor.can(Permission.DECIDE_CASES, case.team_id) and is_decided
    context = {
        "case": case,
        "reports": reports,
        "is_decided": is_decided,
        "languages": _languages(in_force) if may_issue else [],
        "is_reported": bool(in_force),
        "statement": next((one.public for one in in_force), ""),
        "film": films.page_data(actor, case),
        "removed": parts.sentences(case.submission),
        "files": (verifying.PDF, verifying.BODY, verifying.STATEMENT, verifying.SIGNATURE),
        "public": verifying.PUBLIC,
    }
    return render(request, "reports/of_case.html", context)


def _languages(reports: Sequence[Report]) -> list[tuple[str, str]]:
    """In which the decision has no report yet: the reader's own first."""
    left = dict(settings.LANGUAGES)
    for report in reports:
        left.pop(report.language, None)
    return sorted(left.items(), key=lambda one: one[0] != get_language())


@signed_in
@post_only("reports:of_case", "pk")
@as_if_missing
def issue(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = case_of(request, pk)
    try:
        language = request.POST.get("language", "")
        report = issuing.issue(actor_of(request), case, language)
        messages.success(
            request, gettext("Report %(number)s is issued and signed.") % {"number": report.number}
        )
    except Refusal as refusal:
        if refusal.forbids:
            raise
        messages.error(request, refusal.sentence)
    return redirect("reports:of_case", pk)


@signed_in
@require_GET
@never_cache
def download(request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
    actor = actor_of(request)
    report = get_object_or_404(Report.objects.for_actor(actor).select_related("case"), pk=pk)
    content = issuing.handed_out(actor, report, name)
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type=issuing.kind_of(name))
    response["Content-Disposition"] = f'attachment; filename="{report.pk}-{name}"'
    return response


@require_http_methods(["GET", "POST"])
@never_cache
def verify(request: HttpRequest) -> HttpResponse:
    """For everybody, signed in or not: the media is not needed, and nothing is kept."""
    context: dict[str, Any] = {"keys": [str(key) for key in keys.trusted_keys()]}
    status = 200
    if request.method == "POST":
        try:
            context["checked"] = verifying.verify(_given(request), keys.trusted_keys())
        except verifying.Refused as refusal:
            context["refused"], status = gettext(refusal.words).format(**refusal.data), 422
    return render(request, "reports/verify.html", context, status=status)


@require_GET
def certificate(request: HttpRequest) -> HttpResponse:
    """For everybody: what a PDF reader must trust to know who signed a report's PDF."""
    # Here, for pyHanko takes as long to import as a page takes to draw.
    from media_analysis.reports import pdf_signing

    try:
        content = pdf_signing.certificate()
    except pdf_signing.SignerUnusable as error:
        raise Refusal("report_signer_unusable") from error
    response = HttpResponse(content, content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="report-certificate.pem"'
    return response


def _given(request: HttpRequest) -> list[bytes]:
    files = request.FILES.getlist("files")
    if len(files) > MOST_FILES or any((file.size or 0) > LARGEST for file in files):
        raise verifying.Refused("too_much")
    return [file.read() for file in files]


def case_of(request: HttpRequest, pk: UUID) -> Case:
    related = ("submission__blob", "submission__analysis", "team")
    mine = Case.objects.for_actor(actor_of(request)).select_related(*related)
    found = get_object_or_404(mine, pk=pk)
    assert isinstance(found, Case)
    return found
