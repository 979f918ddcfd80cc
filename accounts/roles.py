"""What a role or an API key's scope allows. Closed lists: what is not written here is refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    MODERATOR = "moderator", "Moderator"
    LEAD = "lead", "Lead"
    ADMIN = "admin", "Admin"

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
    VIEW_MEDIA = "media.view"
    DOWNLOAD_MEDIA = "media.download"
    VIEW_REPORTS = "reports.view"
    VIEW_CASES = "cases.view"
    DECIDE_CASES = "cases.decide"
    ASSIGN_CASES = "cases.assign"
    REVIEW_DECISIONS = "cases.second_review"
    VIEW_DASHBOARD = "dashboard.view"
    RETRY_ANALYSES = "submissions.retry"
    VIEW_AUDIT = "audit.view"
    VIEW_MEMBERS = "members.view"
    MANAGE_MEMBERS = "members.manage"
    MANAGE_QUEUES = "queues.manage"
    MANAGE_POLICIES = "policies.manage"
    MANAGE_KEYS = "keys.manage"
    MANAGE_WEBHOOKS = "webhooks.manage"
    MANAGE_RETENTION = "retention.manage"
    ERASE_SUBMISSIONS = "submissions.erase"
    MANAGE_TEAM = "team.manage"


P = Permission

_VIEWER = frozenset(
    {P.VIEW_SUBMISSIONS, P.VIEW_MEDIA, P.VIEW_REPORTS, P.VIEW_CASES, P.VIEW_MEMBERS}
)
_MODERATOR = _VIEWER | {P.SUBMIT_MEDIA, P.CANCEL_ANALYSES, P.DOWNLOAD_MEDIA, P.DECIDE_CASES}
_LEAD = _MODERATOR | {
    P.EXPORT_SUBMISSIONS,
    P.REQUEST_DELETION,
    P.ASSIGN_CASES,
    P.REVIEW_DECISIONS,
    P.VIEW_DASHBOARD,
    P.RETRY_ANALYSES,
    P.VIEW_AUDIT,
    P.MANAGE_MEMBERS,
    P.MANAGE_QUEUES,
    P.MANAGE_POLICIES,
}
_ADMIN = _LEAD | {
    P.ANSWER_DELETION_REQUESTS,
    P.MANAGE_KEYS,
    P.MANAGE_WEBHOOKS,
    P.MANAGE_RETENTION,
    P.ERASE_SUBMISSIONS,
    P.MANAGE_TEAM,
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.MODERATOR: _MODERATOR,
    Role.LEAD: _LEAD,
    Role.ADMIN: _ADMIN,
}

SITE_ADMIN_PERMISSIONS: frozenset[Permission] = frozenset(
    {
        P.VIEW_MEMBERS,
        P.MANAGE_MEMBERS,
        P.MANAGE_KEYS,
        P.MANAGE_TEAM,
        P.VIEW_AUDIT,
        P.VIEW_DASHBOARD,
        P.RETRY_ANALYSES,
    }
)
"""In every team, without being its member. Running the house is not looking at its media: a site
administrator who moderates joins a team like everybody else, and the record shows it."""


class Scope(models.TextChoices):
    """What an API key may do for its partner, in its one team."""

    SUBMISSIONS_WRITE = "submissions:write", "Send media"
    SUBMISSIONS_READ = "submissions:read", "Read submissions and verdicts"
    REPORTS_READ = "reports:read", "Fetch reports"
    MEDIA_READ = "media:read", "Fetch media and evidence"
    WEBHOOKS_MANAGE = "webhooks:manage", "Manage its webhooks"


SCOPE_PERMISSIONS: Mapping[Scope, frozenset[Permission]] = {
    Scope.SUBMISSIONS_WRITE: frozenset({P.SUBMIT_MEDIA, P.CANCEL_ANALYSES, P.REQUEST_DELETION}),
    Scope.SUBMISSIONS_READ: frozenset({P.VIEW_SUBMISSIONS}),
    Scope.REPORTS_READ: frozenset({P.VIEW_REPORTS}),
    Scope.MEDIA_READ: frozenset({P.VIEW_MEDIA, P.DOWNLOAD_MEDIA}),
    Scope.WEBHOOKS_MANAGE: frozenset({P.MANAGE_WEBHOOKS}),
}
