"""The evidence video in a real browser with a real worker: requested, watched, downloaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from media_analysis.reports.film import drawing
from media_analysis.reports.models import EvidenceFilm
from tests.browser.screenshots import FOLDER
from tests.browser.watched import Watched
from tests.browser.working import a_worker
from tests.people import Person
from tests.previews.conftest import filmed as filmed
from tests.previews.conftest import prepared
from tests.reports.test_films import BOX, at, decoded, like, top_of_picture, with_face

Open = Callable[..., Watched]


def shoot(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=FOLDER / f"{name}-{scheme}-{width}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.timeout(240)
def test_a_worker_makes_the_video_while_the_page_shows_the_progress(
    open_page: Open, alice: Person, filmed: Callable[..., object], own_home: Path, tmp_path: Path
) -> None:
    """From the case by a link, by one button, without a reload; what is downloaded shows the
    box."""
    case = with_face(alice, filmed)  # type: ignore[arg-type]
    prepared(case.submission)
    watched = open_page(user=alice.user)
    page = watched.goto(reverse("review:case", args=[case.pk]))
    page.get_by_role("link", name="Reports and video").click()
    panel = page.locator("#evidence-film")
    expect(panel).to_contain_text("No evidence video was made yet")
    shoot(page, "evidence-video-none")
    panel.get_by_role("button", name="Make the evidence video").click()
    expect(panel.get_by_role("progressbar", name="Evidence video")).to_be_in_viewport()
    expect(panel).to_contain_text("waiting for a worker")
    shoot(page, "evidence-video-waiting")
    assert watched.axe_in_both_colours() == []
    page.evaluate("() => { document.body.dataset.loaded = 'once' }")
    with a_worker(own_home):
        expect(panel.get_by_role("link", name="Download the video")).to_be_visible(timeout=120_000)
    assert page.locator("body").get_attribute("data-loaded") == "once"
    expect(panel).to_contain_text(EvidenceFilm.objects.get().film_id or "-")
    shoot(page, "evidence-video-ready")
    assert watched.axe_in_both_colours() == []
    with page.expect_download() as download:
        panel.get_by_role("link", name="Download the video").click()
    assert download.value.suggested_filename == f"evidence-{case.pk}.webm"
    download.value.save_as(tmp_path / "video.webm")
    early = at(decoded((tmp_path / "video.webm").read_bytes()), 0.2)
    left, top = round(2 * BOX[0]), top_of_picture() + round(2 * BOX[1])
    assert like(early[top + 40 : top + 140, left - 1 : left + 2], drawing.TRACKS[1])
    assert watched.unexcused() == []
