"""What a role or an API key's scope allows. Closed lists: what is not written here is refused.

A right or scope is written here when code asks for it, and not before: a test reads the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    MODERATOR = "moderator", _("Moderator")
    LEAD = "lead", _("Lead")
    ADMIN = "admin", _("Admin")

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    @property
    def runs_a_team(self) -> bool:
        return self in (Role.LEAD, Role.ADMIN)


class Permission(StrEnum):
    """One thing that somebody may do in a team."""

    VIEW_SUBMISSIONS = "submissions.view"
    SUBMIT_MEDIA = "submissions.submit"
    CANCEL_ANALYSES = "submissions.cancel"
    EXPORT_SUBMISSIONS = "submissions.export"
    REQUEST_DELETION = "submissions.request_deletion"
    ANSWER_DELETION_REQUESTS = "submissions.answer_deletion"
    HOLD_SUBMISSIONS = "submissions.hold"
    MANAGE_RETENTION = "submissions.retention"
    VIEW_MEDIA = "media.view"
    VIEW_REPORTS = "reports.view"
    VIEW_CASES = "cases.view"
    DECIDE_CASES = "cases.decide"
    APPEAL_DECISIONS = "decisions.appeal"
    VIEW_DASHBOARD = "dashboard.view"
    RETRY_ANALYSES = "submissions.retry"
    VIEW_MEMBERS = "members.view"
    MANAGE_MEMBERS = "members.manage"
    PROVISION_MEMBERS = "members.provision"
    MANAGE_QUEUES = "queues.manage"
    MANAGE_POLICIES = "policies.manage"
    MANAGE_KEYS = "keys.manage"
    REVOKE_KEYS = "keys.revoke"
    MANAGE_WEBHOOKS = "webhooks.manage"
    MANAGE_SOURCES = "sources.manage"
    MANAGE_TEAM = "team.manage"


P = Permission

_VIEWER = frozenset(
    {
        P.VIEW_SUBMISSIONS,
        P.VIEW_MEDIA,
        P.VIEW_CASES,
        P.VIEW_REPORTS,
        P.VIEW_MEMBERS,
        P.APPEAL_DECISIONS,
    }
)
_MODERATOR = _VIEWER | {P.SUBMIT_MEDIA, P.CANCEL_ANALYSES, P.DECIDE_CASES}
_LEAD = _MODERATOR | {
    P.EXPORT_SUBMISSIONS,
    P.REQUEST_DELETION,
    P.VIEW_DASHBOARD,
    P.RETRY_ANALYSES,
    P.MANAGE_MEMBERS,
    P.MANAGE_QUEUES,
    P.MANAGE_POLICIES,
}
_ADMIN = _LEAD | {
    P.ANSWER_DELETION_REQUESTS,
    P.HOLD_SUBMISSIONS,
    P.MANAGE_RETENTION,
    P.MANAGE_KEYS,
    P.REVOKE_KEYS,
    P.MANAGE_WEBHOOKS,
    P.MANAGE_SOURCES,
    P.MANAGE_TEAM,
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.MODERATOR: _MODERATOR,
    Role.LEAD: _LEAD,
    Role.ADMIN: _ADMIN,
}


def roles_with(permission: Permission) -> list[Role]:
    return [role for role in Role if permission in ROLE_PERMISSIONS[role]]


SITE_ADMIN_PERMISSIONS: frozenset[Permission] = frozenset(
    {
        P.VIEW_MEMBERS,
        P.MANAGE_MEMBERS,
        P.REVOKE_KEYS,
        P.MANAGE_TEAM,
        P.VIEW_DASHBOARD,
        P.RETRY_ANALYSES,
    }
)
"""In every team, without being its member. Running the house is not looking at its media: a site
administrator who moderates joins a team like everybody else, and the record shows it. A key opens
a team's media too, so only the team's own admins issue one. A site administrator can revoke it."""


class Scope(models.TextChoices):
    """What an API key may do for its partner, in its one team."""

    SUBMISSIONS_WRITE = "submissions:write", _("Send media")
    SUBMISSIONS_READ_OWN = "submissions:read_own", _("Read its own submissions and verdicts")
    SUBMISSIONS_READ = "submissions:read", _("Read all of the team's submissions and verdicts")
    MEDIA_READ = "media:read", _("Fetch media and thumbnails")
    REPORTS_READ = "reports:read", _("Fetch reports of decisions")
    WEBHOOKS_MANAGE = "webhooks:manage", _("Manage its own webhooks")
    HOLDS_MANAGE = "holds:manage", _("Place, lift and list legal holds")
    APPEALS_WRITE = "appeals:write", _("Appeal decisions and withdraw appeals")


class ProvisioningScope(models.TextChoices):
    """The scope of the keys of identity providers. No key of a partner has it."""

    MEMBERS_PROVISION = "members:provision", _("Provision members by SCIM")


ALL_SCOPES: tuple[str, ...] = (*Scope.values, *ProvisioningScope.values)
SCOPE_PERMISSIONS: Mapping[str, frozenset[Permission]] = {
    Scope.SUBMISSIONS_WRITE: frozenset({P.SUBMIT_MEDIA, P.CANCEL_ANALYSES, P.REQUEST_DELETION}),
    Scope.SUBMISSIONS_READ_OWN: frozenset({P.VIEW_SUBMISSIONS}),
    Scope.SUBMISSIONS_READ: frozenset({P.VIEW_SUBMISSIONS}),
    Scope.MEDIA_READ: frozenset({P.VIEW_MEDIA}),
    Scope.REPORTS_READ: frozenset({P.VIEW_REPORTS}),
    Scope.WEBHOOKS_MANAGE: frozenset({P.MANAGE_WEBHOOKS}),
    Scope.HOLDS_MANAGE: frozenset({P.HOLD_SUBMISSIONS}),
    Scope.APPEALS_WRITE: frozenset({P.APPEAL_DECISIONS}),
    ProvisioningScope.MEMBERS_PROVISION: frozenset({P.PROVISION_MEMBERS}),
}
