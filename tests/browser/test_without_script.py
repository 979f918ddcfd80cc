"""JavaScript switched off in the browser: the whole mission works by forms and links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from jobs.runner import execute
from jobs.services import claim_one
from media_analysis.review.models import Decision
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services.samples import drawn_with_prompt
from ml.models import Analysis
from tests.browser.watched import Watched
from tests.people import Person, Send
from tests.review.test_services import expire, opened

Open = Callable[..., Watched]
PASSWORD = "correct horse battery staple 8"


@pytest.mark.main_path
@pytest.mark.timeout(200)
def test_sign_in_upload_result_history_queue_claim_decide(
    open_page: Open, alice: Person, send: Send, tmp_path: Path
) -> None:
    """From the sign-in form to the decision on record."""
    alice.user.set_password(PASSWORD)
    alice.user.save()
    verify(alice)
    file = tmp_path / "hills.png"
    file.write_bytes(drawn_with_prompt())
    page = open_page(java_script_enabled=False).goto("/submit/")
    page.get_by_label("Email").fill(alice.user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Submit media")
    page.get_by_label("Files").set_input_files(file)
    page.get_by_label("Note").fill("seen on a forum")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("hills.png")
    expect(page.locator(".messages")).to_contain_text("was received and is being analysed")

    claim = claim_one(Analysis, Submission.objects.get().analysis_id, worker="test")
    assert claim is not None
    execute(claim)
    page.get_by_role("link", name="Reload to see the progress").click()
    expect(page.locator("#work .verdict")).to_be_visible()

    bar = page.get_by_role("navigation", name="Main")
    bar.get_by_role("link", name="History").click()
    page.get_by_label("Search").fill("hills")
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_role("main").get_by_role("link", name="hills.png")).to_be_visible()

    opened(alice, send)  # a second case, so that there is a next one
    bar.get_by_role("link", name="Review").click()
    page.get_by_role("link", name="hills.png").click()
    page.get_by_role("button", name="Claim this case").click()
    page.get_by_role("button", name="Decide", exact=True).click()  # the browser asks for the rest
    page.get_by_label("Manipulated", exact=True).check()
    page.get_by_label("Reason", exact=True).fill("the prompt is in the file")
    page.get_by_role("button", name="Decide and claim next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("photo.png")
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_role("main")).to_contain_text("1 case is waiting")
    assert Decision.objects.get().reason == "the prompt is in the file"


def test_a_stale_holders_words_are_kept(
    open_page: Open, alice: Person, bob: Person, send: Send
) -> None:
    """Without a script nothing warns her in time, and still nothing is lost."""
    case = opened(alice, send)
    page = open_page(user=alice.user, java_script_enabled=False).goto("/review/")
    page.get_by_role("button", name="Claim the next case").click()
    page.get_by_label("Manipulated", exact=True).check()
    page.get_by_label("Reason", exact=True).fill("a long thought")
    expire(case)
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("kept as a draft, not as a decision")
    expect(page.get_by_role("main")).to_contain_text("a long thought")
    assert not Decision.objects.exists()


def verify(person: Person) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.update_or_create(
        user=person.user, email=person.user.email, defaults={"verified": True, "primary": True}
    )
