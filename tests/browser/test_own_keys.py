"""A person chooses keys, sees them where they act, and works with them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from media_analysis.care.services import own_keys
from media_analysis.review.models import Decision
from tests.browser.watched import Watched
from tests.people import Person, Send
from tests.review.test_services import opened

Open = Callable[..., Watched]


def test_a_person_decides_with_own_keys(open_page: Open, alice: Person, send: Send) -> None:
    """The list of keys leads to them; the old ones then do nothing."""
    first, second = opened(alice, send, 1), opened(alice, send, 2)
    watched = open_page(user=alice.user)
    watched.excuse("status of 422")  # two actions with one key
    page = watched.goto(reverse("review:queue"))
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet.get_by_role("row", name="Decide and claim the next case")).to_contain_text("s")
    expect(sheet.get_by_role("row", name="Choose what you see")).to_contain_text("1 2 3")
    sheet.get_by_role("link", name="Choose your own").click()
    page.get_by_label("Decide and claim the next case").fill("w")
    page.get_by_label("Claim the next case", exact=True).fill("w")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Two actions have this key")).to_have_count(2)
    page.get_by_label("Claim the next case", exact=True).fill("e")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messages")).to_contain_text("Your keys were saved.")

    page.goto(page.url.split("/care")[0] + reverse("review:queue"))
    expect(page.get_by_role("button", name="Claim the next case").locator("kbd")).to_have_text("e")
    page.keyboard.press("n")
    page.keyboard.press("e")
    page.wait_for_url(f"**{reverse('review:case', args=[first.pk])}")
    page.keyboard.press("1")
    page.get_by_label("Reason", exact=True).fill("the seam")
    page.locator("h1").click()
    page.keyboard.press("s")
    page.keyboard.press("w")
    page.wait_for_url(f"**{reverse('review:case', args=[second.pk])}")
    assert Decision.objects.get().reason == "the seam"
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.timeout(200)
def test_keys_are_chosen_and_reset_without_javascript(open_page: Open, alice: Person) -> None:
    page = open_page(user=alice.user, java_script_enabled=False).goto(reverse("care:keys"))
    page.get_by_label("Release the case").fill("q")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Release the case")).to_have_value("q")
    assert own_keys.of(alice.user.pk)["release"] == "q"
    page.get_by_role("button", name="Restore the default keys").click()
    expect(page.get_by_label("Release the case")).to_have_value("r")
