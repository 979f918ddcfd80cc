"""Which passwords are taken, and that nothing but length and guessability counts."""

from __future__ import annotations

import time

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User

DORA = User(email="dora.winter@example.org", name="Dora Winter")


@pytest.mark.parametrize(
    "password",
    [
        "marble otter violin sunday",
        "correct-horse battery~staple",
        "nur kleine worte ohne zahl",
        "ρόδι βουνό θάλασσα κλειδί",
        "x" * 3 + "q8Zt0vWm4kLp",
        "kfu3 8snd kq04 nvbe 7wia 2mdl cwe8 wlq0 pfi3 mx92 ncj4 vba8 qq1z",
    ],
)
def test_good_ones_are_taken(password: str) -> None:
    """Long and not guessable: spaces, any script, no digit needed, 64 and more characters."""
    validate_password(password, DORA)
    if len(password) < 64:
        validate_password(password * 3, DORA)


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Tr0ub4dor&3",
        "fourteen chars",
        "passwordpassword",
        "password12345678",
        "1q2w3e4r5t6y7u8i9o0p",
        "qwertyuiopasdfgh",
        "123456789123456789",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcdefghijklmnopqrst",
        "dora.winter@example.org",
        "dorawinter12345",
        "touchstone touchstone",
        "iloveyouiloveyou",
        "Password1Password1!",
    ],
)
def test_bad_ones_are_refused(password: str) -> None:
    """Too short, leaked, repeated, walked over the keyboard, or made of one's own name."""
    with pytest.raises(ValidationError):
        validate_password(password, DORA)


def test_a_very_long_password_costs_no_time() -> None:
    """The most that is taken is judged in a blink; more is refused with a sentence."""
    began = time.monotonic()
    validate_password(("kfu38sndkq04nvbe" * 16)[:256], DORA)
    assert time.monotonic() - began < 2
    with pytest.raises(ValidationError, match="too long"):
        validate_password("kfu38sndkq04nvbe" * 1000, DORA)
