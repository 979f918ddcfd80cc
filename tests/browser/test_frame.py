"""The frame of every page, in a real browser: readable, reachable, quiet, and at home."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.watched import Watched

Open = Callable[..., Watched]
PAGES = ["/styleguide/", "/accounts/login/", "/accounts/password/reset/"]
TROUBLE = ["400", "403", "404", "500", "403_csrf"]

pytestmark = [pytest.mark.main_path, pytest.mark.urls("tests.browser.urls")]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(open_page: Open, path: str) -> None:
    """No serious or critical accessibility finding, in light and in dark."""
    page = open_page()
    page.goto(path)
    assert page.axe_in_both_colours() == []


def test_axe_finds_nothing_in_a_form_with_errors(open_page: Open) -> None:
    """A form that came back with its errors is as accessible as the empty one."""
    watched = open_page()
    page = watched.goto("/styleguide/")
    page.get_by_role("button", name="Submit and next").click()
    page.wait_for_selector(".errors")
    assert watched.axe_in_both_colours() == []


@pytest.mark.parametrize("code", TROUBLE)
def test_error_pages_say_what_was_kept_and_what_to_do(open_page: Open, code: str) -> None:
    """Each error page tells what happened, what was kept and what to do, and passes axe."""
    watched = open_page()
    page = watched.goto(f"/styleguide/trouble/{code}/")
    for part in ("What happened", "What was kept", "What you can do"):
        assert page.get_by_text(part, exact=True).count() == 1
    assert watched.axe() == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 400)])
def test_nothing_is_cut_off_on_a_small_screen(
    open_page: Open, path: str, width: int, height: int
) -> None:
    """At 320 pixels, and at 1280 x 800 enlarged to 200 %, no page scrolls sideways."""
    page = open_page(width=width, height=height)
    page.goto(path)
    assert page.overflow() == []


def test_the_keyboard_reaches_everything(open_page: Open) -> None:
    """Tab visits every control of the page once, in order, and each shows that it has the focus."""
    page = open_page().goto("/styleguide/")
    wanted = page.evaluate(
        """() => {
          const seen = new Set();
          return [...document.querySelectorAll(
              'a[href], button, input, select, textarea, summary, [tabindex="0"]')]
            .filter(e => e.checkVisibility() && !e.disabled && e.type !== 'hidden')
            .filter(e => { if (e.type !== 'radio') return true;  // a radio group is one stop
                           if (seen.has(e.name)) return false; seen.add(e.name); return true; })
            .map((e, i) => { e.dataset.stop = i; return i; }).length;
        }"""
    )
    visited: list[int] = []
    for _ in range(wanted + 1):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
              const group = e.type === 'radio' && document.querySelector(
                `input[type=radio][name="${e.name}"][data-stop]`);
              return e === document.body ? null
                : {stop: +(group || e).dataset.stop, ring: s.outlineStyle !== 'none'}; }"""
        )
        if stop is None:
            break
        assert stop["ring"], f"stop {stop['stop']} does not show that it has the focus"
        visited.append(stop["stop"])
    assert visited == list(range(wanted))


def test_the_skip_link_comes_first_and_leads_to_the_content(open_page: Open) -> None:
    """The first Tab shows the skip link; following it lands in the main part."""
    page = open_page().goto("/styleguide/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_errors_are_tied_to_their_fields(open_page: Open) -> None:
    """A field with an error is marked invalid and described by its error's text."""
    page = open_page().goto("/styleguide/")
    page.get_by_role("button", name="Submit and next").click()
    field = page.get_by_label("Email address")
    expect(field).to_have_attribute("aria-invalid", "true")
    described = field.get_attribute("aria-describedby") or ""
    texts = [page.locator(f"[id='{i}']").inner_text() for i in described.split()]
    assert any("required" in text for text in texts)
    expect(page.locator("[data-form-errors]")).to_be_focused()


def test_a_dialog_opens_closes_and_gives_the_focus_back(open_page: Open) -> None:
    """Opened by a button, closed by Escape, and the focus returns to that button."""
    page = open_page().goto("/styleguide/")
    button = page.get_by_role("button", name="Erase the media")
    button.click()
    dialog = page.get_by_role("dialog", name="Erase the media for good?")
    assert dialog.is_visible()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert button.evaluate("e => e === document.activeElement")


def test_copying_is_done_and_said(open_page: Open) -> None:
    """A copy button puts the whole hash on the clipboard and tells a screen reader."""
    watched = open_page(permissions=["clipboard-read", "clipboard-write"])
    page = watched.goto("/styleguide/")
    page.get_by_role("button", name="Copy SHA-256", exact=True).first.click()
    expect(page.locator("#live")).to_contain_text("Copied")
    assert len(page.evaluate("navigator.clipboard.readText()")) == 64


def test_the_choice_of_colours_stays(open_page: Open) -> None:
    """Dark chosen against a light system stays dark on the next page."""
    page = open_page(scheme="light").goto("/styleguide/")
    page.get_by_role("radio", name="Dark").check()
    page.goto(page.url)
    dark = "getComputedStyle(document.documentElement).colorScheme"
    assert page.evaluate(dark) == "dark"


def test_pictures_stay_blurred_until_asked_for(open_page: Open) -> None:
    """Frames are blurred and grey at first; the switch shows them, by keyboard too."""
    page = open_page().goto("/styleguide/")
    blur = "() => getComputedStyle(document.querySelector('.veil img')).filter"
    assert "blur" in page.evaluate(blur)
    page.get_by_label("Show without blur").press("Space")
    # Not `wait_for_function`: polling evaluates strings, which our own CSP refuses.
    expect(page.locator(".veil img").first).to_have_css("filter", "none")


def test_all_is_there_without_script(open_page: Open) -> None:
    """Without JavaScript: the page reads, the menu of colours and copy buttons stay away."""
    watched = open_page(java_script_enabled=False)
    page = watched.goto("/styleguide/")
    assert page.locator("#verdict-heading", has_text="Manipulation found").is_visible()
    assert page.locator("button[data-copy]:visible").count() == 0
    assert page.locator("[data-theme-choice]:visible").count() == 0


def test_paper_shows_no_controls(open_page: Open) -> None:
    """The print style leaves out the menu and the buttons and keeps verdict and custody."""
    page = open_page(scheme="dark").goto("/styleguide/")
    page.emulate_media(media="print")
    assert page.locator(".nav:visible, button:visible, .foot:visible").count() == 0
    assert page.get_by_role("heading", name="Chain of custody").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_targets_are_large_enough(open_page: Open) -> None:
    """Every control outside a sentence is at least 24 by 24 pixels (WCAG 2.5.8)."""
    page = open_page(width=390, height=800).goto("/styleguide/")
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, summary, .button, .nav a, .brand')]
          .filter(e => e.checkVisibility())
          .map(e => [e.textContent.trim(), e.getBoundingClientRect()])
          .filter(([, b]) => b.width < 24 || b.height < 24).map(([text]) => text)"""
    )
    assert small == []
