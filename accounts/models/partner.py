"""Partners' programs: service accounts and the keys that they carry."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from accounts.key_format import TEST_PREFIX
from accounts.models.rates import monthly_quota, rate, rates_in_range
from accounts.models.team import HEAVIEST, LARGEST_QUOTA, Team
from accounts.roles import ALL_SCOPES, Permission, ProvisioningScope, Scope

if TYPE_CHECKING:
    from accounts.actors import Actor


PROVIDER = "Identity provider"
"""The name of each team's account for SCIM."""


class ServiceAccountQuerySet(models.QuerySet["ServiceAccount"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.REVOKE_KEYS
    ) -> ServiceAccountQuerySet:
        return self.filter(team_id__in=actor.team_ids(permission))

    def of_partners(self) -> ServiceAccountQuerySet:
        """Without the identity provider, which sends no media."""
        return self.filter(provisions=False)


class ServiceAccount(models.Model):
    """A partner's program. It belongs to one team, has no password and never sees a page."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="service_accounts")
    name = models.CharField(max_length=100)
    live_account = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="test_account",
        help_text="Set in the account of test keys: the account that they were issued for.",
    )
    weight = models.SmallIntegerField(
        null=True, blank=True, help_text="In place of its team's; empty: as its team."
    )
    quota = monthly_quota()
    read_rate = rate("the setting API_READ_RATE.")
    write_rate = rate("the setting API_WRITE_RATE.")
    provisions = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="It is the team's identity provider. Its keys provision members, no more.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ServiceAccountQuerySet.as_manager()

    # What Django REST framework asks of whoever stands behind a request.
    is_authenticated = True
    is_anonymous = False
    is_staff = False
    is_superuser = False

    class Meta:
        verbose_name = _("service account")
        verbose_name_plural = _("service accounts")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("team", Lower("name"), name="service_name_is_unique_in_team"),
            models.CheckConstraint(
                condition=models.Q(weight=None) | models.Q(weight__range=(1, HEAVIEST)),
                name="service_weight_in_range",
            ),
            models.CheckConstraint(
                condition=models.Q(quota=None) | models.Q(quota__range=(0, LARGEST_QUOTA)),
                name="service_quota_in_range",
            ),
            rates_in_range("service_rates_in_range"),
            # A team has one at most, for names are unique in it.
            models.CheckConstraint(
                condition=models.Q(provisions=False) | models.Q(name=PROVIDER),
                name="identity_provider_has_one_name",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="test_accounts_in_test_teams",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("of_team", "uuid")],
                func="""
                    SELECT live_team_id INTO of_team FROM accounts_team WHERE id = NEW.team_id;
                    IF of_team IS DISTINCT FROM (SELECT team_id FROM accounts_serviceaccount
                            WHERE id = NEW.live_account_id) THEN
                        RAISE EXCEPTION 'test accounts belong to the test team of their team'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_test(self) -> bool:
        return self.live_account_id is not None


_SCOPES = [*Scope.choices, *ProvisioningScope.choices]


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.REVOKE_KEYS
    ) -> ApiKeyQuerySet:
        teams = actor.team_ids(permission)
        of_tests = models.Q(service__live_account__team_id__in=teams)
        return self.filter(models.Q(service__team_id__in=teams) | of_tests)

    def working(self) -> ApiKeyQuerySet:
        """Neither revoked nor expired."""
        unexpired = models.Q(expires_at=None) | models.Q(expires_at__gt=Now())
        return self.filter(unexpired, revoked_at=None)


class ApiKey(models.Model):
    """The key itself is shown once and kept by nobody here: this row holds its SHA-256."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(ServiceAccount, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, editable=False)
    """The first characters, to tell keys apart in lists and in the record."""
    key_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    is_test = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Media sent with it get canned results, and live keys never see them.",
    )
    scopes = ArrayField(models.CharField(max_length=32, choices=_SCOPES))
    allowed_networks = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    """CIDR notation; empty means from everywhere."""
    read_rate = rate("that of its partner, which then counts this key's requests too.")
    write_rate = rate("that of its partner, which then counts this key's requests too.")
    quota = monthly_quota()
    counts_with = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The first of the keys that replaced each other, whose quota and monthly count "
        "this key shares. Empty: its own.",
    )
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
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=ALL_SCOPES)
                & (models.Q(scopes__len__gt=0) | models.Q(revoked_at__isnull=False)),
                name="api_key_scopes_are_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(scopes__contains=ProvisioningScope.values)
                | models.Q(scopes__len=1, is_test=False),
                name="provisioning_is_a_keys_only_scope",
            ),
            models.CheckConstraint(
                condition=models.Q(key_sha256__regex=r"^[0-9a-f]{64}$"),
                name="api_key_holds_only_a_hash",
            ),
            models.CheckConstraint(
                condition=models.Q(is_test=True, prefix__startswith=TEST_PREFIX)
                | (models.Q(is_test=False) & ~models.Q(prefix__startswith=TEST_PREFIX)),
                name="test_keys_are_known_by_their_prefix",
            ),
            rates_in_range("key_rates_in_range"),
            models.CheckConstraint(
                condition=models.Q(quota=None)
                | models.Q(quota__range=(0, LARGEST_QUOTA), counts_with=None),
                name="key_quota_in_range_and_of_the_first",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="keys_counted_together_stay_so",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF TG_OP = 'UPDATE' AND NEW.counts_with_id IS DISTINCT FROM OLD.counts_with_id
                        OR NEW.counts_with_id IS NOT NULL AND NOT EXISTS (
                            SELECT FROM accounts_apikey WHERE id = NEW.counts_with_id
                            AND service_id = NEW.service_id AND counts_with_id IS NULL)
                    THEN
                        RAISE EXCEPTION 'a key counts with the first of its line, for good'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="test_keys_of_test_accounts",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NEW.is_test IS DISTINCT FROM EXISTS (SELECT FROM accounts_serviceaccount
                            WHERE id = NEW.service_id AND live_account_id IS NOT NULL)
                        OR TG_OP = 'UPDATE' AND NEW.is_test IS DISTINCT FROM OLD.is_test
                    THEN
                        RAISE EXCEPTION 'a key of a test account is a test key, and no other is'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"

    @property
    def counted_as(self) -> ApiKey:
        """The key that holds its quota and its monthly count."""
        return self.counts_with or self

    @property
    def counted_as_id(self) -> uuid.UUID:
        """Without a query."""
        return self.counts_with_id or self.pk
