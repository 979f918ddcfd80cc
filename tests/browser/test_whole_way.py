"""From a file on somebody's disk to a decision on record, in one go, with a real worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from media_analysis.review.models import Case, Decision
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from tests.browser.watched import Watched
from tests.browser.working import a_worker
from tests.people import Person

Open = Callable[..., Watched]
NAMES = ("landscape_with_prompt.png", "tone.wav")
VERDICT_WITHIN = 90_000


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files that the engine cannot simply wave through."""
    folder = tmp_path / "desk"
    folder.mkdir()
    wanted = {s.filename: s.content for s in samples.all_samples() if s.filename in NAMES}
    for name, content in wanted.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in NAMES]


def result_of(page: Page, name: str, row: Any) -> None:
    expect(row.get_by_role("status")).to_have_text("Received")
    row.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


@pytest.mark.timeout(240)
def test_upload_progress_result_queue_claim_decide_next(
    open_page: Open, alice: Person, files: list[Path], own_home: Path
) -> None:
    """Both files arrive, their pages show the work and then the verdict without a reload, both
    wait in the queue, and she decides one after the other."""
    page = open_page(user=alice.user).goto("/submit/")
    page.get_by_label("Files").set_input_files(files)
    page.get_by_label("Policy context").fill("Election policy")
    page.get_by_role("button", name="Submit").click()
    rows = page.locator("[data-upload-list] > tr")
    expect(rows).to_have_count(2)
    first = rows.filter(has_text=NAMES[0])
    result_of(page, NAMES[0], first)

    bar = page.get_by_role("navigation", name="Main")
    expect(page.locator("#work")).to_contain_text("waiting for a worker")
    # A mark in the page's memory: a reload would lose it, and what follows must need none.
    page.evaluate("() => { document.body.dataset.loaded = 'once' }")
    with a_worker(own_home):
        expect(page.locator("#work .verdict")).to_be_visible(timeout=VERDICT_WITHIN)
        assert page.locator("body").get_attribute("data-loaded") == "once"
        bar.get_by_role("link", name="History").click()
        page.get_by_role("main").get_by_role("link", name=NAMES[1]).click()
        expect(page.locator("#work .verdict")).to_be_visible(timeout=VERDICT_WITHIN)
    assert Case.objects.count() == 2

    bar.get_by_role("link", name="Review").click()
    expect(page.get_by_role("main")).to_contain_text("2 cases are waiting")
    page.get_by_role("button", name="Claim the next case").click()
    for number, name in enumerate(order_of_arrival(), start=1):
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_role("main")).to_contain_text("Assigned to you until")
        page.get_by_label("Reason", exact=True).fill(f"as seen in number {number}")
        page.get_by_role("group", name="What do you see?").get_by_role("radio").first.check()
        page.get_by_role("button", name="Decide and claim next").click()
        expect(page.get_by_role("main")).to_contain_text("Decided.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review queue")
    expect(page.get_by_role("main")).to_contain_text("No case is waiting")
    assert sorted(Decision.objects.values_list("reason", flat=True)) == [
        "as seen in number 1",
        "as seen in number 2",
    ]
    assert set(Submission.objects.values_list("policy_context", flat=True)) == {"Election policy"}


def order_of_arrival() -> list[str]:
    """The names of the cases, oldest first, as the queue hands them out."""
    cases = Case.objects.order_by("opened_at", "id")
    return list(cases.values_list("submission__filename", flat=True))
