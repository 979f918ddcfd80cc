"""What roles may do, in words for people. The rights themselves are in `roles.py`, only there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.roles import ROLE_PERMISSIONS, Permission, Role

P = Permission

WORDS: Mapping[Permission, Any] = {
    P.VIEW_SUBMISSIONS: _("view submissions with verdicts and findings"),
    P.VIEW_MEDIA: _("view the media"),
    P.VIEW_CASES: _("view cases"),
    P.VIEW_REPORTS: _("view and download reports"),
    P.VIEW_MEMBERS: _("view members"),
    P.SUBMIT_MEDIA: _("submit media and analyse it again"),
    P.CANCEL_ANALYSES: _("cancel analyses"),
    P.DECIDE_CASES: _("claim, decide and reopen cases"),
    P.APPEAL_DECISIONS: _("appeal decisions about media that they sent"),
    P.EXPORT_SUBMISSIONS: _("export submissions"),
    P.REQUEST_DELETION: _("request deletion of media"),
    P.ANSWER_DELETION_REQUESTS: _("answer deletion requests"),
    P.HOLD_SUBMISSIONS: _("place and lift legal holds"),
    P.MANAGE_RETENTION: _("manage retention rules"),
    P.VIEW_DASHBOARD: _("view the dashboard"),
    P.RETRY_ANALYSES: _("retry failed analyses"),
    P.MANAGE_MEMBERS: _("invite, change and remove members"),
    P.PROVISION_MEMBERS: _("provision members by SCIM"),
    P.MANAGE_QUEUES: _("manage queue rules"),
    P.MANAGE_POLICIES: _("manage policies"),
    P.MANAGE_KEYS: _("create service accounts and issue API keys"),
    P.REVOKE_KEYS: _("view and revoke API keys, close service accounts"),
    P.MANAGE_WEBHOOKS: _("manage webhooks"),
    P.MANAGE_SOURCES: _("choose the hosts that media is fetched from"),
    P.MANAGE_TEAM: _("rename the team"),
}


@dataclass(frozen=True)
class Line:
    words: Any
    roles: tuple[bool, ...]
    """For each role from the lowest: may it?"""


def table() -> list[Line]:
    """Every right that a role has with every role, those that all have first."""
    lines = [
        Line(words, tuple(permission in ROLE_PERMISSIONS[role] for role in Role))
        for permission, words in WORDS.items()
    ]
    lines = [line for line in lines if any(line.roles)]
    return sorted(lines, key=lambda line: -sum(line.roles))


def in_short(role: Role) -> str:
    """What this role may do beyond the one below it."""
    added = "; ".join(map(str, _beyond_the_one_below(role)))
    below = _below(role)
    if below is None:
        return f"{capfirst(added)}."
    return gettext("All permissions of {role}, and: {added}.").format(role=below.label, added=added)


def _beyond_the_one_below(role: Role) -> Iterator[Any]:
    below = _below(role)
    had = ROLE_PERMISSIONS[below] if below else frozenset()
    return (words for permission, words in WORDS.items()
            if permission in ROLE_PERMISSIONS[role] - had)  # fmt: skip


def _below(role: Role) -> Role | None:
    roles = list(Role)
    return roles[role.rank - 1] if role.rank else None
