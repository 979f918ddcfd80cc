"""After sign-in, people land on the page for their work."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from tests.factories import PASSWORD, TeamFactory
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
@pytest.mark.django_db
def test_a_role_lands_on_what_it_does(role: Role, place: str) -> None:
    person = member(TeamFactory(), role)
    form = {"login": person.user.email, "password": PASSWORD}
    assert Client().post(SIGN_IN, form)["Location"] == reverse(place)


@pytest.mark.django_db
def test_the_address_that_was_asked_for_comes_first() -> None:
    person, wanted = member(TeamFactory(), Role.MODERATOR), reverse("submissions:submit")
    form = {"login": person.user.email, "password": PASSWORD, "next": wanted}
    assert Client().post(SIGN_IN, form)["Location"] == wanted
