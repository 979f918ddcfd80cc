"""The tiny picture before each row of a list: whether there is one, and how it is veiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.care.services import veils
from media_analysis.submissions.models import Submission
from ml.models import Thumbnail


@dataclass(frozen=True)
class Glimpse:
    kind: str
    visible: bool
    """There is a picture, and this person may see the team's media."""
    veil: veils.Shown | None


def of(actor: Actor, submissions: Sequence[Submission]) -> Mapping[UUID, Glimpse]:
    """By submission, in two queries for the whole list."""
    analyses = [one.analysis_id for one in submissions if one.analysis_id]
    pictured = set(
        Thumbnail.objects.filter(analysis__in=analyses, name="frame").values_list(
            "analysis_id", flat=True
        )
    )
    veiled = veils.each(actor, {one.team_id for one in submissions})
    looking = set(actor.team_ids(Permission.VIEW_MEDIA))
    return {
        one.pk: Glimpse(
            kind=one.kind,
            visible=one.analysis_id in pictured and one.team_id in looking,
            veil=veiled[one.team_id].get(one.kind),
        )
        for one in submissions
    }
