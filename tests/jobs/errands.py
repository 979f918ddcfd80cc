"""The smallest job there is: a row that is a lease and nothing else, for tests of the job layer."""

from django.db import models

from jobs.models import LeasedJob


class Errand(LeasedJob):
    result = models.TextField(blank=True, default="")

    class Meta(LeasedJob.Meta):
        app_label = "errands"
