"""A small site filled by the product's own services alone: every row is on record."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

import blobs.services
from accounts.actors import SHELL_ACTOR, Actor, actor_for_user
from accounts.models import ApiKey, Membership, Role, Scope, ServiceAccount, Team, User
from accounts.services import keys, people, teams
from audit.services import record_many
from audit.who import SYSTEM
from jobs.services import claim_one
from media_analysis.previews.models import Preview
from media_analysis.previews.services import copies as viewing
from media_analysis.previews.services.rendering import Made
from media_analysis.review.models import Case, Decision, DecisionText, Policy, RoutingRule
from media_analysis.review.services import cases as review
from media_analysis.review.services import rules
from media_analysis.submissions.models import DeletionRequest, Submission
from media_analysis.submissions.services import deletion
from media_analysis.submissions.services.intake import analyse_again, submit
from ml import services as ml
from ml.engine.contract import (
    Evidence,
    Finding,
    Kind,
    MediaInfo,
    Outcome,
    Result,
    Segment,
    Status,
    Strength,
    Verdict,
)
from ml.models import Analysis
from tests.factories import PASSWORD
from tests.people import picture


@dataclass
class House:
    team: Team
    other: Team
    alice: User
    membership: Membership
    """Alice's, who runs the team."""
    submission: Submission
    again: Submission
    """Analysed twice."""
    first: Analysis
    """The earlier analysis of `again`."""
    case: Case
    decision: Decision
    policy: Policy
    rule: RoutingRule
    request: DeletionRequest
    service: ServiceAccount
    key: ApiKey
    preview: Preview


def actor(user: User) -> Actor:
    return actor_for_user(user, via="password")


def person(email: str) -> User:
    with transaction.atomic():
        user = people.new_person(email, name=email.split("@")[0], password=PASSWORD)
        record_many([people.created_event(user, SYSTEM)])
    return user


def sent(user: User, team: Team, shade: int, name: str) -> Submission:
    words: dict[str, Any] = {
        "note": "from a reader",
        "policy_context": "news",
        "external_id": f"desk-{shade}",
    }
    return submit(actor(user), team, io.BytesIO(picture(shade)), name, **words).submission


def analysed(
    submission: Submission, outcome: Outcome, frame: bytes = picture(3), word: str = ""
) -> Submission:
    """`word` stands wherever a check can say something."""
    media = MediaInfo(submission.blob_id, submission.blob.size, Kind.IMAGE, "png", width=64)
    evidence = Evidence(
        "saved", f"blocks {word}", Strength.STRONG, data={"map": [[0.5]], "cell": word}
    )
    finding = Finding(
        "compression", "1", Status.RAN, f"saved twice {word}", score=2.5, log10_lr=1.0,
        evidence=(evidence,) if word else (),
        segments=(Segment(0.0, 1.0, 0.9, label=f"label {word}"),) if word else (),
    )  # fmt: skip
    scenarios = {f"scenario {word}": 0.9} if word else {}
    result = Result(
        media=media, verdict=Verdict(outcome, "as a test says", 0.9, (0.8, 1.0), scenarios),
        findings=(finding,), engine_version="1.0+test", seconds=0.1,
        thumbnails={"frame": frame},
        tracks=[{"id": word, "first": 0.0, "last": 1.0, "boxes": []}] if word else (),
    )  # fmt: skip
    claim = claim_one(Analysis, submission.analysis_id, worker="w1")
    assert claim is not None
    ml.run(claim, lambda file, **_: result)
    submission.refresh_from_db()
    return submission


def previewed(submission: Submission) -> Preview:
    with transaction.atomic():
        viewing.order(submission.blob)
    preview = Preview.objects.get(source=submission.blob)
    claim = claim_one(Preview, preview.pk, worker="w1")
    assert claim is not None
    stored = blobs.services.store(io.BytesIO(b"a film to look at"))
    made = Made(media_type="video/webm", seconds=1.0, fps=25.0, took=0.1)
    viewing._conclude(claim, submission.blob, stored, made)
    preview.refresh_from_db()
    return preview


def decided(user: User, submission: Submission, policy: Policy) -> Decision:
    held = review.claim(actor(user), Case.objects.get(submission=submission).pk)
    words = DecisionText("manipulated", "two lights", "the shadows differ", policy.pk)
    decision = review.decide(actor(user), held.pk, held.fence, words)
    assert isinstance(decision, Decision)
    return decision


def at_work() -> House:
    people.create_admin("root@example.org", password=PASSWORD)
    alice, bob = person("alice@example.org"), person("bob@example.org")
    team, other = (teams.create_team(SHELL_ACTOR, name) for name in ("Newsroom", "Elsewhere"))
    membership = teams.add_member(SHELL_ACTOR, team, alice, Role.ADMIN)
    teams.add_member(SHELL_ACTOR, team, bob, Role.VIEWER)
    teams.change_role(SHELL_ACTOR, team, bob, Role.MODERATOR)
    teams.add_member(SHELL_ACTOR, other, bob, Role.LEAD)
    policy = rules.write_policy(actor(alice), team, "Fakes", "No fakes.")
    rules.route(actor(alice), team, ["manipulation_found", "inconclusive", "rejected"])
    submission = analysed(sent(alice, team, 1, "protest.png"), Outcome.MANIPULATION_FOUND)
    decision = decided(alice, submission, policy)
    again = analysed(sent(bob, team, 2, "again.png"), Outcome.INCONCLUSIVE)
    first = again.analysis
    again = analysed(analyse_again(actor(bob), again), Outcome.NO_MANIPULATION_FOUND)
    request = deletion.ask(actor(alice), again, "asked by the family")
    service = keys.create_service_account(actor(alice), team, "Partner")
    issued = keys.issue_key(actor(alice), service, "live", [Scope.SUBMISSIONS_READ])
    return House(
        team, other, alice, membership, submission, again, first, decision.case, decision, policy,
        RoutingRule.objects.get(team=team), request, service, issued.key, previewed(submission),
    )  # fmt: skip


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        assert cursor.rowcount, f"nothing was changed: {statement}"
