"""People and groups that a team's identity provider manages by SCIM."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from accounts.models.team import Team, no_test_team


class ProvisionedPerson(models.Model):
    """One person as one team's identity provider knows them. The id that the provider gets is this
    row's: it says nothing of the account, which may belong to other teams too."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="provisioned_people")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="provisioned_as"
    )
    user_name = models.CharField(max_length=254)
    external_id = models.CharField(max_length=254, blank=True, default="")
    words = models.JSONField(default=dict)
    """The parts of the name, as the provider sent them."""
    is_active = models.BooleanField(default=True)
    made_account = models.BooleanField(default=False)
    """The account did not exist before."""
    closed_account = models.BooleanField(default=False)
    """Deactivation here closed the account, for it belonged to no other team."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                "team", Lower("user_name"), condition=Q(removed_at=None), name="one_user_name"
            ),
            models.UniqueConstraint(
                fields=["team", "user"], condition=Q(removed_at=None), name="provisioned_once"
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(is_active=False), name="removed_is_inactive"
            ),
        ]
        indexes = [models.Index(fields=["team", "external_id"], name="provisioned_external_id")]
        triggers = [no_test_team("nobody_is_provisioned_in_a_test_team")]

    def __str__(self) -> str:
        return f"{self.user_name} in {self.team}"


class ProvisionedGroup(models.Model):
    """A group of the identity provider. Which role it gives, if any, a `GroupRole` says."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="provisioned_groups")
    name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=200, blank=True, default="")
    members = models.ManyToManyField(ProvisionedPerson, related_name="groups")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="one_group_of_a_name"),
        ]
        triggers = [no_test_team("no_group_is_provisioned_in_a_test_team")]

    def __str__(self) -> str:
        return f"{self.name} in {self.team}"
