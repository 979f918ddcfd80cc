"""Aids to look with: a magnifier shows the place it lies on, two frames stand side by side."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from media_analysis.review.models import Case
from media_analysis.review.services import cases
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services.intake import submit
from ml.engine.contract import Kind
from ml.engine.media import aids
from ml.models import Thumbnail
from tests.browser.screenshots import FOLDER
from tests.browser.watched import Watched
from tests.people import Person
from tests.previews import claps
from tests.previews.conftest import analysed, prepared

Open = Callable[..., Watched]
CLAP = 2.0
SIDE = 240
PIXEL = """(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(
  Math.floor(x * (canvas.width - 1)), Math.floor(y * (canvas.height - 1)), 1, 1
).data].slice(0, 3)"""
READ_BACK = "willReadFrequently"
"""What the browser says of our reading single pixels; the page itself never does."""


def ramp() -> bytes:
    """Red tells how far right a pixel is, green how far down."""
    at = np.arange(SIDE, dtype=np.uint8)
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[..., 0], picture[..., 1] = at[None, :], at[:, None]
    out = BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def case_of(person: Person, sent: Submission) -> str:
    case = Case.objects.get(submission=sent)
    cases.claim(person.actor, case.pk)
    return reverse("review:case", args=[case.pk])


def a_still(person: Person) -> str:
    """Its picture is kept as those of earlier versions are: WebP would shift the colours, which
    tell here where a pixel lies."""
    png = ramp()
    sent = submit(person.actor, person.team, BytesIO(png), "ramp.png").submission
    analysed(sent, Kind.IMAGE, width=SIDE, height=SIDE)
    Thumbnail.objects.create(analysis=sent.analysis, name="frame", png=png)
    return case_of(person, sent)


def a_film(person: Person) -> str:
    content = claps.film([n / 25 for n in range(100)], CLAP).getvalue()
    sent = submit(person.actor, person.team, BytesIO(content), "clap.mkv").submission
    analysed(sent, duration=4.0, width=320, height=180, fps=25.0)
    prepared(sent)
    return case_of(person, sent)


def pixel(canvas: Locator, x: float = 0.5, y: float = 0.5) -> list[int]:
    found: list[int] = canvas.evaluate(PIXEL, [x, y])
    return found


def shoot(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png")


def shows(canvas: Locator, right: float, down: float) -> None:
    """A place of the ramp, to within two of its pixels."""
    red, green, blue = pixel(canvas)
    assert (red, green) == pytest.approx((right, down), abs=2), (red, green)
    assert blue == 0


def test_the_magnifier_follows_pointer_and_keys(open_page: Open, alice: Person) -> None:
    """Off until asked for; under the blur nothing of it is seen; then it shows what it lies on, at
    the strength that is set, and ends with Escape."""
    watched = open_page(user=alice.user, width=1440, height=900)
    watched.excuse(READ_BACK)
    page = watched.goto(a_still(alice))
    screen, lens = page.locator("[data-screen]"), page.locator("[data-lens]")
    page.wait_for_load_state("networkidle")
    expect(lens).to_be_hidden()
    screen.focus()
    page.keyboard.press("m")
    assert lens.evaluate("e => getComputedStyle(e).visibility") == "hidden", "it is veiled"
    page.get_by_label("Show without blur").check()
    expect(lens).to_be_visible()
    expect(page.get_by_role("button", name="Magnifier")).to_have_attribute("aria-pressed", "true")

    box: Any = screen.locator("img").bounding_box()
    scale = min(box["width"], box["height"]) / SIDE
    left, top = (box[a] + (box[b] - SIDE * scale) / 2 for a, b in (("x", "width"), ("y", "height")))
    page.mouse.move(left + 100 * scale, top + 60 * scale)
    page.wait_for_timeout(100)
    shows(lens, 100, 60)
    wide = pixel(lens, 1.0)[0] - pixel(lens, 0.0)[0]
    assert wide == pytest.approx(200 / (3 * scale), abs=2)
    shoot(page, "magnifier-still")

    screen.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(100)
    shows(lens, 100 + 60 / scale, 60 + 12 / scale)
    for _ in range(9):
        page.keyboard.press("+")
    page.wait_for_timeout(100)
    assert pixel(lens, 1.0)[0] - pixel(lens, 0.0)[0] == pytest.approx(200 / (8 * scale), abs=2)
    expect(page.get_by_label("Magnification")).to_have_value("8")
    assert page.locator("[data-layer]").evaluate("e => e.style.transform") == "", (
        "no zoom beside it"
    )
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    page.keyboard.press("Escape")
    expect(lens).to_be_hidden()


def test_two_frames_are_compared(open_page: Open, alice: Person) -> None:
    """The white frame is pinned and stays while the player goes to a dark one; both as large; the
    difference is bright where they differ and black where they do not."""
    watched = open_page(user=alice.user, width=1440, height=900)
    watched.excuse(READ_BACK)
    page = watched.goto(a_film(alice))
    page.get_by_label("Show the video without blur").check()
    film = page.locator("#player")
    film.evaluate(
        "e => e.readyState >= 2 || new Promise(done => e.addEventListener('loadeddata', done))"
    )
    film.evaluate(
        # The frame may have been shown before the event: then no callback comes.
        "(e, to) => new Promise(done => { e.onseeked = () => { setTimeout(done, 1000);"
        " e.requestVideoFrameCallback(done); }; e.currentTime = to; })",
        CLAP + 0.02,
    )
    film.focus()
    page.keyboard.press("b")
    pinned, present = page.locator("[data-pinned]"), page.locator("[data-present]")
    expect(pinned).to_be_visible()
    assert min(pixel(pinned)) > 200 and min(pixel(present)) > 200
    for _ in range(10):
        page.keyboard.press(",")
    page.wait_for_timeout(500)
    assert min(pixel(pinned)) > 200 and max(pixel(present)) < 80
    sizes = [one.bounding_box() for one in (pinned, present)]
    assert (
        sizes[0]
        and sizes[1]
        and (sizes[0]["width"], sizes[0]["height"])
        == pytest.approx((sizes[1]["width"], sizes[1]["height"]), abs=1)
    )
    expect(page.locator("[data-compare-panel]")).to_contain_text("a difference proves nothing")
    shoot(page, "compare-beside")
    page.get_by_label("View").select_option("difference")
    expect(pinned).to_be_hidden()
    assert min(pixel(present)) > 200 and max(pixel(present, 0.1, 0.1)) < 60
    shoot(page, "compare-difference")
    page.get_by_role("button", name="Pin this moment").click()
    assert max(pixel(present)) < 10, "a frame does not differ from itself"
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    page.get_by_role("button", name="Close").click()
    expect(present).to_be_hidden()
    page.keyboard.press("m")
    expect(page.locator("[data-lens]")).to_be_visible()
    shoot(page, "magnifier-film")
    page.set_viewport_size({"width": 390, "height": 844})
    page.keyboard.press("b")
    page.get_by_label("View").select_option("beside")
    expect(pinned).to_be_visible()
    expect(page.locator("[data-lens]")).to_be_hidden()
    assert watched.overflow() == []
    shoot(page, "compare-phone")


def test_light_and_other_views_stand_in_the_picture(open_page: Open, alice: Person) -> None:
    """A view takes the picture's place with its guidance and under the same veil; the light lies on
    the layer; 1:1 draws the copy at its own size; axe finds nothing."""
    png = ramp()
    sent = submit(alice.actor, alice.team, BytesIO(png), "ramp.png").submission
    analysed(sent, Kind.IMAGE, width=SIDE, height=SIDE)
    for name, content in {
        "frame": png,
        **aids.pictures(np.asarray(Image.open(BytesIO(png)))),
    }.items():
        Thumbnail.objects.create(analysis=sent.analysis, name=name, png=content)
    watched = open_page(user=alice.user)
    page = watched.goto(case_of(alice, sent))
    picture, says = page.locator("#picture img"), page.locator("[data-aid-says]")
    veiled = picture.evaluate("one => getComputedStyle(one).filter")
    assert "blur" in veiled
    page.get_by_label("View").select_option(label="Error level")
    expect(picture).to_have_attribute("src", re.compile("aid-errors"))
    expect(says).to_contain_text("It proves nothing.")
    assert picture.evaluate("one => getComputedStyle(one).filter") == veiled
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    page.get_by_label("View").select_option(label="The picture")
    expect(picture).to_have_attribute("src", re.compile("/frame"))
    expect(says).to_be_hidden()
    page.get_by_label("Brightness").select_option(label="Inverted")
    expect(page.locator("[data-layer]")).to_have_css("filter", "invert(1)")
    page.get_by_role("button", name="1:1").click()
    wide = picture.evaluate("one => one.getBoundingClientRect().height")
    assert abs(wide - SIDE) < 2
