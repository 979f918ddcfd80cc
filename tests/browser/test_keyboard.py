"""The whole review without a mouse: once by Tab and Enter alone, once with the shortcuts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from media_analysis.review.models import Case, Decision, Policy
from tests.browser.walked import a_case, walk
from tests.browser.watched import Watched
from tests.people import Person, Send
from tests.review.test_services import opened

Open = Callable[..., Watched]
FOCUSED = """() => {
  const e = document.activeElement;
  const style = getComputedStyle(e);
  const label = e.labels?.[0] ?? e;
  return {
    name: (e.getAttribute("aria-label") ?? label.textContent).replace(/\\s+/g, " ").trim(),
    tag: e.tagName,
    seen: style.outlineStyle !== "none" || style.boxShadow !== "none",
  };
}"""


def tab_to(page: Page, name: str, *, within: int = 60) -> None:
    """Tab until the element of that name has the focus; every stop on the way must be visible."""
    stops = []
    for _ in range(within):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop["tag"] == "BODY":
            continue
        assert stop["seen"], f"the focus cannot be seen on {stop}"
        if stop["name"].startswith(name):
            return
        stops.append(stop["name"][:40])
    raise AssertionError(f"Tab never came to {name!r}, only to {stops}")


def main(page: Page, text: str) -> None:
    expect(page.get_by_role("main")).to_contain_text(text)


def test_the_whole_review_by_tab_and_enter(open_page: Open, alice: Person, send: Send) -> None:
    """Queue, take, look, judge with a policy, next, give back, open again: keys alone."""
    Policy.objects.create(team=alice.team, name="Elections", text="No altered statements.")
    first, second = opened(alice, send, 1), opened(alice, send, 2)
    page = open_page(user=alice.user).goto("/")
    tab_to(page, "Review")
    page.keyboard.press("Enter")
    main(page, "2 cases are waiting")
    tab_to(page, "Claim the next case")
    page.keyboard.press("Enter")
    main(page, "Assigned to you until")
    tab_to(page, "Manipulated")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Policy")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Reason")
    page.keyboard.type("nothing that I can see")
    tab_to(page, "Note for the team")
    page.keyboard.type("s and r are letters here, not commands")
    tab_to(page, "Decide and claim next")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('review:case', args=[second.pk])}")
    main(page, "Decided.")
    tab_to(page, "Release")
    page.keyboard.press("Enter")
    main(page, "1 case is waiting")
    decision = Decision.objects.get()
    assert (decision.case, decision.outcome) == (first, "not_manipulated")
    assert decision.policy and decision.policy.name == "Elections"
    assert decision.note == "s and r are letters here, not commands"

    page.goto(page.url.split("/review")[0] + reverse("review:case", args=[first.pk]))
    tab_to(page, "Reason for reopening")
    page.keyboard.type("a second look")
    tab_to(page, "Reopen")
    page.keyboard.press("Enter")
    main(page, "Waiting to be claimed")
    assert Case.objects.get(pk=first.pk).state == "open"


@pytest.mark.main_path
def test_the_whole_review_by_shortcuts(open_page: Open, alice: Person, send: Send) -> None:
    """n takes the next, 1 to 3 judge, s decides and goes on, r gives back, c takes this one."""
    first, second = opened(alice, send, 1), opened(alice, send, 2)
    page = open_page(user=alice.user).goto(reverse("review:queue"))
    page.keyboard.press("n")
    page.wait_for_url(f"**{reverse('review:case', args=[first.pk])}")
    page.keyboard.press("3")
    expect(page.get_by_label("Unclear")).to_be_checked()
    tab_to(page, "Reason", within=3)
    page.keyboard.type("s 1 2 r: only text")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("s")
    page.wait_for_url(f"**{reverse('review:case', args=[second.pk])}")
    page.keyboard.press("r")
    main(page, "1 case is waiting")
    page.goto(page.url.split("/review")[0] + reverse("review:case", args=[second.pk]))
    page.keyboard.press("c")
    main(page, "Assigned to you until")
    page.wait_for_load_state()
    page.keyboard.press("1")
    tab_to(page, "Reason", within=3)
    page.keyboard.type("the seam")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("s")
    main(page, "No case is waiting")
    assert list(Decision.objects.values_list("reason", "outcome")) == [
        ("s 1 2 r: only text", "unclear"),
        ("the seam", "manipulated"),
    ]


def test_a_veil_is_lifted_by_keyboard(open_page: Open, alice: Person) -> None:
    """Pictures of a case are blurred and grey until a person asks: Space on the switch."""
    case = a_case(walk(alice, "clip.mp4"))
    page = open_page(user=alice.user).goto(reverse("review:case", args=[case.pk]))
    picture = page.locator(".veil img").first
    assert "blur" in str(picture.evaluate("e => getComputedStyle(e).filter"))
    assert "grayscale" in str(picture.evaluate("e => getComputedStyle(e).filter"))
    tab_to(page, "Show without blur")
    page.keyboard.press("Space")
    expect(picture).to_have_css("filter", "none")  # after its short transition


@pytest.mark.parametrize("where", ["review:queue", "review:case"])
def test_the_page_tells_its_shortcuts(
    open_page: Open, alice: Person, send: Send, where: str
) -> None:
    """A shortcut that nobody is told of is none: each is named where it works."""
    case = opened(alice, send)
    page = open_page(user=alice.user).goto(
        reverse(where, args=[case.pk] if where == "review:case" else [])
    )
    keys = [e.get_attribute("data-key") for e in page.locator("[data-key]").all()]
    shortcuts = page.locator("kbd").all_inner_texts()
    assert keys and set(keys) <= set(shortcuts)
