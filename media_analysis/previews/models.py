"""The copy of a film or of a sound that a browser may play: one for the same bytes, and the job
that makes it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jobs.models import UNDER_WAY, LeasedJob, Priority, State


class Preview(LeasedJob):
    """A copy belongs to the bytes, not to an analysis, so sending them again finds it. It is
    deleted with the original. `reason` states why there is none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.OneToOneField("blobs.Blob", on_delete=models.CASCADE, related_name="preview")
    film = models.ForeignKey("blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+")
    seconds = models.FloatField(null=True, help_text="How long the copy plays.")
    fps = models.FloatField(null=True, help_text="Frames a second, on average; none for a sound.")
    made_in = models.FloatField(null=True, help_text="Seconds that it took.")

    class Meta(LeasedJob.Meta):
        verbose_name = _("playback copy")
        verbose_name_plural = _("playback copies")
        constraints = [
            *LeasedJob.Meta.constraints,
            models.CheckConstraint(
                name="preview_done_has_film",
                condition=Q(state=State.DONE, film__isnull=False)
                | (~Q(state=State.DONE) & Q(film__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id[:12]}: {self.state}"

    @property
    def unfinished(self) -> bool:
        return self.state in UNDER_WAY


PRIORITY = Priority.BATCH
