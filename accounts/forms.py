"""The forms that the login library lets us replace, and those of our own pages."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.fields import PasswordField, SetPasswordField
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import lockout, logins
from accounts.services.lockout import Secret


def spend_code(user: User, code: str) -> None:
    """A TOTP code opens once. The library forgets a spent code after one period, but with
    tolerance for slow clocks it would open for three."""
    lifetime = mfa_settings.TOTP_PERIOD * (2 * mfa_settings.TOTP_TOLERANCE + 1)
    if not cache.add(f"totp-spent:{user.pk}:{normalize_user_code(code)}", "1", timeout=lifetime):
        raise get_adapter().validation_error("incorrect_code")


class _CountedCode:
    """Ten wrong codes and a pause, like wrong passwords; and each TOTP code opens once only."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        owner = str(self.user.pk)
        if not lockout.count_attempt(Secret.CODE, owner):
            raise get_adapter().validation_error("too_many_codes")
        try:
            code: str = super().clean_code()  # type: ignore[misc]
            self._spend(code)
        except forms.ValidationError:
            logins.failed(self.user, at="code", paused=lockout.is_paused(Secret.CODE, owner))
            raise
        lockout.forgive(Secret.CODE, owner)
        return code

    def _spend(self, code: str) -> None:
        if self.authenticator.type == Authenticator.Type.TOTP:
            spend_code(self.user, code)


class CodeForm(_CountedCode, AuthenticateForm):  # type: ignore[misc]
    """Signing in with a code."""


class ReauthenticationCodeForm(_CountedCode, ReauthenticateForm):  # type: ignore[misc]
    """Proving it again, before something that matters."""


class FirstCodeForm(ActivateTOTPForm):  # type: ignore[misc]
    """The code that proves a new authenticator is spent as well: it cannot sign in next."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        spend_code(self.user, code)
        return code


class LanguageForm(forms.Form):
    language = forms.ChoiceField(
        label=_("Language of pages and emails"), required=False, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["language"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("As the browser asks")), *settings.LANGUAGES]


class NewPersonForm(forms.Form):
    """What a person who was invited still has to enter."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        help_text=_("Your team sees it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password1 = SetPasswordField(
        label=_("Password"),
        help_text=_("At least 15 characters. A few unrelated words work well."),
    )
    password2 = PasswordField(label=_("Password again"), autocomplete="new-password")

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, second = data.get("password1"), data.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords differ."))
        elif first:
            try:
                validate_password(first, User(email=self.email, name=data.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data
