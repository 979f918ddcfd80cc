"""From an upload to a recorded decision, in one test with a real worker: in English and in
German."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page, expect

from accounts.models import User
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
    expect(row.get_by_role("status")).to_have_text(gettext("Received"))
    row.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


@pytest.mark.main_path
@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", ["en", "de"])
def test_upload_progress_result_queue_claim_decide_next(
    open_page: Open, alice: Person, files: list[Path], own_home: Path, language: str
) -> None:
    """Both files arrive, their pages show the work and then the verdict without a reload, both
    wait in the queue, and she decides one after the other. All of it in her language."""
    User.objects.filter(pk=alice.user.pk).update(language=language)
    with translation.override(language):
        from_files_to_decisions(open_page(user=alice.user).goto("/submit/"), files, own_home)
    assert Case.objects.count() == 2
    assert sorted(Decision.objects.values_list("reason", flat=True)) == [
        "as seen in number 1",
        "as seen in number 2",
    ]
    assert set(Submission.objects.values_list("policy_context", flat=True)) == {"Election policy"}


def from_files_to_decisions(page: Page, files: list[Path], home: Path) -> None:
    page.get_by_label(gettext("Files")).set_input_files(files)
    page.get_by_label(gettext("Policy context")).fill("Election policy")
    page.get_by_role("button", name=gettext("Submit")).click()
    rows = page.locator("[data-upload-list] > tr")
    expect(rows).to_have_count(2)
    first = rows.filter(has_text=NAMES[0])
    result_of(page, NAMES[0], first)

    bar = page.get_by_role("navigation", name=gettext("Main"))
    expect(page.locator("#work")).to_contain_text(gettext("waiting for a worker"))
    # A mark in the page's memory: a reload would lose it, and what follows must need none.
    page.evaluate("() => { document.body.dataset.loaded = 'once' }")
    with a_worker(home):
        expect(page.locator("#work .verdict")).to_be_visible(timeout=VERDICT_WITHIN)
        assert page.locator("body").get_attribute("data-loaded") == "once"
        bar.get_by_role("link", name=gettext("History")).click()
        page.get_by_role("main").get_by_role("link", name=NAMES[1]).click()
        expect(page.locator("#work .verdict")).to_be_visible(timeout=VERDICT_WITHIN)

    bar.get_by_role("link", name=gettext("Review")).click()
    waiting = translation.ngettext("%(count)s case is waiting.", "%(count)s cases are waiting.", 2)
    expect(page.get_by_role("main")).to_contain_text(waiting % {"count": 2})
    page.get_by_role("button", name=gettext("Claim the next case")).click()
    for number, name in enumerate(order_of_arrival(), start=1):
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        assigned = gettext("Assigned to you until %(when)s") % {"when": ""}
        expect(page.get_by_role("main")).to_contain_text(assigned)
        page.get_by_label(gettext("Reason"), exact=True).fill(f"as seen in number {number}")
        seen = page.get_by_role("group", name=gettext("What do you see?"))
        seen.get_by_role("radio").first.check()
        page.get_by_role("button", name=gettext("Decide and claim next")).click()
        decided = gettext("Decided. You can reopen the case with a reason.")
        expect(page.get_by_role("main")).to_contain_text(decided)
    expect(page.get_by_role("heading", level=1)).to_have_text(gettext("Review queue"))
    expect(page.get_by_role("main")).to_contain_text(gettext("No case is waiting."))


def order_of_arrival() -> list[str]:
    """The names of the cases, oldest first, as the queue hands them out."""
    cases = Case.objects.order_by("opened_at", "id")
    return list(cases.values_list("submission__filename", flat=True))
