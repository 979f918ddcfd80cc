"""What the addresses of a team's pages name: one thing of each kind, in this very team."""

from __future__ import annotations

from typing import Any

from accounts.actors import SHELL_ACTOR
from accounts.models import Role, Scope, Team
from accounts.services import group_roles, provisioning_keys
from accounts.services.invitations import invite
from accounts.services.keys import issue_key
from media_analysis.batches.services import sources
from media_analysis.review.models import Policy, Queue, QueueRule, ReasonCode, SavedText
from media_analysis.webhooks.models import EventType
from media_analysis.webhooks.services import endpoints
from tests.factories import ServiceAccountFactory
from tests.people import member


def arguments(team: Team) -> dict[str, list[Any]]:
    """By the address's name."""
    mate = member(team, Role.VIEWER).user
    invitation = invite(SHELL_ACTOR, team, "dora@example.org", Role.VIEWER).invitation
    service = ServiceAccountFactory(team=team)
    admin = member(team, Role.ADMIN)
    key = issue_key(admin.actor, service, "a key", [Scope.SUBMISSIONS_READ]).key
    added = endpoints.add(admin.actor, team, "https://news.example/canary", EventType.values)
    webhook = added.endpoint
    policy = Policy.objects.create(team=team, name="canary policy")
    code = ReasonCode.objects.create(team=team, name="canary code")
    text = SavedText.objects.create(team=team, name="canary-text", text="canary text")
    queue = Queue.objects.create(team=team, name="canary queue")
    rule = QueueRule.objects.create(team=team, name="canary rule", position=1)
    own = {
        "members": ["invite", "members", "roles", "rename", "rules", "policies", "services",
                    "write_policy", "deciding", "care", "quality", "queues", "write_rule",
                    "known_files",
                    "new_service", "webhooks", "new_webhook", "hosts", "retention", "weights",
                    "usage",
                    "sign_in", "second_factor", "new_scim_key"],
        "invitation": ["invite_again", "withdraw"],
        "mate": ["change_role", "remove"],
        "policy": ["edit_policy", "retire_policy", "restore_policy", "delete_policy"],
        "code": ["switch_code"],
        "text": ["remove_text"],
        "service": ["close_service", "new_key"],
        "key": ["replace_key", "revoke_key"],
        "queue": ["edit_queue", "pause_queue", "delete_queue"],
        "rule": ["edit_rule", "move_rule", "delete_rule"],
        "webhook": ["webhook", "edit_webhook", "rotate_webhook", "delete_webhook",
                    "switch_webhook", "test_webhook", "webhook_missed"],
    }  # fmt: skip
    things = {
        "invitation": invitation.pk,
        "mate": mate.pk,
        "policy": policy.pk,
        "code": code.pk,
        "text": text.pk,
        "queue": queue.pk,
        "rule": rule.pk,
        "service": service.pk,
        "key": key.pk,
        "webhook": webhook.pk,
    }
    found: dict[str, list[Any]] = {"teams:index": [], "teams:new": []}
    for kind, names in own.items():
        inner = [things[kind]] if kind in things else []
        found |= {f"teams:{name}": [team.pk, *inner] for name in names}
    host = sources.allow(admin.actor, team, "media.example.com")
    found["teams:remove_host"] = [team.pk, host.pk]
    given = group_roles.add(admin.actor, team, "readers", Role.VIEWER)
    found["teams:remove_group"] = [team.pk, given.pk]
    scim = provisioning_keys.issue(admin.actor, team).key
    found["teams:revoke_scim_key"] = [team.pk, scim.pk]
    test = endpoints.test(admin.actor, webhook)
    found["teams:webhook_again"] = [team.pk, webhook.pk, test.pk]
    return found
