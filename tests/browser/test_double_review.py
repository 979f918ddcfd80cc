"""Double review in real browsers: two people race for the second opinion, a lead adjudicates."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Role
from media_analysis.review.models import Case, Decision, DoubleReview, Opinion, RoutingRule
from tests.browser.screenshots import FOLDER
from tests.browser.test_bench import _sent, out_of_view
from tests.browser.test_two_browsers import press_together
from tests.browser.watched import Watched
from tests.media.films import Shot
from tests.media.films import _picture as portrait
from tests.people import Person, member

Open = Callable[..., Watched]


def photo() -> bytes:
    out = BytesIO()
    portrait(Shot(1, 1, False)).save(out, "JPEG", quality=90)
    return out.getvalue()


def decides(page: Page, outcome: str, reason: str) -> None:
    page.get_by_label(outcome, exact=True).check()
    page.get_by_label("Reason", exact=True).fill(reason)
    page.get_by_role("button", name="Decide", exact=True).click()


def shoot(watched: Watched, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page = watched.page
    for width, height in ((1280, 800), (1920, 1080), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=FOLDER / f"quality-{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.timeout(300)
def test_two_race_for_the_second_opinion_and_a_lead_adjudicates(
    open_page: Open, alice: Person, bob: Person, admin: Person, lead: Person
) -> None:
    """Alice decides; Bob and Dora press at once, one of them gets the case and reads nothing of
    Alice; they disagree; the lead reads both and decides, from the keyboard."""
    RoutingRule.objects.update_or_create(
        team=alice.team, defaults={"second_share": 1.0, "no_manipulation_found": True}
    )
    sent = _sent(admin, photo(), "portrait.jpg")
    case = Case.objects.get(submission=sent)
    path = reverse("review:case", args=[case.pk])
    first = open_page(user=alice.user, width=1440, height=900)
    page = first.goto(path)
    page.get_by_role("button", name="Claim this case").click()
    decides(page, "Manipulated", "canary of the seam")
    expect(page.locator(".messages")).to_contain_text("Your opinion was saved")
    expect(page.get_by_role("button", name="Claim this case")).to_have_count(0)

    people = {"bob": bob, "dora": member(alice.team, Role.MODERATOR)}
    size = {"width": 1440, "height": 900}
    watched = {name: open_page(user=one.user, **size) for name, one in people.items()}
    pages = {name: one.goto(path) for name, one in watched.items()}
    press_together(pages, "Claim this case")
    for page in pages.values():
        expect(page.get_by_role("main")).to_contain_text(re.compile("Assigned to (you|Person)"))
    case.refresh_from_db()
    assert case.fence == 2, "claimed once for each opinion"
    name = next(name for name, one in people.items() if one.user == case.holder)
    page = pages[name]
    content = page.content()
    assert "canary" not in content and str(alice.user) not in content
    assert watched[name].axe_in_both_colours() == []
    decides(page, "No manipulation seen", "the grain is whole")
    expect(page.get_by_role("main")).to_contain_text("Waiting for a lead to decide")
    assert not Decision.objects.exists() and Opinion.objects.count() == 2

    leads = open_page(user=lead.user, width=1440, height=900)
    page = leads.goto(path)
    expect(page.locator("#disputed")).to_contain_text("canary of the seam")
    page.keyboard.press("c")
    expect(page.get_by_role("main")).to_contain_text("Assigned to you until")
    assert leads.axe_in_both_colours() == [] and leads.overflow() == []
    assert out_of_view(page) == []
    shoot(leads, "adjudication")
    page.keyboard.press("3")
    page.get_by_label("Reason", exact=True).fill("it cannot be told")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".messages")).to_contain_text("Decided")
    assert DoubleReview.objects.get().stage == "adjudicated"
    page = leads.goto(path)
    page.get_by_text("Decided twice: both opinions").click()
    expect(page.get_by_role("main")).to_contain_text("the grain is whole")

    page = leads.goto(reverse("teams:quality", args=[alice.team.pk]))
    page.get_by_label("Second opinions, in %").fill("10")
    page.get_by_label("Spot checks, in %").fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messages")).to_contain_text("This applies from the next decision")
    expect(page.locator("[aria-labelledby=agreement-heading]")).to_contain_text("n = 1")
    checks = page.locator("[aria-labelledby=checks-heading]")
    expect(checks).to_contain_text("Face forgery")
    assert leads.axe_in_both_colours() == [] and leads.overflow() == []
    shoot(leads, "team")
    leads.goto(reverse("review:own"))
    assert leads.axe_in_both_colours() == [] and leads.overflow() == []
    shoot(leads, "own")
    leads.goto(reverse("dashboard:overview"))
    expect(leads.page.get_by_role("main")).to_contain_text("Decisions by outcome and policy")
    shoot(leads, "dashboard")
