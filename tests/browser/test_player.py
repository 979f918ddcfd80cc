"""The player in a real browser: it appears, plays, is unveiled and unmuted by keys, and jumps."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from media_analysis.previews import ranges
from media_analysis.review.models import Case
from media_analysis.review.services import cases
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from ml.engine.contract import Finding, Kind, Segment, Status
from tests.browser.screenshots import FOLDER
from tests.browser.watched import Watched
from tests.people import Person
from tests.previews import claps
from tests.previews.conftest import analysed, prepared

Open = Callable[..., Watched]
CLAP = 2.0
BRIGHTNESS = """async seconds => {
  const film = document.getElementById('player');
  // 'seeked' comes before the frame is painted; on a busy machine the old one is still there.
  await new Promise(done => {
    const look = (_, frame) => Math.abs(frame.mediaTime - seconds) < 0.03
      ? done() : film.requestVideoFrameCallback(look);
    film.requestVideoFrameCallback(look);
    film.currentTime = seconds;
  });
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 8;
  const pen = canvas.getContext('2d');
  pen.drawImage(film, 0, 0, 8, 8);
  return pen.getImageData(7, 7, 1, 1).data[0];
}"""
FINDING = Finding(
    "lip_sync", "1", Status.RAN, "The sound was held against the lips.",
    segments=(Segment(1.0, 2.5, 0.7, "does not fit"),),
)  # fmt: skip


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "clap.mkv"
    path.write_bytes(claps.film([n / 25 for n in range(100)], CLAP).getvalue())
    return path


def sent_in(page: Page, film: Path) -> Submission:
    page.locator('input[type="file"]').set_input_files(film)
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("link", name=film.name).click()
    expect(page.locator("#work")).to_contain_text("waiting for a worker")
    return Submission.objects.get()


def looked_at(submission: Submission) -> Submission:
    return analysed(
        submission, findings=(FINDING,), duration=4.0, width=320, height=180, fps=25.0,
        has_audio=True,
    )  # fmt: skip


def player(page: Page, what: str) -> Any:
    return page.evaluate(f"() => document.getElementById('player').{what}")


def until(page: Page, true: str) -> None:
    """Playwright's own waiting evaluates text in the page, which our policy refuses."""
    deadline = time.monotonic() + 20
    while not player(page, true):
        assert time.monotonic() < deadline, true
        page.wait_for_timeout(50)


def veiled(page: Page) -> bool:
    return "blur" in page.locator("#player").evaluate("e => getComputedStyle(e).filter")


def test_from_upload_to_playing_by_keys(open_page: Open, alice: Person, film: Path) -> None:
    """Sent in, it is prepared and appears by itself; blurred and mute until keys say otherwise."""
    watched = open_page(user=alice.user)
    page = watched.goto(reverse("submissions:submit"))
    submission = sent_in(page, film)
    page.evaluate("() => { document.body.dataset.loaded = 'once' }")
    looked_at(submission)
    expect(page.locator("#film")).to_contain_text("is being prepared")
    assert page.locator("[data-seek]").count() == 0
    assert watched.axe() == []
    prepared(submission)
    expect(page.locator("#player")).to_be_visible(timeout=15_000)
    expect(page.locator("#live")).to_have_text("The video is ready to play.")
    until(page, "readyState >= 1")
    assert player(page, "duration") == pytest.approx(4.0, abs=0.1)
    assert veiled(page) and player(page, "muted") and player(page, "paused")

    play = page.locator("[data-play]")
    play.focus()
    page.keyboard.press("Enter")
    until(page, "currentTime > 0.2")
    expect(play).to_have_text("Pause")
    page.keyboard.press("Enter")
    expect(play).to_have_text("Play")
    page.get_by_label("Position in the video").focus()
    page.keyboard.press("Home")
    assert player(page, "currentTime") == 0 and veiled(page)

    page.get_by_label("Show the video without blur").focus()
    page.keyboard.press("Space")
    expect(page.locator("#player")).to_have_css("filter", "none")
    assert player(page, "muted"), "to see is not to hear"
    page.get_by_label("With sound").focus()
    page.keyboard.press("Space")
    assert not player(page, "muted") and not veiled(page)

    page.locator("#player").focus()
    page.keyboard.press("Space")
    until(page, "currentTime > 0.3")
    page.keyboard.press(".")
    assert player(page, "paused")
    before = player(page, "currentTime")
    for key, way in ((".", 1), (",", -1)):
        page.keyboard.press(key)
        moved = player(page, "currentTime") - before
        assert moved == pytest.approx(way / 25 if way > 0 else 0.0, abs=0.002)

    page.get_by_text("The timeline as a table").first.click()
    row = page.get_by_role("button", name="Show the moment at 0:01.0")
    row.click()
    assert player(page, "currentTime") == pytest.approx(1.0, abs=0.01)
    assert page.locator(".playhead").first.get_attribute("visibility") == "visible"
    assert page.locator("body").get_attribute("data-loaded") == "once"
    assert page.locator("[hx-get]").count() == 0, "nothing is polled any more"
    assert watched.axe() == []


def test_the_flash_is_where_the_finding_says(open_page: Open, alice: Person, film: Path) -> None:
    """Frame by frame in the browser: white at its moment and dark a frame before and after; asked
    for in small pieces, and reached from an address with a moment."""
    kept = ranges.parse.__defaults__
    ranges.parse.__defaults__ = (4096,)
    try:
        page = open_page(user=alice.user).goto(reverse("submissions:submit"))
        submission = sent_in(page, film)
        looked_at(submission)
        prepared(submission)
        page = open_page(user=alice.user).goto(f"/s/{submission.pk}/#t=1.5")
        until(page, "currentTime === 1.5")
        white = {n: page.evaluate(BRIGHTNESS, CLAP + (n + 0.5) / 25) for n in (-1, 0, 1)}
        assert white[0] > 200 and white[-1] < 80 and white[1] < 80, white
        page.evaluate("document.getElementById('player').currentTime = 3.5")
        page.evaluate("document.getElementById('player').play()")
        until(page, "ended")
    finally:
        ranges.parse.__defaults__ = kept


def test_on_a_case_and_without_script(open_page: Open, alice: Person, film: Path) -> None:
    """The same player on the case; without script the browser's own controls play it, veiled."""
    page = open_page(user=alice.user).goto(reverse("submissions:submit"))
    submission = sent_in(page, film)
    looked_at(submission)
    prepared(submission)
    submission.refresh_from_db()
    case = Case.objects.get(submission=submission)
    cases.claim(alice.actor, case.pk)
    for how in ({}, {"java_script_enabled": False}, {"width": 360, "scheme": "dark"}):
        watched = open_page(user=alice.user, **how)
        page = watched.goto(reverse("review:case", args=[case.pk]))
        expect(page.locator("#player")).to_be_visible()
        assert page.locator("#player").get_attribute("controls") is not None
        if how.get("java_script_enabled", True):
            assert veiled(page)
            assert watched.axe() == [] and watched.overflow() == []
        FOLDER.mkdir(parents=True, exist_ok=True)
        page.locator("#film").screenshot(path=FOLDER / f"player-{len(how)}.png")


def test_a_sound_is_played_too(open_page: Open, alice: Person, tmp_path: Path) -> None:
    """Without pictures: no veil and nothing to unmute, for nothing sounds before it is started;
    with keys, and a frame step does no harm."""
    path = tmp_path / "tone.wav"
    path.write_bytes(samples.tone())
    watched = open_page(user=alice.user)
    page = watched.goto(reverse("submissions:submit"))
    submission = sent_in(page, path)
    analysed(submission, Kind.AUDIO, duration=4.0)
    prepared(submission)
    expect(page.locator("audio#player")).to_be_visible(timeout=15_000)
    assert page.locator("#film [type=checkbox]").count() == 0
    until(page, "readyState >= 1")
    assert player(page, "duration") == pytest.approx(4.0, abs=0.05) and player(page, "paused")
    page.locator("#player").focus()
    page.keyboard.press("Space")
    until(page, "currentTime > 0.2")
    page.keyboard.press(".")
    assert player(page, "paused")
    assert watched.axe() == []
