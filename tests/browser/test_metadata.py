"""The metadata table and the tree of Content Credentials, by keys alone and on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from media_analysis.submissions.models import Submission
from tests.browser.watched import Watched
from tests.people import Person, Send
from tests.submissions.test_metadata import _c2pa, analysed, facts


@pytest.fixture
def sent(alice: Person, send: Send) -> Submission:
    return analysed(send(alice), {**facts("A name " + "x" * 400), "c2pa": _c2pa()})


@pytest.mark.parametrize("width", [1440, 390])
def test_table_and_tree_are_opened_by_keys(
    open_page: Callable[..., Watched], alice: Person, sent: Submission, width: int
) -> None:
    """Typing narrows the rows; each manifest opens with Enter; axe finds nothing, nothing
    overflows."""
    watched = open_page(user=alice.user, width=width)
    page = watched.goto(reverse("submissions:detail", args=[sent.pk]))
    page.locator("#metadata-table > summary").focus()
    page.keyboard.press("Enter")
    rows = page.locator("#metadata-rows tbody tr:visible")
    expect(rows).to_have_count(3)
    search = page.get_by_label("Search the metadata")
    search.fill("gps")
    expect(rows).to_have_count(1)
    search.press("Enter")
    expect(rows).to_have_count(1)
    search.fill("")
    page.locator("#credentials > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#credentials summary", has_text="Made from: before").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Its manifest: made by a test").first).to_be_visible()
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
