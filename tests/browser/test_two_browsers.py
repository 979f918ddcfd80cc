"""Two people, two browsers, one case."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from media_analysis.review.models import Case, Decision, Draft
from media_analysis.submissions.outcomes import DecisionOutcome
from tests.browser.watched import Watched
from tests.people import Person, Send
from tests.review.test_services import expire, opened

Open = Callable[..., Watched]
ROUNDS = 3
RENEWED_EVERY = 60_000


def press_together(pages: dict[str, Page], button: str) -> None:
    """Each browser presses by itself a moment from now, so that neither waits for the other."""
    for page in pages.values():
        page.get_by_role("button", name=button).evaluate(
            "(button, at) => setTimeout(() => button.click(), at - Date.now())",
            page.evaluate("() => Date.now()") + 150,
        )


def case_page(case: Case) -> str:
    return reverse("review:case", args=[case.pk])


def test_racing_for_a_case_one_gets_it_and_the_other_is_told_who_holds_it(
    open_page: Open, alice: Person, bob: Person, send: Send
) -> None:
    """Three cases each taken by both at once: one holder, the other reads the holder's name."""
    people = {"alice": alice, "bob": bob}
    watched = {name: open_page(user=person.user) for name, person in people.items()}
    for shade in range(ROUNDS):
        case = opened(alice, send, shade)
        pages = {name: w.goto(case_page(case)) for name, w in watched.items()}
        press_together(pages, "Claim this case")
        for page in pages.values():
            expect(page.get_by_role("main")).to_contain_text("Assigned to")
        case.refresh_from_db()
        assert case.fence == 1, "it was taken once"
        holder = next(n for n, person in people.items() if person.user == case.holder)
        other = next(n for n in people if n != holder)
        expect(pages[holder].get_by_role("main")).to_contain_text("Assigned to you until")
        expect(pages[holder].get_by_role("button", name="Decide", exact=True)).to_be_visible()
        other_page = pages[other]
        expect(other_page.locator(".messages")).to_contain_text("assigned to somebody else")
        expect(other_page.get_by_role("main")).to_contain_text(f"Assigned to {case.holder}")
        expect(other_page.get_by_role("button", name="Decide", exact=True)).to_have_count(0)
        expect(other_page.get_by_role("button", name="Claim this case")).to_have_count(0)


def test_racing_for_the_last_case_of_the_queue(
    open_page: Open, alice: Person, bob: Person, send: Send
) -> None:
    """“Claim the next case” pressed by both: one has it, the other hears that nothing waits."""
    opened(alice, send)
    queue = reverse("review:queue")
    pages = {
        name: open_page(user=person.user).goto(queue)
        for name, person in {"alice": alice, "bob": bob}.items()
    }
    press_together(pages, "Claim the next case")
    for page in pages.values():
        expect(page.get_by_role("main")).to_contain_text(
            re.compile("Assigned to you|No case is waiting")
        )
    has_it = Case.objects.get().holder
    mine, other = ("alice", "bob") if has_it == alice.user else ("bob", "alice")
    expect(pages[mine].get_by_role("main")).to_contain_text("Assigned to you until")
    expect(pages[other].locator(".messages")).to_contain_text("No case is waiting")
    expect(pages[other].get_by_role("main")).to_contain_text(str(has_it))


@pytest.mark.parametrize("overtaken", [True, False])
def test_a_stale_holders_words_are_kept_and_not_saved(
    open_page: Open, alice: Person, bob: Person, send: Send, overtaken: bool
) -> None:
    """Her hold ran out while she wrote: no decision, every word there when she takes it again."""
    case = opened(alice, send)
    page = open_page(user=alice.user).goto(case_page(case))
    page.get_by_role("button", name="Claim this case").click()
    page.get_by_label(str(DecisionOutcome.GENUINE.label)).check()
    page.get_by_label("Reason", exact=True).fill("the shadow falls the wrong way")
    page.get_by_label("Note for the team").fill("compare with the agency's copy")
    expire(case)
    if overtaken:
        other = open_page(user=bob.user).goto(case_page(case))
        other.get_by_role("button", name="Claim this case").click()
        expect(other.get_by_role("main")).to_contain_text("Assigned to you until")
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("kept as a draft, not as a decision")
    expect(page.get_by_role("main")).to_contain_text("the shadow falls the wrong way")
    assert not Decision.objects.exists()
    assert Draft.objects.get().author == alice.user
    if overtaken:
        expect(page.get_by_role("main")).to_contain_text(f"Assigned to {bob.user}")
        expect(page.get_by_role("button", name="Claim this case")).to_have_count(0)
        other.get_by_role("button", name="Release").click()
        page.reload()
    page.get_by_role("button", name="Claim this case").click()
    expect(page.get_by_label("Reason", exact=True)).to_have_value("the shadow falls the wrong way")
    expect(page.get_by_label("Note for the team")).to_have_value("compare with the agency's copy")
    expect(page.get_by_label(str(DecisionOutcome.GENUINE.label))).to_be_checked()
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Decided.")
    assert Decision.objects.get().reason == "the shadow falls the wrong way"
    assert not Draft.objects.exists()


def test_the_open_page_renews_its_hold_and_says_when_it_is_lost(
    open_page: Open, alice: Person, bob: Person, send: Send
) -> None:
    """A minute passes in the browser: renewed. Then Bob has it: the page says so, text and all."""
    case = opened(alice, send)
    watched = open_page(user=alice.user)
    watched.page.clock.install()
    page = watched.goto(case_page(case))
    page.get_by_role("button", name="Claim this case").click()
    page.get_by_label("Reason", exact=True).fill("half a thought")
    page.wait_for_load_state()  # the form is there before the script that renews the hold
    case.refresh_from_db()
    until = case.lease_until
    with page.expect_response("**/heartbeat/") as answer:
        page.clock.run_for(RENEWED_EVERY + 1000)
    assert answer.value.status == 204
    case.refresh_from_db()
    assert until is not None and case.lease_until is not None and case.lease_until > until
    expire(case)
    watched.excuse("the server responded with a status of 409")
    with page.expect_response("**/heartbeat/"):
        page.clock.run_for(RENEWED_EVERY)
    expect(page.get_by_role("alert").filter(has_text="was lost")).to_be_visible()
    expect(page.get_by_label("Reason", exact=True)).to_have_value("half a thought")
