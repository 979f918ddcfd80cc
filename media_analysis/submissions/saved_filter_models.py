"""Ways of looking at a list, kept under a name."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.roles import Permission


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_SUBMISSIONS
    ) -> SavedFilterQuerySet:
        """One's own, and what was shared with a team in which the actor may look."""
        shared = models.Q(team__in=actor.team_ids(permission))
        return self.filter(shared | models.Q(owner=actor.user) if actor.user else shared)


class ListPage(models.TextChoices):
    """Which list a saved filter narrows."""

    HISTORY = "history", _("History")
    QUEUE = "queue", _("Review queue")


class SavedFilter(models.Model):
    """A way of looking at a list that somebody wants to find again, under a name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    team = models.ForeignKey(
        "accounts.Team",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Shared with this team; empty: for its owner alone.",
    )
    name = models.CharField(max_length=80)
    page = models.CharField(
        max_length=7,
        choices=ListPage.choices,
        default=ListPage.HISTORY,
        db_default=ListPage.HISTORY,
    )
    query = models.CharField(max_length=1000, help_text="As it stands in the page's address.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="one_saved_filter_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
