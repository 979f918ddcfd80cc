# ruff: noqa: E402 - Django is set up before its models can be imported
"""Fills a house as people would: `submit N` sends N pictures, `decide` decides every open case."""

from __future__ import annotations

import io
import sys

import django

django.setup()

from accounts.actors import actor_for_user
from accounts.models import Membership, Role
from media_analysis.review.models import Words
from media_analysis.review.services import cases
from media_analysis.submissions.services.intake import submit
from tests.factories import MembershipFactory, TeamFactory, UserFactory
from tests.people import picture

EMAIL = "alice@example.org"


def send(count: int) -> None:
    team = TeamFactory(name="Newsroom")
    alice = MembershipFactory(
        team=team, user=UserFactory(email=EMAIL, name="Alice"), role=Role.MODERATOR
    ).user
    actor = actor_for_user(alice, via="password")
    for number in range(count):
        content = io.BytesIO(picture(number))
        submit(actor, team, content, f"photo {number}.png", note=f"note {number}")


def decide() -> None:
    member = Membership.objects.select_related("user").get(user__email=EMAIL)
    actor = actor_for_user(member.user, via="password")
    while case := cases.claim_next(actor):
        words = Words(outcome="manipulated", reason="the seam along the jaw")
        cases.decide(actor, case.pk, case.fence, words)


if __name__ == "__main__":
    if sys.argv[1] == "submit":
        send(int(sys.argv[2]))
    else:
        decide()
