"""What events hold of reports: the fingerprint of each, and what it replaces."""

from audit.rows import OnRecord, register
from media_analysis.reports.models import Report


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
