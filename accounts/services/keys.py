"""Service accounts, their API keys, and who stands behind a key that came with a request."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext

from accounts import key_format
from accounts.actors import Actor, actor_for_key
from accounts.key_format import SHOWN, TEST_PREFIX
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.prepared import Prepared
from accounts.refusals import Refusal
from accounts.roles import ALL_SCOPES, Permission, ProvisioningScope, Scope
from accounts.services.chains import require, team_chain
from accounts.services.notices import email_managers
from accounts.services.test_mode import test_account
from audit.services import record
from audit.verbs import Verb

NOTE_EVERY = timedelta(minutes=1)
"""How often a key's use, or its refusal, is written down at most."""


@transaction.atomic
def create_service_account(
    actor: Actor, team: Team, name: str, *, provisions: bool = False
) -> ServiceAccount:
    require(actor, Permission.MANAGE_KEYS, team.pk)
    name = " ".join(name.split())
    if not name:
        raise Refusal("service_name_missing")
    try:
        with transaction.atomic():
            service = ServiceAccount.objects.create(team=team, name=name, provisions=provisions)
    except IntegrityError as error:
        raise Refusal("service_name_taken", team=str(team), name=name) from error
    record(
        chain=team_chain(team.pk), verb=Verb.SERVICE_ACCOUNT_CREATED, who=actor.who_in(team.pk),
        object_type="service", object_id=str(service.pk), rows=[service],
    )  # fmt: skip
    return service


@transaction.atomic
def disable_service_account(actor: Actor, service: ServiceAccount, *, why: str = "") -> None:
    """Its keys stop working at once and permanently."""
    require(actor, Permission.REVOKE_KEYS, service.team_id)
    ServiceAccount.objects.filter(pk=service.pk).update(is_active=False)
    twin = ServiceAccount.objects.filter(live_account=service)
    also = [(ServiceAccount, pk) for pk in twin.values_list("pk", flat=True)]
    twin.update(is_active=False)
    its = Q(service=service) | Q(service__live_account=service)
    live = ApiKey.objects.select_for_update(of=("self",)).filter(its, revoked_at__isnull=True)
    revoked = [(ApiKey, pk) for pk in live.values_list("pk", flat=True)]
    ApiKey.objects.filter(pk__in=[pk for _, pk in revoked]).update(revoked_at=Now())
    record(
        chain=team_chain(service.team_id), verb=Verb.SERVICE_ACCOUNT_DISABLED,
        who=actor.who_in(service.team_id), why=why,
        object_type="service", object_id=str(service.pk), data={"keys_revoked": len(revoked)},
        rows=[service, *also, *revoked],
    )  # fmt: skip


@dataclass(frozen=True)
class Issued:
    key: ApiKey
    secret: str
    """The key itself: shown once, then gone."""


@transaction.atomic
def issue_key(
    actor: Actor,
    service: ServiceAccount,
    name: str,
    scopes: Collection[Scope | ProvisioningScope],
    *,
    expires_at: datetime | None = None,
    allowed_networks: Collection[str] = (),
    test: bool = False,
    replaces: ApiKey | None = None,
) -> Issued:
    """With `test`, a test key: that is in its prefix, and nobody can change it later. `replaces` is
    an earlier key whose rates it takes over, and whose quota and count it shares
    (`replace_key`)."""
    require(actor, Permission.MANAGE_KEYS, service.team_id)
    if not service.is_active:
        raise Refusal("service_closed", service=str(service))
    _check_scopes(service, scopes, test=test)
    if expires_at is not None and expires_at <= timezone.now():
        raise Refusal("expiry_in_past")
    secret = key_format.new_key(test=test)
    key = ApiKey.objects.create(
        service=test_account(actor, service) if test else service,
        is_test=test,
        name=" ".join(name.split()) or "key",
        prefix=key_format.visible_part(secret),
        key_sha256=key_format.digest(secret),
        scopes=sorted(set(scopes)),
        allowed_networks=[_network(text) for text in allowed_networks],
        created_by=actor.user,
        expires_at=expires_at,
        read_rate=replaces.read_rate if replaces else None,
        write_rate=replaces.write_rate if replaces else None,
        counts_with=replaces.counted_as if replaces else None,
    )
    record(
        chain=team_chain(service.team_id), verb=Verb.KEY_ISSUED,
        who=actor.who_in(service.team_id), object_type="key", object_id=str(key.pk),
        data={
            "service": str(service.pk), "prefix": key.prefix, "scopes": key.scopes,
            "expires_at": expires_at.isoformat() if expires_at else None,
            "allowed_networks": key.allowed_networks,
            **({"replaces": replaces.prefix} if replaces else {}),
        },
        rows=[key, *([replaces] if replaces else [])],
    )  # fmt: skip
    _email_about_key(actor, service, key)
    return Issued(key, secret)


def _check_scopes(
    service: ServiceAccount, scopes: Collection[Scope | ProvisioningScope], *, test: bool
) -> None:
    if not scopes:
        raise Refusal("scopes_missing")
    if unknown := set(scopes) - set(ALL_SCOPES):
        raise Refusal("scope_unknown", scopes=", ".join(sorted(unknown)))
    provisions = ProvisioningScope.MEMBERS_PROVISION in scopes
    if provisions != service.provisions or (provisions and (test or len(set(scopes)) > 1)):
        raise Refusal("scopes_of_another_kind")


def _email_about_key(actor: Actor, service: ServiceAccount, key: ApiKey) -> None:
    email_managers(
        service.team,
        lambda: gettext("A new API key for {service}").format(service=service),
        lambda: gettext(
            "{person} issued the API key {prefix}… for {service} in the team {team}. Its scopes: "
            "{scopes}."
        ).format(
            person=actor.user, prefix=key.prefix, service=service, team=service.team,
            scopes=", ".join(key.scopes),
        ),
        but=actor.user,
    )  # fmt: skip


@transaction.atomic
def replace_key(
    actor: Actor, key: ApiKey, *, overlap: timedelta, expires_at: datetime | None = None
) -> Issued:
    """A new key with the name, scopes, networks, mode and rates of this one, which works for
    `overlap` longer, or until its own end where that comes first. Both count under one quota."""
    require(actor, Permission.MANAGE_KEYS, key.service.team.run_by_id)
    keys = ApiKey.objects.select_related("service__live_account__team", "service__team")
    held = keys.select_for_update(of=("self",)).get(pk=key.pk)
    if held.revoked_at is not None:
        raise Refusal("key_already_revoked")
    ends_at = timezone.now() + overlap
    if held.expires_at is not None and held.expires_at <= timezone.now():
        raise Refusal("key_already_expired")
    if held.expires_at is None or held.expires_at > ends_at:
        held.expires_at = ends_at
        held.save(update_fields=["expires_at"])
    return issue_key(
        actor, held.service.live_account or held.service, held.name,
        [Scope(scope) for scope in held.scopes], expires_at=expires_at,
        allowed_networks=held.allowed_networks, test=held.is_test, replaces=held,
    )  # fmt: skip


@transaction.atomic
def revoke_key(actor: Actor, key: ApiKey, *, why: str = "") -> None:
    team_id = key.service.team.run_by_id
    require(actor, Permission.REVOKE_KEYS, team_id)
    if not ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=Now()):
        raise Refusal("key_already_revoked")
    record(
        chain=team_chain(team_id), verb=Verb.KEY_REVOKED, who=actor.who_in(team_id), why=why,
        object_type="key", object_id=str(key.pk), data={"prefix": key.prefix}, rows=[key],
    )  # fmt: skip


_BY_DIGEST = Prepared(
    lambda _, digest: ApiKey.objects.select_related("service__team").filter(key_sha256=digest)
)


def key_behind(text: str, *, ip: str | None) -> ApiKey:
    """The live key that `text` is, or a `Refusal`. Notes its use at most once a minute."""
    if not key_format.is_well_formed(text):
        raise Refusal("malformed_key")
    found: list[ApiKey] = _BY_DIGEST(None, digest=key_format.digest(text))
    if not found:
        raise Refusal("unknown_key")
    (key,) = found
    if refusal := _refusal(key, ip):
        _note_refusal(key, refusal)
        raise refusal
    _note_use(key)
    return key


def _refusal(key: ApiKey, ip: str | None, *, anywhere: bool = False) -> Refusal | None:
    if key.revoked_at is not None or not key.service.is_active:
        return Refusal("revoked_key")
    if key.expires_at is not None and _has_passed(key):
        return Refusal("expired_key")
    if not anywhere and key.allowed_networks and not _within(ip, key.allowed_networks):
        return Refusal("wrong_network")
    return None


def working_key(prefix: str) -> ApiKey:
    """For programs of this server that act for a partner: the key that begins like this, if it
    would be let in now. Networks are not asked, for nothing came over one."""
    found = list(
        ApiKey.objects.select_related("service__team").filter(
            prefix=prefix[: len(TEST_PREFIX) + SHOWN].rstrip("…")
        )[:2]
    )
    if len(found) != 1:
        raise Refusal("unknown_key")
    if refusal := _refusal(found[0], None, anywhere=True):
        raise refusal
    return found[0]


def _has_passed(key: ApiKey) -> bool:
    return ApiKey.objects.filter(pk=key.pk, expires_at__lte=Now()).exists()


def _within(ip: str | None, networks: Collection[str]) -> bool:
    if ip is None:
        return False
    address = ipaddress.ip_address(ip)
    return any(address in ipaddress.ip_network(network) for network in networks)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError as error:
        raise Refusal("network_invalid", network=text.strip()) from error


def _note_use(key: ApiKey) -> None:
    if key.last_used_at is None or timezone.now() - key.last_used_at >= NOTE_EVERY:
        ApiKey.objects.filter(
            Q(last_used_at__isnull=True) | Q(last_used_at__lte=Now() - NOTE_EVERY), pk=key.pk
        ).update(last_used_at=Now())


@transaction.atomic
def _note_refusal(key: ApiKey, refusal: Refusal) -> None:
    """A misused key is worth an event, but a program that keeps trying is not worth thousands."""
    first = ApiKey.objects.filter(
        Q(last_refused_at__isnull=True) | Q(last_refused_at__lte=Now() - NOTE_EVERY), pk=key.pk
    ).update(last_refused_at=Now())
    if first:
        record(
            chain=team_chain(key.service.team.run_by_id), verb=Verb.KEY_REFUSED,
            who=actor_for_key(key).who, object_type="key", object_id=str(key.pk),
            data={"code": refusal.code},
        )  # fmt: skip
