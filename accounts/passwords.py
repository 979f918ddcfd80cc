"""What a password must be: long, and not one that guessers try first. Nothing is composed by rule.

Guessers start from lists of leaked passwords, common words, names and keyboard walks, and combine
them. zxcvbn brings such lists along and does the same, offline.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from zxcvbn import zxcvbn

MIN_LENGTH = 15
MAX_LENGTH = 256
_LOOKED_AT = 72
"""The estimate costs time that grows with length; a password this long is decided by its start."""
_GUESSES = 10**10
"""zxcvbn calls fewer guesses than this not safe against an attack on stolen hashes."""


class LongEnough:
    """15 characters for everybody, so that switching a second factor off never leaves a short
    password behind."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) < MIN_LENGTH:
            raise ValidationError(
                gettext(
                    "This password is too short: it has {length} of at least {least} characters. "
                    "A few unrelated words work well."
                ).format(length=len(password), least=MIN_LENGTH),
                code="password_too_short",
            )
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                gettext("This password is too long: the limit is {most} characters.").format(
                    most=MAX_LENGTH
                ),
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        return gettext("At least {least} characters. A few unrelated words work well.").format(
            least=MIN_LENGTH
        )


class NotGuessedEarly:
    """Refuses leaked passwords and what is made of them, of words about us or about the person."""

    def validate(self, password: str, user: Any = None) -> None:
        about = ["touchstone", *_words_about(user)]
        estimate = zxcvbn(password[:_LOOKED_AT], user_inputs=about, max_length=_LOOKED_AT)
        if estimate["guesses"] < _GUESSES:
            raise ValidationError(
                gettext(
                    "This password is easy to guess: it consists of leaked passwords, common words "
                    "or your own name or address. Use a few unrelated words instead."
                ),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        return gettext("Not a leaked password, and not made of your name or address.")


def _words_about(user: Any) -> list[str]:
    email, name = getattr(user, "email", "") or "", getattr(user, "name", "") or ""
    mailbox, _, domain = email.partition("@")
    return [word for word in [email, mailbox, domain, *domain.split("."), *name.split()] if word]
