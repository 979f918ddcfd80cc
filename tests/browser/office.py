"""A team at work, for tests and pictures of the pages that run it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse

from accounts.models import Role, Scope, Team
from accounts.services import invitations, keys
from media_analysis.dashboard.models import Ending, How
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases as review
from media_analysis.review.services import routing, rules
from media_analysis.submissions.models import Submission
from ml.models import Analysis
from tests.audit.helpers import triggers_off
from tests.dashboard.conftest import copy_set_aside, set_aside
from tests.people import Person, Send, member


@dataclass(frozen=True)
class Office:
    lead: Person
    admin: Person
    parked: Submission
    mute: Submission
    """Without a copy for the player: that was set aside."""
    things: dict[str, str]


def furnish(team: Team, alice: Person, bob: Person, send: Send) -> Office:
    """Cases in every state, figures of two weeks, media set aside, decisions of two people."""
    cases = [_case(send(alice, shade, name=f"protest-{shade}.jpg")) for shade in range(6)]
    for case in cases[:2]:
        held = review.claim(alice.actor, case.pk)
        words = DecisionText("unclear", "too blurred to tell")
        review.decide(alice.actor, held.pk, held.fence, words)
    review.claim(alice.actor, cases[2].pk)
    review.claim(bob.actor, cases[3].pk)
    ago = datetime.now(UTC) - timedelta(hours=3)
    Case.objects.filter(pk=cases[3].pk).update(lease_until=ago, claimed_at=ago)
    with triggers_off():
        Case.objects.filter(pk=cases[4].pk).update(opened_at=ago)
    parked = [
        set_aside(send(alice, 40, name="press-conference-final-cut.mp4"), "poison",
                  "it brought its process down 3 times and is not tried again; the last: killed"),
        set_aside(send(alice, 41, name="voice note.ogg"), "attempts_exhausted",
                  "5 attempts failed; the last: the blob storage did not answer"),
    ]  # fmt: skip
    mute = copy_set_aside(
        send(alice, 42, name="interview-with-subtitles.mp4"), "attempts_exhausted",
        "5 attempts failed; the last: the blob storage did not answer",
    )  # fmt: skip
    _figures(team)
    lead, admin = member(team, Role.LEAD), member(team, Role.ADMIN)
    return Office(lead, admin, parked[0], mute, _things(team, lead, admin))


def addresses(office: Office) -> dict[str, str]:
    """The pages of the office by a name that is good for a file."""
    return {
        "dashboard": reverse("dashboard:overview"),
        "retry": reverse("dashboard:retry", args=[office.parked.pk]),
        "retry-copy": reverse("dashboard:retry_copy", args=[office.mute.pk]),
        "teams": reverse("teams:index"),
        **office.things,
    }


def administration() -> dict[str, str]:
    """Pages of the administration, for a site administrator."""
    analysis = Analysis.objects.filter(state="parked").values_list("pk", flat=True).first()
    return {
        "admin": reverse("admin:index"),
        "admin-people": reverse("admin:accounts_user_changelist"),
        "admin-events": reverse("admin:audit_event_changelist"),
        "admin-decisions": reverse("admin:review_decision_changelist"),
        "admin-analysis": reverse("admin:ml_analysis_change", args=[analysis]),
    }


def _things(team: Team, lead: Person, admin: Person) -> dict[str, str]:
    """Invitations, policies and keys in every state, and the addresses of their pages."""
    invitations.invite(lead.actor, team, "dora@example.org", Role.MODERATOR)
    gone = invitations.invite(lead.actor, team, "eve@example.org", Role.VIEWER)
    invitations.withdraw(lead.actor, gone.invitation)
    policy = rules.write_policy(lead.actor, team, "Elections", "No altered faces or voices.")
    old = rules.write_policy(lead.actor, team, "Campaign of 2024", "As it was then.")
    rules.retire_policy(lead.actor, old)
    service = keys.create_service_account(admin.actor, team, "Wire service, photo desk")
    scopes = [Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE]
    nets = ["192.0.2.0/24"]
    key = keys.issue_key(admin.actor, service, "production", scopes, allowed_networks=nets).key
    old_key = keys.issue_key(admin.actor, service, "first try", [Scope.SUBMISSIONS_READ]).key
    keys.revoke_key(admin.actor, old_key)
    pages: dict[str, list[Any]] = {
        "members": [], "roles": [], "rename": [], "rules": [], "policies": [], "services": [],
        "write_policy": [], "new_service": [], "remove": [lead.user.pk], "care": [], "quality": [],
        "edit_policy": [policy.pk], "delete_policy": [policy.pk],
        "new_key": [service.pk], "close_service": [service.pk], "revoke_key": [key.pk],
        "replace_key": [key.pk],
    }  # fmt: skip
    return {
        f"team-{name.replace('_', '-')}": reverse(f"teams:{name}", args=[team.pk, *more])
        for name, more in pages.items()
    }


def _case(submission: Submission) -> Case:
    with transaction.atomic():
        routing.after_parking(submission.analysis)
    return Case.objects.get(submission=submission)


def _figures(team: Team) -> None:
    """Uneven on purpose: quiet nights, a quiet day, a bad hour."""
    now = datetime.now(UTC)
    endings = []
    for hour in range(14 * 24):
        at = now - timedelta(hours=hour, minutes=7)
        count = 0 if at.hour < 5 or hour // 24 == 4 else (at.hour * 7 + hour) % 9
        for nth in range(count):
            how = How.VERDICT if (nth + hour) % 8 else (How.REJECTED, How.SET_ASIDE)[nth % 2]
            code = {How.REJECTED: "too_many_pixels", How.SET_ASIDE: "attempts_exhausted"}
            endings.append(
                Ending(
                    team=team, ended_at=at, how=how, code=code.get(how, ""),
                    seconds=4 + (hour * 13 + nth * 31) % 60,
                )
            )  # fmt: skip
    Ending.objects.bulk_create(endings)
