"""The result page updates completely when the analysis ends, without moving the reader's
position."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from playwright.sync_api import Page, expect

from jobs.runner import execute
from jobs.services import claim_one
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis
from tests.browser.watched import Watched
from tests.people import Person

Open = Callable[..., Watched]


@pytest.fixture
def waiting(alice: Person) -> Submission:
    content = BytesIO(samples.drawn_with_prompt())
    return submit(alice.actor, alice.team, content, "hills.png", note="seen on a forum").submission


def analyse(submission: Submission) -> None:
    claim = claim_one(Analysis, submission.analysis_id, worker="test")
    assert claim is not None
    execute(claim)


def opened(open_page: Open, alice: Person, waiting: Submission, **how: int) -> Page:
    page = open_page(user=alice.user, **how).goto(f"/s/{waiting.pk}/")
    expect(page.locator("#work")).to_contain_text("waiting for a worker")
    # A mark in the page's memory: a reload would lose it, and what follows must need none.
    page.evaluate("() => { document.body.dataset.loaded = 'once' }")
    return page


def test_everything_is_renewed_without_a_reload(
    open_page: Open, alice: Person, waiting: Submission
) -> None:
    """Verdict, checks, facts, custody and what can be done now; and it is said aloud."""
    page = opened(open_page, alice, waiting)
    expect(page.get_by_role("button", name="Cancel analysis")).to_be_visible()
    expect(page.locator("#media")).to_contain_text("not run yet")
    page.get_by_role("button", name="Cancel analysis").focus()
    analyse(waiting)
    expect(page.locator("#work .verdict")).to_be_visible()
    expect(page.locator("#work")).to_contain_text("Provenance")
    expect(page.locator("#media")).not_to_contain_text("not run yet")
    expect(page.locator("#media")).to_contain_text("seen on a forum")
    expect(page.locator("#custody")).to_contain_text("its verdict was recorded")
    expect(page.get_by_role("button", name="Analyse again")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel analysis")).to_have_count(0)
    expect(page.locator("#live")).to_have_text("The analysis has ended: Declared generated.")
    # The button that had the focus is gone: the verdict has it now.
    expect(page.locator("#verdict-heading")).to_be_focused()
    assert page.locator("body").get_attribute("data-loaded") == "once"
    assert page.locator("[hx-get]").count() == 0, "nothing is polled any more"


def test_focus_and_reading_position_stay(
    open_page: Open, alice: Person, waiting: Submission
) -> None:
    """On a telephone somebody reads the record far below: it stays under their eyes, and the
    button under their fingers, while the verdict grows above."""
    page = opened(open_page, alice, waiting, width=390, height=500)
    copy = page.locator("#custody").get_by_role("button", name="SHA-256 of the media")
    copy.focus()
    page.locator("#custody h2").evaluate("e => e.scrollIntoView({block: 'start'})")
    before = place(page)
    assert page.evaluate("scrollY") > 0
    analyse(waiting)
    expect(page.locator("#work .verdict")).to_be_attached()
    expect(page.locator("#live")).to_contain_text("The analysis has ended")
    assert abs(place(page) - before) <= 2
    expect(copy).to_be_focused()


def test_what_has_not_changed_is_not_touched(
    open_page: Open, alice: Person, waiting: Submission
) -> None:
    """Polling goes on, and the page keeps the very same elements until something is new."""
    page = opened(open_page, alice, waiting)
    with page.expect_response("**/progress/"):
        pass
    page.wait_for_timeout(100)
    page.evaluate("() => { document.getElementById('work').dataset.mine = 'yes' }")
    with page.expect_response("**/progress/"):
        pass
    page.wait_for_timeout(100)
    assert page.locator("#work").get_attribute("data-mine") == "yes"
    analyse(waiting)
    expect(page.locator("#work .verdict")).to_be_visible()


def place(page: Page) -> float:
    top: float = page.locator("#custody h2").evaluate("e => e.getBoundingClientRect().top")
    return top
