"""The navigation bar: only pages that exist, only for those with access, and the current one
marked."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import RequestFactory
from django.urls import resolve

from accounts.navigation import links
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person


def bar(person: Person | None, path: str = "/") -> dict[str, bool]:
    request = RequestFactory().get(path)
    request.user = person.user if person else AnonymousUser()
    request.resolver_match = resolve(path)
    request.session = SessionStore()
    return {link.label: link.is_current for link in links(request)}


def test_strangers_see_no_places() -> None:
    """Without an account the bar leads nowhere."""
    assert bar(None) == {}


def test_a_moderator_may_submit_and_a_viewer_not(alice: Person, viewer: Person) -> None:
    """Each sees what their role may enter."""
    assert "Submit" in bar(alice) and "Submit" not in bar(viewer)
    assert "History" in bar(viewer)


def test_only_those_who_run_the_house_see_the_administration(alice: Person) -> None:
    """Running a site is a right of its own, not a team's role."""
    assert "Admin" not in bar(alice)
    alice.user.is_staff = alice.user.is_superuser = True
    alice.user.save()
    assert "Admin" in bar(alice)


@pytest.mark.parametrize(
    ("path", "here"),
    [("/", "History"), ("/submit/", "Submit"), ("/review/", "Review"), ("/accounts/email/", None)],
)
def test_one_place_is_marked_as_here(alice: Person, path: str, here: str | None) -> None:
    """The longest fitting address wins; a page of no place marks none."""
    current = [label for label, is_current in bar(alice, path).items() if is_current]
    assert current == ([here] if here else [])


def test_a_part_that_is_not_there_leaves_no_dead_link(alice: Person, settings: Any) -> None:
    """A place whose address does not resolve is left out."""
    settings.ROOT_URLCONF = "tests.pages.bare_urls"
    assert bar(alice) == {}
