"""What events hold of a copy that was made to be looked at."""

from django.db.models import Q

from audit.rows import OnRecord, register
from media_analysis.previews.models import Preview


def keep() -> None:
    columns = ("source_id", "film_id", "seconds", "fps")
    register(OnRecord(model=Preview, columns=columns, only=Q(film__isnull=False)))
