"""The content of people, teams and keys in events: who may do what.

Names and addresses of people are excluded: their mailbox and their password are theirs to change,
and the login library writes them.
"""

from accounts.models import ApiKey, Membership, ServiceAccount, Team, User
from audit.rows import OnRecord, register


def keep() -> None:
    register(
        OnRecord(model=Team, columns=("created_at",), texts=("name",)),
        OnRecord(model=User, columns=("is_active", "is_staff", "is_superuser", "erased_at")),
        OnRecord(model=Membership, columns=("team_id", "user_id", "role", "created_at")),
        OnRecord(
            model=ServiceAccount, columns=("team_id", "is_active", "created_at"), texts=("name",)
        ),
        OnRecord(
            model=ApiKey,
            columns=(
                "service_id", "prefix", "key_sha256", "scopes", "allowed_networks",
                "created_by_id", "created_at", "expires_at", "revoked_at",
            ),
        ),
    )  # fmt: skip
