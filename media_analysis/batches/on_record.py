"""What events hold of the hosts that a team fetches from."""

from audit.rows import OnRecord, register
from media_analysis.batches.models import Source


def keep() -> None:
    register(OnRecord(model=Source, columns=("team_id", "host", "created_at")))
