"""The decision form stays in view, however much evidence there is to scroll through."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import expect

from media_analysis.review.services import cases
from tests.browser.walked import a_case, walk
from tests.browser.watched import Watched
from tests.people import Person

Open = Callable[..., Watched]


def test_the_form_stays_at_hand(open_page: Open, alice: Person) -> None:
    """Beside the evidence it stays in view; below it, on a phone, one press leads there."""
    case = cases.claim(alice.actor, a_case(walk(alice, "landscape_with_prompt.png")).pk)
    path = reverse("review:case", args=[case.pk])
    page = open_page(user=alice.user).goto(path)
    link = page.get_by_role("link", name="Go to the decision")
    expect(link).to_be_hidden()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate("scrollY") > 400, "the page is too short to show anything"
    expect(page.get_by_role("button", name="Decide", exact=True)).to_be_in_viewport()
    phone = open_page(user=alice.user, width=390).goto(path)
    heading = phone.get_by_role("heading", name="Decide")
    expect(heading).not_to_be_in_viewport()
    phone.get_by_role("link", name="Go to the decision").click()
    expect(heading).to_be_in_viewport()
