"""People, teams and roles: state and its invariants. The verbs are in `accounts.services`."""

from accounts.models.lockout import Guesses
from accounts.models.partner import ApiKey, ServiceAccount
from accounts.models.provisioning import ProvisionedGroup, ProvisionedPerson
from accounts.models.session import Session
from accounts.models.team import GroupRole, Invitation, Membership, Team
from accounts.models.user import User, UserManager
from accounts.roles import Permission, Role, Scope

__all__ = [
    "ApiKey",
    "GroupRole",
    "Guesses",
    "Invitation",
    "Membership",
    "Permission",
    "ProvisionedGroup",
    "ProvisionedPerson",
    "Role",
    "Scope",
    "ServiceAccount",
    "Session",
    "Team",
    "User",
    "UserManager",
]
