"""Teams, who belongs to them, and who was asked to join."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, cast

import pgtrigger
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.rates import monthly_quota, rate, rates_in_range
from accounts.roles import Permission, Role, roles_with

if TYPE_CHECKING:
    from accounts.actors import Actor


LARGEST_QUOTA = 1_000_000_000
HEAVIEST = 10
"""The largest weight: somebody of weight 1 still gets one turn in eleven."""


class TeamQuerySet(models.QuerySet["Team"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_MEMBERS
    ) -> TeamQuerySet:
        return self.filter(pk__in=actor.team_ids(permission))


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    live_team = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="test_team",
        help_text="Set in a test team: the team whose test keys send into it.",
    )
    weight = models.SmallIntegerField(
        default=1,
        db_default=1,
        help_text="How many turns each sender gets for one of a sender in a team of weight 1.",
    )
    quota = monthly_quota()
    read_rate = rate("no limit of all its partners together.")
    write_rate = rate("no limit of all its partners together.")
    second_factor_from = models.DateTimeField(
        null=True, editable=False, help_text="From then on, members need a second factor."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="team_name_is_unique"),
            models.CheckConstraint(
                condition=models.Q(weight__range=(1, HEAVIEST)), name="team_weight_in_range"
            ),
            models.CheckConstraint(
                condition=models.Q(quota=None) | models.Q(quota__range=(0, LARGEST_QUOTA)),
                name="team_quota_in_range",
            ),
            rates_in_range("team_rates_in_range"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="test_team_stays_one",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF TG_OP = 'UPDATE' THEN
                        IF NEW.live_team_id IS DISTINCT FROM OLD.live_team_id THEN
                            RAISE EXCEPTION 'a team stays a test team, or none'
                                USING ERRCODE = 'check_violation';
                        END IF;
                    ELSIF EXISTS (SELECT FROM accounts_team
                            WHERE id = NEW.live_team_id AND live_team_id IS NOT NULL) THEN
                        RAISE EXCEPTION 'a test team has no test team'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.live_team} (test)" if self.is_test else self.name

    @property
    def is_test(self) -> bool:
        """Nobody belongs to it. What is in it, test keys alone see (`services/test_mode.py`)."""
        return self.live_team_id is not None

    @property
    def run_by_id(self) -> uuid.UUID:
        """The team whose people run this one: its own, except for a test team."""
        return self.live_team_id or self.pk


def no_test_team(name: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func="""
            IF EXISTS (SELECT FROM accounts_team
                    WHERE id = NEW.team_id AND live_team_id IS NOT NULL) THEN
                RAISE EXCEPTION 'nobody belongs to a test team' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


class GroupRole(models.Model):
    """Who is in a group of the identity provider has this role in the team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="group_roles")
    group = models.CharField(max_length=200)
    role = models.CharField(max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["group"]
        constraints = [
            models.UniqueConstraint(fields=["team", "group"], name="one_role_per_group"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="group_role_is_known"
            ),
        ]
        triggers = [no_test_team("no_group_is_in_a_test_team")]

    def __str__(self) -> str:
        return f"{self.group} in {self.team} as {self.role}"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_MEMBERS
    ) -> MembershipQuerySet:
        return self.filter(team_id__in=actor.team_ids(permission))

    def who_may(self, permission: Permission) -> MembershipQuerySet:
        """Of open accounts, those whose role includes the permission."""
        return self.filter(role__in=roles_with(permission), user__is_active=True)

    def who_run_a_team(self) -> MembershipQuerySet:
        return self.filter(role__in=[role for role in Role if role.runs_a_team])

    def teams_without_another(self, actor: Actor, permission: Permission) -> list[uuid.UUID]:
        """The actor's teams in which nobody else has the permission."""
        teams = actor.team_ids(permission)
        others = self.who_may(permission).filter(team__in=teams).exclude(user=actor.user)
        peopled = set(others.values_list("team_id", flat=True))
        return [team for team in teams if team not in peopled]


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=16, choices=Role.choices)
    from_group = models.BooleanField(
        default=False, db_default=False, help_text="A group of the identity provider gave it."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]
        triggers = [
            no_test_team("nobody_is_in_a_test_team"),
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
    def pending(self) -> InvitationQuerySet:
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=Now())

    def open(self) -> InvitationQuerySet:
        """Those that can be accepted: pending, and their inviter could still make them today.

        `Exists` and no join, so that an UPDATE checks the row's own columns again after it waited
        for another one: of two who accept at once, one finds nothing.
        """
        return self.pending().filter(_inviter_may())

    def end_those_of(self, user: Any) -> int:
        """After the inviter lost a right: what it carried ends for good, also if it comes back."""
        mine = self.filter(invited_by=user).pending()
        return mine.exclude(pk__in=mine.open().values("pk")).update(revoked_at=Now())

    def for_actor(
        self, actor: Actor, permission: Permission = Permission.MANAGE_MEMBERS
    ) -> InvitationQuerySet:
        return self.filter(team_id__in=actor.team_ids(permission))


def _inviter_may() -> models.Q:
    """The inviter is an active site administrator, or has the right in the team, at this rank."""
    inviter = get_user_model().objects.filter(pk=models.OuterRef("invited_by"), is_active=True)
    belongs = Membership.objects.filter(
        team=models.OuterRef("team"), user=models.OuterRef("invited_by")
    )
    by_rank = models.Q()
    for role in Role:
        may = [r for r in roles_with(_MANAGE) if r.rank >= role.rank]
        holds = models.Exists(belongs.filter(role__in=may))
        by_rank |= cast("models.Q", models.Q(role=role) & holds)  # as it is; the stubs say less
    in_charge = models.Exists(inviter.filter(is_superuser=True))
    return models.Q(invited_by__isnull=True) | in_charge | (models.Exists(inviter) & by_rank)


_MANAGE = Permission.MANAGE_MEMBERS


class Invitation(models.Model):
    """Invites one mailbox to one team.

    The inviter sees one as a link and may hand it over. The other stands in the mail alone, so
    whoever comes with it has the mailbox.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=Role.choices)
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    """The hash of the token in the link that the inviter sees."""
    mailed_sha256 = models.CharField(  # noqa: DJ001 - unique, and not there in every row
        max_length=64, unique=True, null=True, editable=False
    )
    """The hash of the token in the email; none in older invitations."""
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
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
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
        triggers = [no_test_team("nobody_is_invited_to_a_test_team")]

    def __str__(self) -> str:
        return f"{self.email} to {self.team} as {self.role}"

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()
