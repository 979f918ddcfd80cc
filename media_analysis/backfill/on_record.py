"""What events hold of a backfill: what it was ordered to do, and how it ended."""

from audit.rows import OnRecord, register
from media_analysis.backfill.models import Backfill


def keep() -> None:
    register(
        OnRecord(
            model=Backfill,
            columns=(
                "team_id", "selection", "engine_version", "ordered_by", "planned_at", "state",
                "started_at", "ended_at",
            ),
        )
    )  # fmt: skip
