"""An appeal in real browsers: a person appeals, another decides, the person reads the answer. Once
by mouse, once by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from accounts.models import Role
from media_analysis.review.models import Appeal, Case, RoutingRule
from tests.browser.test_bench import _sent, out_of_view
from tests.browser.test_double_review import decides, photo, shoot
from tests.browser.test_keyboard import tab_to
from tests.browser.watched import Watched
from tests.people import Person, member

Open = Callable[..., Watched]
TEXT = "The shadow is from the building opposite."


@pytest.fixture
def case(alice: Person, bob: Person, open_page: Open) -> Case:
    """Alice sent a photo, Bob decided."""
    RoutingRule.objects.update_or_create(
        team=alice.team, defaults={"no_manipulation_found": True, "grace_seconds": 0}
    )
    case: Case = Case.objects.get(submission=_sent(alice, photo(), "portrait.jpg"))
    page = open_page(user=bob.user, width=1440, height=900).goto(path_of(case))
    page.get_by_role("button", name="Claim this case").click()
    decides(page, "Manipulated", "the seam along the jaw")
    expect(page.get_by_role("main")).to_contain_text("Decided.")
    return case


def path_of(case: Case) -> str:
    return reverse("review:case", args=[case.pk])


def top_of(page: Page, what: str) -> float:
    box = page.locator(what).bounding_box()
    assert box is not None
    return box["y"]


def panel(page: Page) -> Locator:
    return page.locator("#appeal")


@pytest.mark.timeout(300)
def test_a_person_appeals_another_decides_the_person_reads_the_answer(
    open_page: Open, case: Case, alice: Person, bob: Person
) -> None:
    """By mouse; Bob is not offered the case again; every page passes axe in both colours."""
    detail = reverse("submissions:detail", args=[case.submission_id])
    another = member(alice.team, Role.MODERATOR)
    sender = open_page(user=alice.user, width=1440, height=900)
    page = sender.goto(detail)
    page.get_by_text("Appeal the decision", exact=True).click()
    page.get_by_label("Why the decision is wrong").fill(TEXT)
    expect(page.get_by_role("button", name="Send appeal")).to_be_in_viewport(ratio=1)
    assert sender.axe_in_both_colours() == [] and sender.overflow() == []
    shoot(sender, "appeal-form")
    page.get_by_role("button", name="Send appeal").click()
    expect(page.locator(".messages")).to_contain_text("Your appeal was received")
    expect(panel(page)).to_contain_text(TEXT)

    earlier = open_page(user=bob.user, width=1440, height=900).goto(path_of(case))
    expect(earlier.get_by_role("main")).to_contain_text("Waiting for a person who has not")
    expect(earlier.get_by_role("button", name="Claim this case")).to_have_count(0)

    dora = open_page(user=another.user, width=1440, height=900)
    page = dora.goto(reverse("review:queue"))
    expect(page.locator(f'[data-row="{case.pk}"]')).to_contain_text("Appeal")
    assert dora.axe_in_both_colours() == []
    page.get_by_role("button", name="Claim the next case").click()
    expect(panel(page)).to_contain_text(TEXT)
    expect(panel(page)).to_contain_text("the seam along the jaw")
    assert out_of_view(page) == [], "the decision still needs no scrolling"
    assert dora.axe_in_both_colours() == [] and dora.overflow() == []
    shoot(dora, "appeal-case")
    decides(page, "No manipulation seen", "You are right: it is a shadow.")
    expect(page.get_by_role("main")).to_contain_text("Decided.")
    expect(page.locator("#decisions")).to_contain_text("You are right: it is a shadow.")
    expect(page.get_by_text("seam along the jaw").first).to_be_in_viewport()

    page = sender.goto(detail)
    expect(panel(page)).to_contain_text("You are right: it is a shadow.")
    expect(panel(page)).to_contain_text("was changed from “Manipulated” to “No manipulation seen”")
    assert sender.axe_in_both_colours() == [] and sender.overflow() == []
    shoot(sender, "appeal-answer")
    expect(page.get_by_text("You are right: it is a shadow.")).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 390, "height": 844})
    assert top_of(page, "#person-decision") < top_of(page, "#appeal") < top_of(page, "#work")
    assert Appeal.objects.get().outcome == "changed"


@pytest.mark.timeout(300)
def test_the_same_by_keys_alone_and_withdrawn(open_page: Open, case: Case, alice: Person) -> None:
    """Tab, Enter and the shortcuts: appeal, withdraw, appeal again, decide, read."""
    page = open_page(user=alice.user).goto(reverse("submissions:detail", args=[case.submission_id]))

    def appeal() -> None:
        tab_to(page, "Appeal the decision", within=120)
        page.keyboard.press("Enter")
        tab_to(page, "Why the decision is wrong")
        page.keyboard.type(TEXT)
        tab_to(page, "Send appeal")
        page.keyboard.press("Enter")
        expect(page.locator(".messages")).to_contain_text("Your appeal was received")

    appeal()
    tab_to(page, "Withdraw appeal", within=120)
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_contain_text("The decision is in force again")
    expect(page.locator("#person-decision")).to_contain_text("Decided: manipulated")
    appeal()
    dora = open_page(user=member(alice.team, Role.MODERATOR).user)
    other = dora.goto(reverse("review:queue"))
    other.keyboard.press("n")
    expect(panel(other)).to_contain_text(TEXT)
    other.keyboard.press("1")
    other.get_by_label("Reason", exact=True).focus()
    other.keyboard.type("The seam is not in the shadow.")
    other.keyboard.press("Control+Enter")
    expect(other.locator(".messages")).to_contain_text("Decided")
    page.reload()
    expect(panel(page)).to_contain_text("the decision “Manipulated” was upheld")
    expect(panel(page)).to_contain_text("The seam is not in the shadow.")
    assert [one.state for one in Appeal.objects.order_by("made_at")] == ["withdrawn", "answered"]
