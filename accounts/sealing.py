"""Encrypts the few secrets that must be read back, such as a TOTP seed.

The keys are derived from SECRET_KEY, one for each purpose. SECRET_KEY_FALLBACKS keep what was
sealed before a key change readable.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(ValueError):
    """Sealed with another key, or altered."""


def seal(text: str, *, purpose: str) -> str:
    return _box(purpose, _keys()).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    try:
        return _box(purpose, _keys()).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable(f"This {purpose} was sealed with another SECRET_KEY.") from error


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=32)
def _box(purpose: str, keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_fernet(key, purpose) for key in keys])


def _fernet(key: str, purpose: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=f"touchstone:{purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(key.encode())))
