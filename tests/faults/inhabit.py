# ruff: noqa: E402 - Django is set up before its models can be imported
"""Fills a house as people would: `submit N` sends N pictures, `analysed N` has them analysed too,
here and now, `decide` decides every open case, and `free` removes the newest picture's bytes as a
retention rule does."""

from __future__ import annotations

import io
import sys

import django

django.setup()

from django.db import transaction

from accounts.actors import actor_for_user
from accounts.models import Membership, Role
from jobs.services import claim_one
from media_analysis.review.models import DecisionText
from media_analysis.review.services import cases
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import freeing
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis
from ml.services import run
from tests.factories import MembershipFactory, TeamFactory, UserFactory
from tests.people import picture

EMAIL = "alice@example.org"


def send(count: int, *, analysed: bool = False) -> None:
    team = TeamFactory(name="Newsroom")
    alice = MembershipFactory(
        team=team, user=UserFactory(email=EMAIL, name="Alice"), role=Role.MODERATOR
    ).user
    actor = actor_for_user(alice, via="password")
    for number in range(count):
        content = io.BytesIO(picture(number))
        name = f"photo {number}.png"
        sent = submit(actor, team, content, name, note=f"note {number}").submission
        if analysed and (claim := claim_one(Analysis, sent.analysis_id, worker="inhabit")):
            run(claim)


def decide() -> None:
    member = Membership.objects.select_related("user").get(user__email=EMAIL)
    actor = actor_for_user(member.user, via="password")
    while case := cases.claim_next(actor):
        words = DecisionText(outcome="manipulated", reason="the seam along the jaw")
        cases.decide(actor, case.pk, case.fence, words)


@transaction.atomic
def free() -> None:
    newest = Submission.objects.latest("created_at")
    assert freeing.free_original(newest.blob_id, but=newest.pk)


if __name__ == "__main__":
    if sys.argv[1] in ("submit", "analysed"):
        send(int(sys.argv[2]), analysed=sys.argv[1] == "analysed")
    else:
        {"decide": decide, "free": free}[sys.argv[1]]()
