"""The evidence film of a case, and the job that makes it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from jobs.models import UNDER_WAY, LeasedJob, State
from media_analysis.review.models import TeamOwned


class EvidenceFilm(LeasedJob):
    """The playback copy with boxes, map and scores in its picture: one for each analysis of a case.
    It is erased with the submission. `reason` says why there is none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("review.Case", on_delete=models.PROTECT, related_name="films")
    analysis = models.ForeignKey("ml.Analysis", on_delete=models.PROTECT, related_name="+")
    film = models.ForeignKey("blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+")
    seconds = models.FloatField(null=True, help_text="How long it plays.")
    made_in = models.FloatField(null=True, help_text="Seconds that it took.")

    objects = TeamOwned.as_manager()

    class Meta(LeasedJob.Meta):
        constraints = [
            *LeasedJob.Meta.constraints,
            models.UniqueConstraint(fields=["case", "analysis"], name="one_film_an_analysis"),
            models.CheckConstraint(
                name="evidence_film_done_has_film",
                condition=Q(state=State.DONE, film__isnull=False)
                | (~Q(state=State.DONE) & Q(film__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"film of {self.case_id}: {self.state}"

    @property
    def unfinished(self) -> bool:
        return self.state in UNDER_WAY
