"""What a team chose for its people is on record. What a person chose or viewed is theirs alone."""

from django.db.models import Q

from audit.rows import OnRecord, register
from media_analysis.care.models import CareRule, Veil


def keep() -> None:
    register(
        OnRecord(
            model=CareRule,
            columns=("team_id", "break_minutes", "break_items"),
            only=Q(team__isnull=False),
        ),
        OnRecord(
            model=Veil,
            columns=("team_id", "kind", "blur", "grey", "small", "mute"),
            only=Q(team__isnull=False),
        ),
    )
