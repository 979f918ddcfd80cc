"""What events hold of the addresses that a team's news go to."""

from audit.rows import OnRecord, register
from media_analysis.webhooks.models import Endpoint


def keep() -> None:
    columns = ("team_id", "service_id", "events", "is_active", "created_at")
    register(OnRecord(model=Endpoint, columns=columns, texts=("url",)))
