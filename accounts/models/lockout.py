"""How often somebody guessed wrong, counted in one place for every process."""

from __future__ import annotations

from django.db import models


class Guesses(models.Model):
    """Wrong guesses at one secret since `since`. The subject is a keyed hash: an address that
    somebody only typed into the login form is not kept."""

    subject = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    since = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "guesses"

    def __str__(self) -> str:
        return f"{self.count} since {self.since}"
