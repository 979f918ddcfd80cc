"""Tells the record what the login library says has happened."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.actors import actor_of, how_logged_in
from accounts.models import Session, User
from accounts.services import group_roles, invitations, logins, proofs
from audit.who import Who


def _who(request: HttpRequest, user: User) -> Who:
    key = request.session.session_key
    return Who(
        kind="user",
        id=str(user.pk),
        via=how_logged_in(request),
        token=Session.named(key) if key else "",
        role="site_admin" if user.is_superuser else "",
    )


@receiver(account.user_logged_in)
def on_login(request: HttpRequest, user: User, **kwargs: Any) -> None:
    who = _who(request, user)
    logins.succeeded(who)
    if sociallogin := kwargs.get("sociallogin"):
        group_roles.apply(user, group_roles.groups_of(sociallogin), who)


@receiver(user_logged_out)
def on_logout(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if request is not None and isinstance(user, User):
        logins.ended(actor_of(request).who)


@receiver(account.user_signed_up)
def on_signed_up(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Only an identity provider makes accounts this way; it has verified the address."""
    who = Who(kind="user", id=str(user.pk), via="oidc")
    logins.first_time(who, user)
    if EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists():
        invitations.accept_all_for(user, who)


@receiver([account.password_changed, account.password_set])
def on_password_changed(request: HttpRequest, user: User, **kwargs: Any) -> None:
    logins.password_changed(_who(request, user), user, keep=request.session.session_key)


@receiver(account.password_reset)
def on_password_reset(request: HttpRequest, user: User, **kwargs: Any) -> None:
    logins.password_reset(user)


@receiver(account.email_confirmed)
def on_address_confirmed(request: HttpRequest, email_address: EmailAddress, **kwargs: Any) -> None:
    proofs.answered_a_mail(_who(request, email_address.user), email_address.user)


@receiver(account.email_changed)
def on_address_changed(request: HttpRequest, user: User, **kwargs: Any) -> None:
    logins.address_changed(_who(request, user), user)


@receiver([mfa.authenticator_added, mfa.authenticator_reset])
def on_factor_added(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    logins.factor_added(_who(request, user), user, authenticator.type)


@receiver(mfa.authenticator_removed)
def on_factor_removed(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    logins.factor_removed(_who(request, user), user, authenticator.type)


@receiver(mfa.authenticator_used)
def on_factor_used(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        logins.recovery_code_used(_who(request, user), user)
