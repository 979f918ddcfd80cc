"""Care for people who look at media all day: how media is veiled, how much each of them viewed,
and when they should rest.

A team chooses what holds for its media; a person's own choice comes first. What a person chose and
viewed is shown to that person. A lead sees sums of the team, never one person's figures.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

BREAK_MINUTES = 60
BREAK_ITEMS = 50
"""Default limits of review time and of viewed media without a break, if neither person nor team has
chosen."""
LONGEST_WORK = 480
MOST_ITEMS = 1000


class Kind(models.TextChoices):
    IMAGE = "image", _("Image")
    VIDEO = "video", _("Video")
    AUDIO = "audio", _("Sound")


class Veil(models.Model):
    """How media of one kind is shown at first: chosen by a team, or by a person. Nothing chosen
    (NULL): as the team says, and then as `services.veils.USUAL` says."""

    team = models.ForeignKey(
        "accounts.Team", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    kind = models.CharField(max_length=5, choices=Kind.choices)
    blur = models.BooleanField(null=True, blank=True)
    grey = models.BooleanField(null=True, blank=True)
    small = models.BooleanField(null=True, blank=True)
    mute = models.BooleanField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "kind"], name="veil_once_a_team_and_kind"),
            models.UniqueConstraint(fields=["person", "kind"], name="veil_once_a_person_and_kind"),
            models.CheckConstraint(
                name="veil_of_a_team_or_a_person",
                condition=Q(team=None, person__isnull=False) | Q(team__isnull=False, person=None),
            ),
            models.CheckConstraint(name="veil_kind_known", condition=Q(kind__in=Kind.values)),
        ]

    def __str__(self) -> str:
        return f"veil of {self.kind}"


class CareRule(models.Model):
    """When a break is recommended: chosen by a team, or by a person. Nothing chosen (NULL): as the
    team says, and then as usual. 0: never."""

    team = models.OneToOneField(
        "accounts.Team", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    break_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    break_items = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="break_within_a_day", condition=Q(break_minutes__lte=LONGEST_WORK)
            ),
            models.CheckConstraint(
                name="break_before_too_much", condition=Q(break_items__lte=MOST_ITEMS)
            ),
            models.CheckConstraint(
                name="break_of_a_team_or_a_person",
                condition=Q(team=None, person__isnull=False) | Q(team__isnull=False, person=None),
            ),
        ]

    def __str__(self) -> str:
        return "break in a team" if self.team_id else "break of a person"


class Exposure(models.Model):
    """A person was shown the media of a submission on this day (UTC)."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    submission = models.ForeignKey(
        "submissions.Submission", on_delete=models.CASCADE, related_name="+"
    )
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    day = models.DateField()
    unveiled = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "day", "submission"], name="exposure_once_a_day"
            )
        ]
        indexes = [models.Index(fields=["team", "day"], name="exposure_of_a_team")]

    def __str__(self) -> str:
        return f"{self.submission_id} on {self.day}"


class OwnKey(models.Model):
    """The key that a person chose for an action of review (`keys.ACTIONS`)."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=16)
    key = models.CharField(max_length=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "action"], name="one_key_an_action"),
            models.UniqueConstraint(fields=["person", "key"], name="one_action_a_key"),
            models.CheckConstraint(name="key_is_seen", condition=Q(key__regex=r"^[^[:space:]?]$")),
        ]

    def __str__(self) -> str:
        return f"{self.key} for {self.action}"


class Sitting(models.Model):
    """Since when a person reviews without a break."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    began_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())
    reminded_from = models.DateTimeField(
        db_default=Now(), help_text="Start, or when a reminder was dismissed."
    )
    items = models.PositiveIntegerField(db_default=0, help_text="Media met in it.")
    reminded_items = models.PositiveIntegerField(
        db_default=0, help_text="How many they were when a reminder was dismissed."
    )

    def __str__(self) -> str:
        return f"sitting since {self.began_at}"
