"""The hooks of the login library: who may sign up, what a wrong guess costs, what is encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthProcess
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.actors import actor_of
from accounts.client import ip_of
from accounts.models import User
from accounts.models.user import normalised
from accounts.roles import Role
from accounts.sealing import seal, unseal
from accounts.services import group_roles, invitations, lockout, logins, proofs
from accounts.services.lockout import Secret

PAUSED = gettext_lazy(
    "After 10 wrong attempts, sign-in with this password is paused for 15 minutes. Wait, or sign "
    "in with a passkey, or reset your password."
)
PROVE_FIRST = gettext_lazy(
    "Confirm your email address first. Follow the link in the email sent to it."
)
PAUSED_CODE = gettext_lazy(
    "After 10 wrong codes, codes are not accepted for 15 minutes. Wait, or use a passkey."
)
assert (lockout.LIMIT, lockout.PAUSE.total_seconds()) == (10, 15 * 60)  # as the sentences say


@dataclass(frozen=True)
class Site:
    """As the library's mails name it."""

    name: str
    domain: str


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": PAUSED,
        "too_many_codes": PAUSED_CODE,
        "too_many_from_here": gettext_lazy(
            "Too many wrong attempts came from your network address. Wait a minute, then try again."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # people come by invitation

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Whoever signs in lands on their work: moderators and leads on the review queue."""
        working = {Role.MODERATOR, Role.LEAD} & set(actor_of(request).teams.values())
        return reverse("review:queue") if working else str(settings.LOGIN_REDIRECT_URL)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links lead to PUBLIC_URL, whatever the request's Host says."""
        here = build_absolute_uri(None, "/")
        public = settings.PUBLIC_URL.rstrip("/") + "/"
        context = {
            name: public + value.removeprefix(here)
            if isinstance(value, str) and value.startswith(here)
            else value
            for name, value in context.items()
        }
        name = urlsplit(public).netloc
        super().send_mail(template_prefix, email, {**context, "current_site": Site(name, name)})

    def get_client_ip(self, request: HttpRequest) -> str:
        return ip_of(request) or "0.0.0.0"  # noqa: S104 - unknown callers share one limit

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:  # its limit is per network address
            raise self.validation_error("too_many_from_here") from error
        if not lockout.count_attempt(Secret.PASSWORD, credentials.get("email", "")):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user is not None:
            lockout.forgive(Secret.PASSWORD, credentials.get("email", ""))
        return user

    def get_login_stages(self) -> list[str]:
        """An address that was not proved yet does not keep its account out of its team."""
        waits = "allauth.account.stages.EmailVerificationStage"
        return [stage for stage in super().get_login_stages() if stage != waits]

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        email = normalised(credentials.get("email", ""))
        logins.failed(
            User.objects.filter(email=email).first(),
            at="password",
            paused=lockout.is_paused(Secret.PASSWORD, email),
        )


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return seal(text, purpose="second factor")

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, purpose="second factor")


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Logging in through the organisation's own identity provider."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """A new person needs an address that the provider has verified, and an invitation for it
        or a group that has a role in a team."""
        verified = [one.email for one in sociallogin.email_addresses if one.verified]
        if any(map(invitations.is_awaited, verified)):
            return True
        return bool(verified) and group_roles.open_a_team(group_roles.groups_of(sociallogin))

    def authenticate_by_email(self, sociallogin: Any) -> tuple[User, str] | None:
        """Link only to an account that confirmed the address. From an unconfirmed account, the
        mailbox's owner, who is signing in now, takes the address over."""
        for address in sociallogin.email_addresses:
            email = normalised(address.email)
            if not address.verified or not self.can_authenticate_by_email(sociallogin, email):
                continue
            known = User.objects.filter(email=email).first()
            if known is not None and proofs.is_proved(known):
                return known, email
            if sociallogin.state.get("process") == AuthProcess.CONNECT:
                continue  # somebody is signed in already and adds a way in
            proofs.forget_pending(email)
            if known is not None:
                name = sociallogin.user.name if sociallogin.user else ""
                if owner := proofs.take_address_over(email, name=name):
                    return owner, email
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Nobody ties a provider's account to an address that they have not proved."""
        connects = sociallogin.state.get("process") == AuthProcess.CONNECT
        if connects and isinstance(request.user, User) and not proofs.is_proved(request.user):
            messages.error(request, PROVE_FIRST)
            raise ImmediateHttpResponse(redirect("account_email"))

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        user = super().populate_user(request, sociallogin, data)
        user.email = normalised(data.get("email") or "")
        user.name = " ".join(str(data.get("name") or "").split())[:150]
        for address in sociallogin.email_addresses:
            address.email = normalised(address.email)
        return user
