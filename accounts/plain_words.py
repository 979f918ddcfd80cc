"""What roles may do, in words for people. The rights themselves are in `roles.py`, only there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from accounts.roles import ROLE_PERMISSIONS, Permission, Role

P = Permission

WORDS: Mapping[Permission, str] = {
    P.VIEW_SUBMISSIONS: "see what was sent in, with its verdict and findings",
    P.VIEW_MEDIA: "look at the media itself",
    P.VIEW_CASES: "see the cases that wait for a person",
    P.VIEW_MEMBERS: "see who belongs to the team",
    P.SUBMIT_MEDIA: "send media in, and have it analysed again",
    P.CANCEL_ANALYSES: "stop an analysis",
    P.DECIDE_CASES: "take cases, decide them, open them again",
    P.EXPORT_SUBMISSIONS: "export lists of submissions",
    P.REQUEST_DELETION: "ask for media to be deleted",
    P.ANSWER_DELETION_REQUESTS: "accept or decline requests for deletion",
    P.VIEW_DASHBOARD: "watch the dashboard",
    P.RETRY_ANALYSES: "try again what was set aside",
    P.MANAGE_MEMBERS: "invite people, change their role, remove them",
    P.MANAGE_QUEUES: "say which verdicts want a person",
    P.MANAGE_POLICIES: "write and retire policies",
    P.MANAGE_KEYS: "make service accounts and issue API keys",
    P.REVOKE_KEYS: "see and revoke API keys, close service accounts",
    P.MANAGE_WEBHOOKS: "say where news of the team's media are sent",
    P.MANAGE_TEAM: "rename the team",
}


@dataclass(frozen=True)
class Line:
    words: str
    roles: tuple[bool, ...]
    """For each role from the lowest: may it?"""


def table() -> list[Line]:
    """Every right with every role, those that all have first."""
    lines = [
        Line(words, tuple(permission in ROLE_PERMISSIONS[role] for role in Role))
        for permission, words in WORDS.items()
    ]
    return sorted(lines, key=lambda line: -sum(line.roles))


def in_short(role: Role) -> str:
    """What this role may do beyond the one below it."""
    added = "; ".join(_beyond_the_one_below(role))
    below = _below(role)
    return f"Everything that a {below.label.lower()} may, and: {added}." if below else f"{added}."


def _beyond_the_one_below(role: Role) -> Iterator[str]:
    below = _below(role)
    had = ROLE_PERMISSIONS[below] if below else frozenset()
    return (words for permission, words in WORDS.items()
            if permission in ROLE_PERMISSIONS[role] - had)  # fmt: skip


def _below(role: Role) -> Role | None:
    roles = list(Role)
    return roles[role.rank - 1] if role.rank else None
