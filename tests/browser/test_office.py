"""The pages that run a team, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Team
from tests.browser.office import Office, addresses, administration, furnish
from tests.browser.watched import Watched
from tests.factories import UserFactory
from tests.people import Person, Send

Open = Callable[..., Watched]


@pytest.fixture
def office(team: Team, alice: Person, bob: Person, send: Send) -> Office:
    return furnish(team, alice, bob, send)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 400)])
def test_nothing_is_cut_off_on_a_small_screen(
    open_page: Open, office: Office, width: int, height: int
) -> None:
    """At 320 pixels, and at 1280 x 800 enlarged to 200 %, no page scrolls sideways."""
    watched = open_page(user=office.admin.user, width=width, height=height)
    wide = {}
    for name, path in addresses(office).items():
        watched.goto(path)
        wide[name] = watched.overflow()
    assert not any(wide.values()), wide


def test_the_administration_keeps_to_the_policy(open_page: Open, office: Office) -> None:
    """The content security policy refuses nothing."""
    watched = open_page(user=UserFactory(is_staff=True, is_superuser=True))
    for path in administration().values():
        watched.goto(path)
    assert watched.unexcused() == []


def test_trying_again_works_without_script(open_page: Open, office: Office) -> None:
    """From the list over the question to the message, with JavaScript switched off."""
    watched = open_page(user=office.lead.user, java_script_enabled=False)
    page = watched.goto("/dashboard/")
    page.get_by_role("link", name=re.compile(r"Retry\s*: press-conference-final-cut")).click()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("waiting for a worker again")).to_be_visible()


def test_a_key_is_issued_copied_and_gone(open_page: Open, office: Office) -> None:
    """By page: the secret is shown and can be copied; the list afterwards has only its prefix."""
    watched = open_page(user=office.admin.user, permissions=["clipboard-read", "clipboard-write"])
    page = watched.goto(office.things["team-new-key"])
    page.get_by_label("Key name").fill("nightly")
    page.get_by_label("Read all of the team's submissions and verdicts").check()
    page.get_by_role("button", name="Issue the key").click()
    page.get_by_role("button", name="Copy the key").click()
    expect(page.locator("#live")).to_contain_text("Copied")
    secret = page.evaluate("navigator.clipboard.readText()")
    assert secret.startswith("tsk_") and watched.axe() == []
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("main")).to_contain_text(secret[:10])
    assert secret not in page.content()


def test_an_invitation_shows_its_link(open_page: Open, office: Office) -> None:
    """Sent by page; the answer has the link and is as accessible as the rest."""
    watched = open_page(user=office.lead.user)
    page = watched.goto(office.things["team-members"])
    page.get_by_label("Email address").fill("fay@example.org")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("heading", name="fay@example.org is invited")).to_be_visible()
    assert "/accounts/invitation/" in page.content() and watched.axe() == []
