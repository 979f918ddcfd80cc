"""Other submissions of the same bytes, and those that look alike: copies saved again, made smaller
or lightly retouched.

Only of what the actor may see; what they may not see is not even counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext

from accounts.actors import Actor
from media_analysis.submissions.models import Submission
from ml.engine.media.similarity import METHOD
from ml.models import Look

SCENES = 8
"""So many of a video's scenes are looked up, spread over its length."""
MOST_LOOKED_UP = 1000
MOST = 10


@dataclass(frozen=True)
class Alike:
    submission: Submission
    difference: int
    """Bits of 64, of the nearest pair."""
    seconds: float
    """Where in the other one."""

    @property
    def how(self) -> str:
        return gettext("almost identical") if self.difference <= 2 else gettext("very similar")


def others(actor: Actor, submission: Submission) -> list[Alike]:
    """The nearest first; the same bytes are not among them, they are told elsewhere."""
    own = list(Look.objects.filter(blob=submission.blob_id, method=METHOD).order_by("seconds"))
    if not own:
        return []
    step = max(len(own) / SCENES, 1)
    wanted = [own[int(n * step)].unsigned for n in range(min(len(own), SCENES))]
    best: dict[str, tuple[int, Look]] = {}
    for difference, look in Look.objects.exclude(blob=submission.blob_id).near(wanted):
        best.setdefault(look.blob_id, (difference, look))
    visible = Submission.objects.for_actor(actor).filter(
        planted=False, blob__in=list(best)[:MOST_LOOKED_UP]
    )
    rows = visible.select_related("analysis", "team", "card").order_by("created_at", "id")
    rows = rows.with_decisions()
    newest = {row.blob_id: row for row in rows.defer("analysis__result", "analysis__media")}
    nearest = [sha256 for sha256 in best if sha256 in newest][:MOST]
    return [Alike(newest[sha256], best[sha256][0], best[sha256][1].seconds) for sha256 in nearest]


SAME_SHOWN = 10


def same_bytes(actor: Actor, submission: Submission) -> dict[str, list[Submission]]:
    """Other submissions of the same bytes that the actor may see: before this one, and after."""
    mine = Submission.objects.for_actor(actor).filter(blob_id=submission.blob_id, planted=False)
    if submission.planted:  # they would tell the answer of a golden case
        mine = mine.none()
    elsewhere = mine.exclude(pk=submission.pk)
    if not elsewhere.exists():  # as with most files; the two queries below cost far more
        return {"earlier": [], "later": []}
    others = elsewhere.select_related("team", "analysis").with_decisions()
    others = others.defer("analysis__result", "analysis__media")
    at = submission.created_at
    before = Q(created_at__lt=at) | Q(created_at=at, pk__lt=submission.pk)
    return {
        "earlier": list(others.filter(before)[:SAME_SHOWN]),
        "later": list(others.exclude(before)[:SAME_SHOWN]),
    }
