"""The bench: the decision needs no scrolling, and picture and timeline are one instrument."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from media_analysis.review.models import Case, Policy, RoutingRule
from media_analysis.review.services import cases
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from media_analysis.submissions.services.intake import submit
from tests.browser.screenshots import FOLDER
from tests.browser.walked import _analysed as really_analysed
from tests.browser.walked import a_film_of_three_shots
from tests.browser.watched import Watched
from tests.media.films import Shot, _picture
from tests.people import Person
from tests.previews.conftest import prepared

Open = Callable[..., Watched]
NEEDED = ("#stage", "#work .verdict", "#work .lines", ".dock", "#decision [name=next]")


def a_photo(person: Person, folder: Path) -> Submission:
    out = BytesIO()
    _picture(Shot(1, 1, False)).save(out, "JPEG", quality=90)
    return _sent(person, out.getvalue(), "portrait.jpg")


def a_clip(person: Person, folder: Path) -> Submission:
    return a_film_of_three_shots(person, folder)


def a_sound(person: Person, folder: Path) -> Submission:
    return _sent(person, samples.tone(), "tone.wav")


def _sent(person: Person, content: bytes, name: str) -> Submission:
    sent = submit(person.actor, person.team, BytesIO(content), name).submission
    return really_analysed(sent)


def held(person: Person, sent: Submission) -> Case:
    if sent.blob.media_type.split("/")[0] in ("video", "audio"):
        prepared(sent)
    case = Case.objects.get(submission=sent)
    cases.claim(person.actor, case.pk)
    return case


@pytest.fixture
def team_that_looks(alice: Person) -> Person:
    """Every outcome opens a case, and there is a policy to choose."""
    RoutingRule.objects.update_or_create(team=alice.team, defaults={"no_manipulation_found": True})
    Policy.objects.create(team=alice.team, name="Elections", text="No altered faces.")
    return alice


def out_of_view(page: Page) -> list[str]:
    """Of what a decision needs: what does not lie whole within the window, unscrolled.

    The text of a page can be read before its style sheets have arrived, its layout cannot.
    """
    page.wait_for_load_state()
    found: list[str] = page.evaluate(
        """wanted => wanted.filter(one => {
          const box = document.querySelector(one)?.getBoundingClientRect();
          return !box || box.top < 0 || box.left < 0
            || box.bottom > innerHeight + 1 || box.right > innerWidth + 1 || box.height < 10;
        })""",
        list(NEEDED),
    )
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("make", [a_photo, a_clip, a_sound])
def test_the_decision_needs_no_scrolling(
    open_page: Open, team_that_looks: Person, tmp_path: Path, make: Callable[..., Submission]
) -> None:
    """At 1440 x 900: media, timeline, verdict, findings and the decision with its button."""
    case = held(team_that_looks, make(team_that_looks, tmp_path))
    watched = open_page(user=team_that_looks.user, width=1440, height=900)
    watched.page.set_default_navigation_timeout(120_000)
    page = watched.goto(reverse("review:case", args=[case.pk]))
    assert out_of_view(page) == []
    assert page.evaluate("scrollY") == 0
    sizes: Any = page.evaluate(
        "() => ['#stage', '.bench-side'].map(e => document.querySelector(e).clientWidth)"
    )
    assert 1.2 <= sizes[0] / sizes[1] <= 1.8
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    shoot(watched, make.__name__)


def shoot(watched: Watched, name: str) -> None:
    """For people to look at, at four widths and in both colours."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    page = watched.page
    for width, height in ((1280, 800), (1440, 900), (1920, 1080), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=FOLDER / f"bench-{name}-{width}-{scheme}.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.timeout(300)
def test_picture_and_timeline_are_one_instrument(
    open_page: Open, team_that_looks: Person, tmp_path: Path
) -> None:
    """A press in a lane moves the film; the box of the face then in view lies on the picture, and
    goes when its switch says so; a frame forward; half speed; zoom; a loop."""
    case = held(team_that_looks, a_clip(team_that_looks, tmp_path))
    watched = open_page(user=team_that_looks.user, width=1440, height=900)
    page = watched.goto(reverse("review:case", args=[case.pk]))
    film = page.locator("#player")
    expect(page.locator("[data-step]").first).to_be_visible()
    seconds = "() => document.getElementById('player').currentTime"
    lane = page.locator(".lane--presence").first
    box = lane.bounding_box()
    assert box is not None
    lane.click(position={"x": box["width"] * 0.7, "y": 5})
    assert page.evaluate(seconds) == pytest.approx(0.7 * 17, abs=0.4)
    boxes = page.locator(".overlay .boxes rect")
    expect(boxes.first).to_be_visible()
    page.get_by_label("Boxes").uncheck()
    expect(boxes.first).to_be_hidden()
    page.get_by_label("Boxes").check()
    before = page.evaluate(seconds)
    page.get_by_role("button", name="One frame forward").click()
    assert page.evaluate(seconds) - before == pytest.approx(0.04, abs=0.01)
    page.get_by_label("Speed").select_option("0.5")
    assert film.evaluate("e => e.playbackRate") == 0.5
    page.get_by_role("button", name="Zoom in").click()
    assert "scale(1.5)" in page.locator("[data-layer]").evaluate("e => e.style.transform")
    page.get_by_role("button", name="Fit").click()
    assert page.locator("[data-layer]").evaluate("e => e.style.transform") == ""
    loop = page.locator("[data-loop]")
    loop.click()
    start = page.evaluate(seconds)
    page.evaluate("() => { document.getElementById('player').currentTime += 0.4 }")
    page.get_by_label("Speed").select_option("2")
    loop.click()
    page.wait_for_timeout(1500)
    assert start - 0.1 <= page.evaluate(seconds) <= start + 0.9
    expect(loop).to_have_text("Stop the loop")
    lane.click(position={"x": 3, "y": 5})
    expect(boxes).to_have_count(0)
    assert page.evaluate("scrollY") == 0


@pytest.mark.timeout(300)
def test_a_picture_is_zoomed_by_two_fingers_and_moved_by_the_mouse(
    open_page: Open, team_that_looks: Person, tmp_path: Path
) -> None:
    """The picture and not the page; the browser does not take the picture along as a file."""
    case = held(team_that_looks, a_photo(team_that_looks, tmp_path))
    watched = open_page(user=team_that_looks.user, width=1440, height=900, has_touch=True)
    page = watched.goto(reverse("review:case", args=[case.pk]))
    page.locator("#picture").get_by_label("Show without blur").check()
    box = page.locator("[data-screen]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers(page, y, [(x - apart, x + apart) for apart in range(40, 121, 10)])
    assert placed(page)[0] == pytest.approx(3, rel=0.1)
    assert page.evaluate("visualViewport.scale") == 1
    before = placed(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 7):
        page.mouse.move(x - 10 * step, y - 5 * step)
    page.mouse.up()
    moved = [now - was for now, was in zip(placed(page), before, strict=True)]
    assert moved == pytest.approx([0, -60, -30], abs=2)


def fingers(page: Page, y: float, steps: list[tuple[float, float]]) -> None:
    """Two of them, at one height."""
    devices = page.context.new_cdp_session(page)
    for number, both in enumerate(steps):
        points = [{"x": x, "y": y, "id": one} for one, x in enumerate(both)]
        kind = "touchMove" if number else "touchStart"
        devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    devices.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def placed(page: Page) -> tuple[float, float, float]:
    """How far the picture is zoomed, and where its corner lies."""
    layer = page.locator("[data-layer]")
    matrix: Any = layer.evaluate(
        "e => { const m = new DOMMatrix(getComputedStyle(e).transform); return [m.a, m.e, m.f]; }"
    )
    return matrix[0], matrix[1], matrix[2]
