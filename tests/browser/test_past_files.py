"""A queue rule is tried on past files before it is saved, and an original is downloaded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from media_analysis.review.services import rules
from ml.engine.contract import Kind
from tests.browser.test_double_review import shoot
from tests.browser.watched import Watched
from tests.people import Person, Send, picture
from tests.previews.conftest import analysed

Open = Callable[..., Watched]


@pytest.mark.timeout(200)
def test_a_rule_is_tried_and_an_original_is_downloaded(
    open_page: Open, alice: Person, lead: Person, send: Send
) -> None:
    """The page tells how many and which, with the choice still in the form; then it is saved. From
    the result the original is saved to the disk, byte by byte."""
    rules.route(lead.actor, lead.team, ["manipulation_found"])
    sent = [analysed(send(alice, shade), Kind.IMAGE, width=64, height=48) for shade in (1, 2)]
    watched = open_page(user=lead.user)
    page = watched.goto(reverse("teams:rules", args=[lead.team.pk]))
    page.get_by_label("Inconclusive", exact=False).check()
    page.get_by_role("button", name="Try on past files").click()
    tried = page.locator("#tried")
    expect(tried).to_contain_text("the current rules send 0 to review, and these rules 2")
    expect(tried.get_by_role("link", name="photo.png")).to_have_count(2)
    expect(page.get_by_label("Inconclusive", exact=False)).to_be_checked()
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    shoot(watched, "tried")
    assert rules.wanted(lead.team) == {"manipulation_found"}
    page.get_by_role("button", name="Save rules").click()
    expect(page.locator(".messages")).to_contain_text("applies from the next verdict")
    assert rules.wanted(lead.team) == {"manipulation_found", "inconclusive"}

    page = watched.goto(reverse("submissions:detail", args=[sent[0].pk]))
    with page.expect_download() as arriving:
        page.get_by_role("link", name="Download the original").click()
    assert arriving.value.path().read_bytes() == picture(1)
    watched.excuse("ERR_ABORTED")
