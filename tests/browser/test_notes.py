"""Team notes in a real browser: a name is chosen from the list by keys, by mouse, or typed."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Role, User
from media_analysis.review.models import Case, CaseNote
from tests.browser.watched import Watched
from tests.people import Person, Send, member
from tests.review.test_services import opened

Open = Callable[..., Watched]


def named(person: Person, name: str) -> Person:
    User.objects.filter(pk=person.user.pk).update(name=name)
    person.user.refresh_from_db()
    return person


def test_a_mention_is_chosen_by_keys_and_found_by_its_person(
    open_page: Open, alice: Person, bob: Person, send: Send
) -> None:
    """Arrows and Enter insert the name, Ctrl+Enter adds the note; Bob is led to it by the queue."""
    named(bob, "Bo Lind")
    named(member(alice.team, Role.VIEWER), "Bodil Ek")
    case: Case = opened(alice, send)
    watched = open_page(user=alice.user)
    page = watched.goto(reverse("review:case", args=[case.pk]))
    field = page.get_by_label("New note")
    field.focus()
    page.keyboard.type("Look, @bo")
    options = page.get_by_role("listbox", name="People of the team").get_by_role("option")
    expect(options).to_have_text(["Bo Lind", "Bodil Ek"])
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(field).to_have_value("Look, @Bo Lind ")
    expect(options.first).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notes")).to_contain_text("Look, @Bo Lind")
    theirs = open_page(user=bob.user)
    page = theirs.goto(reverse("review:queue"))
    expect(page.get_by_role("link", name="Mentions 1 new")).to_be_visible()
    assert theirs.axe_in_both_colours() == []
    page.get_by_role("region", name="You were mentioned").get_by_role("link").click()
    expect(page.locator("#notes").get_by_text("Mentions you")).to_be_visible()


def test_escape_and_a_press_and_the_list_is_gone(
    open_page: Open, alice: Person, bob: Person, send: Send
) -> None:
    named(bob, "Bo Lind")
    case: Case = opened(alice, send)
    page = open_page(user=alice.user).goto(reverse("review:case", args=[case.pk]))
    field, options = page.get_by_label("New note"), page.get_by_role("option", name="Bo Lind")
    field.focus()
    page.keyboard.type("@")
    page.keyboard.press("Escape")
    expect(options).to_be_hidden()
    page.keyboard.type("b")
    options.click()
    expect(field).to_have_value("@Bo Lind ")


def test_without_javascript_the_name_is_typed(
    open_page: Open, alice: Person, bob: Person, send: Send
) -> None:
    """A name of nobody comes back in its field, with the sentence."""
    named(bob, "Bo Lind")
    case: Case = opened(alice, send)
    watched = open_page(user=alice.user, java_script_enabled=False)
    watched.excuse("422")
    page = watched.goto(reverse("review:case", args=[case.pk]))
    page.get_by_label("New note").fill("@Bob look")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#note-error")).to_contain_text(
        "Nobody who can see this case is called Bob"
    )
    expect(page.get_by_label("New note")).to_have_value("@Bob look")
    page.get_by_label("New note").fill("@bo look")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#notes li").first).to_contain_text("@bo look")
    assert CaseNote.objects.get().mentions.get().person == bob.user
