"""Teams, who belongs to them, and who was asked to join."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now

from accounts.roles import Permission, Role

if TYPE_CHECKING:
    from accounts.actors import Actor


class TeamQuerySet(models.QuerySet["Team"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_MEMBERS
    ) -> TeamQuerySet:
        return self.filter(pk__in=actor.team_ids(permission))


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="team_name_is_unique")]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_MEMBERS
    ) -> MembershipQuerySet:
        return self.filter(team_id__in=actor.team_ids(permission))


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]
        triggers = [
            # The services refuse this with a sentence, under the team's lock. The trigger holds
            # for every other way into the table as well, and waits for the end of the transaction;
            # it takes the same lock, or two leads could leave at once, each counting on the other.
            pgtrigger.Trigger(
                name="team_keeps_a_lead",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func="""
                    PERFORM 1 FROM accounts_team WHERE id = OLD.team_id FOR UPDATE;
                    IF OLD.role IN ('lead', 'admin')
                       AND EXISTS (SELECT 1 FROM accounts_membership WHERE team_id = OLD.team_id)
                       AND NOT EXISTS (
                           SELECT 1 FROM accounts_membership
                           WHERE team_id = OLD.team_id AND role IN ('lead', 'admin'))
                    THEN
                        RAISE EXCEPTION 'team % would be left without a lead or an admin',
                            OLD.team_id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team} as {self.role}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> InvitationQuerySet:
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=Now())

    def for_actor(
        self, actor: Actor, permission: Permission = Permission.MANAGE_MEMBERS
    ) -> InvitationQuerySet:
        return self.filter(team_id__in=actor.team_ids(permission))


class Invitation(models.Model):
    """Asks one mailbox to join one team. Only the hash of the mailed token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=Role.choices)
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="invitation_role_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="invitation_email_is_lower_case"
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(revoked_at__isnull=True),
                name="invitation_is_not_both_accepted_and_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.team} as {self.role}"
