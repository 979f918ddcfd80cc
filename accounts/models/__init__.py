"""People, teams and roles: state and its invariants. The verbs are in `accounts.services`."""

from accounts.models.user import User, UserManager

__all__ = ["User", "UserManager"]
