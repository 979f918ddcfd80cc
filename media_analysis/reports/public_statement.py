"""A short statement for the public about the decision in force, to be copied. It names no person,
no file and no reason: the report holds those, for whoever gets it."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext

from media_analysis.reports.models import Report
from media_analysis.review.models import Case
from media_analysis.submissions.outcomes import DecisionOutcome


def of(case: Case, reports: Iterable[Report]) -> str:
    """Empty without a report of the decision in force."""
    fence = case.fence_in_force
    report = next((one for one in reports if one.decision.fence == fence), None)
    if report is None:
        return ""
    decision = report.decision
    told = [
        gettext("{team} examined a media file and decided on {date}: {outcome}.").format(
            team=case.team,
            date=date_format(decision.created_at, "DATE_FORMAT"),
            outcome=decision.get_outcome_display(),
        ),
        gettext("Policy: {policy}.").format(policy=decision.policy) if decision.policy else "",
        gettext("Automatic checks ran before. A person decided."),
        gettext("That no manipulation was seen does not prove that the media is authentic.")
        if decision.outcome != DecisionOutcome.MANIPULATED
        else "",
        gettext("SHA-256 of the file: {sha256}.").format(sha256=case.submission.blob_id),
        gettext("Whoever has the report {report} can check it at {address}.").format(
            report=report.pk,
            address=str(settings.PUBLIC_URL).rstrip("/") + reverse("reports:verify"),
        ),
    ]
    return " ".join(filter(None, told))
