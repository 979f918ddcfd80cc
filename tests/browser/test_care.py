"""Care in a real browser: the veil lifts while a key or a press is held, a case is passed on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Role
from media_analysis.care.models import Exposure, Sitting
from media_analysis.care.search import figures
from media_analysis.care.services import exposure
from media_analysis.review.models import Case
from media_analysis.review.services import cases
from tests.browser.screenshots import FOLDER
from tests.browser.test_bench import a_clip, a_photo, held
from tests.browser.watched import Watched
from tests.people import Person, member

Open = Callable[..., Watched]


def blurred(page: Page, what: str = "#picture img") -> bool:
    return "blur" in page.locator(what).evaluate("e => getComputedStyle(e).filter")


def waits(page: Page, is_blurred: bool, what: str = "#picture img") -> None:
    page.wait_for_function(
        """([what, yes]) =>
            getComputedStyle(document.querySelector(what)).filter.includes("blur(14px") === yes""",
        arg=[what, is_blurred],
    )


def shoot(watched: Watched, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page = watched.page
    for width, height in ((1280, 800), (1920, 1080), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=FOLDER / f"care-{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.timeout(300)
def test_the_veil_lifts_while_held_and_a_case_is_passed_on(
    open_page: Open, alice: Person, bob: Person, tmp_path: Path
) -> None:
    """The key v, a press on the picture, the button by keyboard: each lifts it while it lasts, and
    it counts once. Then the case is passed on, and the queue does not show it to her again."""
    case = held(alice, a_photo(alice, tmp_path))
    watched = open_page(user=alice.user, width=1440, height=900)
    page = watched.goto(reverse("review:case", args=[case.pk]))
    waits(page, True)
    with page.expect_request("**/unveiled/"):
        page.keyboard.down("v")
        waits(page, False)
    page.keyboard.up("v")
    waits(page, True)
    middle = page.locator("#picture [data-screen]").bounding_box()
    assert middle is not None
    page.mouse.move(middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2)
    page.mouse.down()
    waits(page, False)
    page.mouse.up()
    waits(page, True)
    page.get_by_role("button", name="Hold to look").focus()
    page.keyboard.down(" ")
    waits(page, False)
    page.keyboard.up(" ")
    waits(page, True)
    page.get_by_label("Reason", exact=True).focus()
    page.keyboard.type("very")
    assert page.get_by_label("Reason", exact=True).input_value() == "very" and blurred(page)
    own = figures.own(alice.user)
    assert (own.today.met, own.today.unveiled) == (1, 1)
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []

    Sitting.objects.update(
        began_at=Now() - timedelta(minutes=75), reminded_from=Now() - timedelta(minutes=75)
    )
    page.reload()
    expect(page.locator("#break")).to_contain_text("75 minutes without a break")
    page.get_by_text("Too distressing?").click()
    shoot(watched, "case")
    page.get_by_label("Reason", exact=True).fill("seen before")
    page.get_by_role("button", name="Take a break").click()
    expect(page.get_by_role("heading", name="Break")).to_be_visible()
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    shoot(watched, "break")
    page.get_by_role("link", name="Continue your case").click()
    expect(page.get_by_label("Reason", exact=True)).to_have_value("seen before")
    expect(page.locator("#break")).to_have_count(0)
    Sitting.objects.update(reminded_from=Now() - timedelta(minutes=75))
    page.reload()
    page.get_by_role("button", name="Remind me later").click()
    expect(page.locator("#break")).to_have_count(0)
    page.get_by_text("Too distressing?").click()
    page.get_by_role("button", name="Pass this case on").click()
    expect(page.locator(".messages")).to_contain_text("You passed the case on")
    expect(page.get_by_role("main")).to_contain_text("No case is waiting")
    assert cases.claim_next(bob.actor) == Case.objects.get()


@pytest.mark.timeout(300)
def test_own_and_team_choices_of_how_media_is_shown(
    open_page: Open, alice: Person, lead: Person, tmp_path: Path
) -> None:
    """A film is shown small and heard at once where Alice says so. Without script her switch
    lifts the veil too. The lead's page shows sums of three people."""
    case = held(alice, a_clip(alice, tmp_path))
    watched = open_page(user=alice.user, width=1440, height=900)
    page = watched.goto(reverse("care:own"))
    page.get_by_label("Video: Small preview").select_option("On")
    page.get_by_label("Video: Mute").select_option("Off")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messages")).to_contain_text("from now on")
    watched.goto(reverse("review:case", args=[case.pk]))
    waits(page, True, "#player")
    assert not page.locator("#player").evaluate("e => e.muted")
    small = page.locator("#player").evaluate("e => e.clientWidth")
    page.keyboard.down("v")
    waits(page, False, "#player")
    assert page.locator("#player").evaluate("e => e.clientWidth") == small
    page.keyboard.up("v")
    page.get_by_label("Show the video without blur").check()
    assert page.locator("#player").evaluate("e => e.clientWidth") > small
    plain = open_page(user=alice.user, java_script_enabled=False)
    page = plain.goto(reverse("submissions:detail", args=[case.submission_id]))
    page.get_by_label("Show the video without blur").check()
    expect(page.locator("#player")).to_have_css("filter", "none")

    for role in (Role.MODERATOR, Role.MODERATOR, Role.VIEWER):
        person = member(alice.team, role)
        exposure.met(person.actor, case.submission_id, alice.team.pk, lambda: True)
    Exposure.objects.update(day=F("day") - timedelta(days=1))
    watched = open_page(user=lead.user, width=1440, height=900)
    page = watched.goto(reverse("teams:care", args=[alice.team.pk]))
    expect(page.get_by_role("main")).to_contain_text("People who were shown media")
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    shoot(watched, "team")
    watched = open_page(user=alice.user)
    watched.goto(reverse("care:own"))
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    shoot(watched, "own")
