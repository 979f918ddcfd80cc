"""Other submissions with the same bytes, and similar ones: copies that were saved again, reduced or
lightly retouched.

Only what the actor may see; other submissions are not even counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.prepared import Prepared
from accounts.roles import Permission
from media_analysis.submissions.models import Submission, SubmissionQuerySet
from ml.engine.media.similarity import METHOD, NEAR, distance
from ml.models import LOOK_CANDIDATES, Look, near_quarters, nearest

SCENES = 8
"""So many of a video's scenes are looked up, spread over its length."""
MOST_LOOKED_UP = 1000
MOST = 10


@dataclass(frozen=True)
class Similar:
    submission: Submission
    difference: int
    """Bits of 64, of the nearest pair."""
    seconds: float
    """Where in the other one."""

    @property
    def how(self) -> str:
        return gettext("almost identical") if self.difference <= 2 else gettext("very similar")


_LOOKS = Prepared(lambda _, blob: Look.objects.filter(blob=blob, method=METHOD).order_by("seconds"))
_CANDIDATES = Prepared(
    lambda _, blob, **quarters: (
        Look.objects.exclude(blob=blob)
        .with_quarters(**quarters)
        .only("blob_id", "seconds", "bits")[:LOOK_CANDIDATES]
    )
)


def others(actor: Actor, submission: Submission) -> list[Similar]:
    """Nearest first. Submissions with the same bytes are excluded; they are listed elsewhere."""
    own: list[Look] = _LOOKS(None, blob=submission.blob_id)
    if not own:
        return []
    step = max(len(own) / SCENES, 1)
    wanted = [own[int(n * step)].unsigned for n in range(min(len(own), SCENES))]
    best: dict[str, tuple[int, Look]] = {}
    candidates = _CANDIDATES(None, blob=submission.blob_id, **near_quarters(wanted))
    for difference, look in nearest(wanted, candidates):
        best.setdefault(look.blob_id, (difference, look))
    if not best:
        return []
    visible = Submission.objects.for_actor(actor).filter(
        planted=False, blob__in=list(best)[:MOST_LOOKED_UP]
    )
    rows = visible.select_related("analysis", "team", "card").order_by("created_at", "id")
    rows = rows.with_decisions()
    newest = {row.blob_id: row for row in rows.defer("analysis__result", "analysis__media")}
    displayed = [sha256 for sha256 in best if sha256 in newest][:MOST]
    return [
        Similar(newest[sha256], best[sha256][0], best[sha256][1].seconds) for sha256 in displayed
    ]


MOST_OF_A_LIST = 3
"""So many of a video's scenes are compared where a whole list is."""


def among(blobs: Collection[str]) -> dict[str, set[str]]:
    """Of these files, which look alike: each that has some, with the others. In one query."""
    looks: dict[str, list[int]] = defaultdict(list)
    found = Look.objects.filter(blob__in=blobs, method=METHOD).order_by("blob", "seconds")
    for blob, bits in found.values_list("blob", "bits"):
        looks[blob].append(bits % 2**64)
    spread = {blob: some[:: -(-len(some) // MOST_OF_A_LIST)] for blob, some in looks.items()}
    alike: dict[str, set[str]] = defaultdict(set)
    for one, other in combinations(spread, 2):
        if any(distance(a, b) <= NEAR for a in spread[one] for b in spread[other]):
            alike[one].add(other)
            alike[other].add(one)
    return alike


SAME_SHOWN = 10


def _elsewhere(actor: Actor, permission: Permission, *, blob: str, pk: UUID) -> SubmissionQuerySet:
    mine = Submission.objects.for_actor(actor, permission)
    return mine.filter(blob_id=blob, planted=False).exclude(pk=pk)


_ELSEWHERE = Prepared(
    lambda actor, permission, **filters: (
        _elsewhere(actor, permission, **filters).order_by().values_list("pk", flat=True)[:1]
    )
)


def same_bytes(actor: Actor, submission: Submission) -> dict[str, list[Submission]]:
    """Other submissions of the same bytes that the actor may see: before this one, and after."""
    if submission.planted:  # they would tell the answer of a golden case
        return {"earlier": [], "later": []}
    filters: dict[str, Any] = {"blob": submission.blob_id, "pk": submission.pk}
    if not _ELSEWHERE(actor, Permission.VIEW_SUBMISSIONS, **filters):
        return {"earlier": [], "later": []}  # as with most files; the queries below cost far more
    elsewhere = _elsewhere(actor, Permission.VIEW_SUBMISSIONS, **filters)
    others = elsewhere.select_related("team", "analysis").with_decisions()
    others = others.defer("analysis__result", "analysis__media")
    at = submission.created_at
    before = Q(created_at__lt=at) | Q(created_at=at, pk__lt=submission.pk)
    return {
        "earlier": list(others.filter(before)[:SAME_SHOWN]),
        "later": list(others.exclude(before)[:SAME_SHOWN]),
    }
