"""The decision form stays in view, however much evidence there is to scroll through."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from jobs.runner import execute
from jobs.services import claim_one
from media_analysis.review.services import cases
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis
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


@pytest.mark.parametrize("is_rejected", [False, True])
def test_a_page_without_media_leaves_no_gap(
    open_page: Open, alice: Person, is_rejected: bool
) -> None:
    """While the file waits, and when nothing in it could be decoded: what is known of it begins
    next to the verdict, not below an empty window."""
    broken = BytesIO(b"\0\0\0\x18ftypisom" + bytes(range(256)) * 8)
    sent = submit(alice.actor, alice.team, broken, "broken.mp4").submission
    if is_rejected:
        claim = claim_one(Analysis, sent.analysis.pk, worker="browser-test")
        assert claim is not None
        execute(claim)
    page = open_page(user=alice.user).goto(reverse("submissions:detail", args=[sent.pk]))
    expect(page.get_by_text("Rejected").first).to_be_visible(visible=is_rejected)
    box = page.locator(".bench-rest > * >> visible=true").first.bounding_box()
    assert box is not None and box["y"] < 300
