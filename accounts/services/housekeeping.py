"""What time has made useless: expired sessions and old counts of wrong guesses."""

from __future__ import annotations

from accounts.services import lockout
from accounts.sessions import SessionStore


def tidy() -> int:
    """Delete it; how many old counts went."""
    SessionStore.clear_expired()
    return lockout.forget_old()
