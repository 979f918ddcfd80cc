"""Partners' programs: service accounts and the keys that they carry."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now

from accounts.models.team import Team
from accounts.roles import Permission, Scope

if TYPE_CHECKING:
    from accounts.actors import Actor


class ServiceAccountQuerySet(models.QuerySet["ServiceAccount"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.REVOKE_KEYS
    ) -> ServiceAccountQuerySet:
        return self.filter(team_id__in=actor.team_ids(permission))


class ServiceAccount(models.Model):
    """A partner's program. It belongs to one team, has no password and never sees a page."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="service_accounts")
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ServiceAccountQuerySet.as_manager()

    # What Django REST framework asks of whoever stands behind a request.
    is_authenticated = True
    is_anonymous = False
    is_staff = False
    is_superuser = False

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("team", Lower("name"), name="service_name_is_unique_in_team"),
        ]

    def __str__(self) -> str:
        return self.name


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.REVOKE_KEYS
    ) -> ApiKeyQuerySet:
        return self.filter(service__team_id__in=actor.team_ids(permission))


class ApiKey(models.Model):
    """The key itself is shown once and kept by nobody here: this row holds its SHA-256."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(ServiceAccount, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, editable=False)
    """The first characters, to tell keys apart in lists and in the record."""
    key_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=32, choices=Scope.choices))
    allowed_networks = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    """CIDR notation; empty means from everywhere."""
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_refused_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=Scope.values)
                & (models.Q(scopes__len__gt=0) | models.Q(revoked_at__isnull=False)),
                name="api_key_scopes_are_known",
            ),
            models.CheckConstraint(
                condition=models.Q(key_sha256__regex=r"^[0-9a-f]{64}$"),
                name="api_key_holds_only_a_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"
