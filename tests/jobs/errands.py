"""The smallest job there is: a row that is a lease and nothing else, for tests of the job layer."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jobs.models import LeasedJob


class Errand(LeasedJob):
    result = models.TextField(blank=True, default="")

    objects: ClassVar[models.Manager[Errand]] = models.Manager()
    """Said here, because the type checker sees the managers of installed apps alone."""

    class Meta(LeasedJob.Meta):
        app_label = "errands"
