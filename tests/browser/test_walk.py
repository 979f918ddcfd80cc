"""The pages that people work on, with media that was really analysed, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.walked import Walked, addresses, walk
from tests.browser.watched import Watched
from tests.people import Person

Open = Callable[..., Watched]


@pytest.fixture
def walked(alice: Person) -> Walked:
    return walk(alice, "landscape_with_prompt.png", "clip.mp4")


def test_axe_finds_nothing_serious(open_page: Open, alice: Person, walked: Walked) -> None:
    """No serious accessibility finding on any page of the walk, in light and in dark."""
    watched = open_page(user=alice.user)
    found = {}
    for name, path in addresses(walked).items():
        watched.goto(path)
        found[name] = watched.axe_in_both_colours()
    assert not any(found.values()), found


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 400)])
def test_nothing_is_cut_off_on_a_small_screen(
    open_page: Open, alice: Person, walked: Walked, width: int, height: int
) -> None:
    """At 320 pixels, and at 1280 x 800 enlarged to 200 %, no page scrolls sideways."""
    watched = open_page(user=alice.user, width=width, height=height)
    wide = {}
    for name, path in addresses(walked).items():
        watched.goto(path)
        wide[name] = watched.overflow()
    assert not any(wide.values()), wide


def test_the_bar_shows_what_a_person_may_enter(
    open_page: Open, alice: Person, viewer: Person
) -> None:
    """A moderator may submit, a viewer may not; both see where they are."""

    def bar(person: Person) -> list[str]:
        page = open_page(user=person.user).goto("/")
        assert page.locator(".nav a[aria-current=page]").inner_text() == "History"
        return page.locator(".nav a").all_inner_texts()

    assert bar(alice) == ["Submit", "History", "Review"]
    assert bar(viewer) == ["History", "Review"]


def test_the_menu_opens_by_keyboard_and_escape_closes_it(open_page: Open, alice: Person) -> None:
    """The person's menu: Enter opens, Escape closes and the focus is back on it."""
    page = open_page(user=alice.user).goto("/")
    summary = page.locator(".user-menu > summary")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="Sign out").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert not page.get_by_role("button", name="Sign out").is_visible()
    assert summary.evaluate("e => e === document.activeElement")


def test_signing_out_signs_out(open_page: Open, alice: Person) -> None:
    """The button of the menu ends the session; the history then asks to sign in."""
    page = open_page(user=alice.user).goto("/")
    page.locator(".user-menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    page.goto(page.url.split("/accounts")[0] + "/")
    assert "/accounts/login/" in page.url
