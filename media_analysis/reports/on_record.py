"""What events hold of reports and films: the fingerprint of each, and what a report replaces."""

from django.db.models import Q

from audit.rows import OnRecord, register
from media_analysis.reports.models import EvidenceFilm, Report


def keep() -> None:
    register(
        OnRecord(
            model=Report,
            columns=(
                "team_id", "case_id", "decision_id", "number", "earlier_id", "body_sha256",
                "created_at",
            ),
            related=("case",),
            of_chain="case__submission_id",
        )
    )  # fmt: skip
    register(
        OnRecord(
            model=EvidenceFilm,
            columns=("team_id", "case_id", "analysis_id", "film_id", "seconds"),
            only=Q(film__isnull=False),
            related=("case",),
            of_chain="case__submission_id",
        )
    )
