"""Whoever signs in lands on their work."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, Team
from tests.factories import PASSWORD
from tests.people import member

SIGN_IN = "/accounts/login/"


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.MODERATOR, "review:queue"),
        (Role.LEAD, "review:queue"),
        (Role.VIEWER, "submissions:history"),
        (Role.ADMIN, "submissions:history"),
    ],
)
def test_a_role_lands_on_what_it_does(team: Team, role: Role, place: str) -> None:
    person = member(team, role)
    said = {"login": person.user.email, "password": PASSWORD}
    assert Client().post(SIGN_IN, said)["Location"] == reverse(place)


def test_the_address_that_was_asked_for_comes_first(team: Team) -> None:
    person, wanted = member(team, Role.MODERATOR), reverse("submissions:submit")
    said = {"login": person.user.email, "password": PASSWORD, "next": wanted}
    assert Client().post(SIGN_IN, said)["Location"] == wanted
