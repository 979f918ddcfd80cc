"""The pages that run a team, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team
from tests.browser.office import Office, addresses, furnish
from tests.browser.watched import Watched
from tests.people import Person, Send

Open = Callable[..., Watched]


@pytest.fixture
def office(team: Team, alice: Person, bob: Person, send: Send) -> Office:
    return furnish(team, alice, bob, send)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page: Open, office: Office, scheme: str) -> None:
    """No serious accessibility finding on any page of the office, in light and in dark."""
    watched = open_page(user=office.admin.user, scheme=scheme)
    found = {}
    for name, path in addresses(office).items():
        watched.goto(path)
        found[name] = watched.axe()
    assert not any(found.values()), found


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


def test_trying_again_works_without_script(open_page: Open, office: Office) -> None:
    """From the list over the question to the message, with JavaScript switched off."""
    watched = open_page(user=office.lead.user, java_script_enabled=False)
    page = watched.goto("/dashboard/")
    page.get_by_role("link", name="Try again press-conference-final-cut.mp4").click()
    page.get_by_role("button", name="Try again").click()
    assert page.get_by_text("waits for a worker again").is_visible()
