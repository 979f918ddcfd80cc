"""What events state about a blob's row."""

from audit.rows import OnRecord, register

from .models import Blob


def keep() -> None:
    register(OnRecord(model=Blob, columns=("size", "media_type", "created_at", "damage")))
