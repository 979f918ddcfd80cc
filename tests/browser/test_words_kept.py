"""A draft survives every way of leaving a case: an ended session, closing, going back, a lost
connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Role, Session, Team
from media_analysis.review.models import Case, Decision, Draft
from media_analysis.review.services import cases
from tests.browser.test_two_browsers import RENEWED_EVERY, case_page
from tests.browser.watched import Watched
from tests.factories import PASSWORD
from tests.people import Person, Send, member
from tests.review.test_services import opened

Open = Callable[..., Watched]
STORED = "() => Object.keys(localStorage).filter(name => name.startsWith('touchstone.words:'))"


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    found = opened(alice, send)
    cases.claim(alice.actor, found.pk)
    return found


def reason(page: Page) -> Any:
    return page.get_by_label("Reason", exact=True)


def draft_says(page: Page, text: str) -> None:
    """Waits until the server has it."""
    for _ in range(50):
        draft = Draft.objects.first()
        if draft and draft.words["reason"] == text:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"no draft says {text!r}")


def sign_in(page: Page, person: Person) -> None:
    page.get_by_label("Email").fill(person.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_session_that_ended_leads_back_to_the_case_with_its_words(
    open_page: Open, alice: Person, case: Case
) -> None:
    """Decide, sign in, and go on: the same case, held, every word in its place."""
    page = open_page(user=alice.user).goto(case_page(case))
    page.get_by_label("Unclear").check()
    reason(page).fill("the shadow falls the wrong way")
    Session.objects.all().delete()
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_text("What you wrote is kept")).to_be_visible()
    sign_in(page, alice)
    page.wait_for_url(f"**{case_page(case)}")
    expect(reason(page)).to_have_value("the shadow falls the wrong way")
    expect(page.get_by_label("Unclear")).to_be_checked()
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Decided.")
    assert Decision.objects.get().reason == "the shadow falls the wrong way"
    page.wait_for_load_state("networkidle")
    assert not Draft.objects.exists() and page.evaluate(STORED) == []


@pytest.mark.parametrize("way", ["close", "leave", "back", "give back"])
def test_words_are_kept_whichever_way_the_page_is_left(
    open_page: Open, alice: Person, case: Case, way: str
) -> None:
    """Written a moment before: the draft has it, and the form when the case is opened again."""
    watched = open_page(user=alice.user)
    watched.goto(reverse("review:queue"))
    page = watched.goto(case_page(case))
    reason(page).press_sequentially("half a thought")
    if way == "close":
        other = page.context.new_page()
        page.close(run_before_unload=True)
        page = other
        page.goto(watched.base + reverse("review:queue"))
    elif way == "leave":
        page.get_by_role("link", name="Full result").click()
    elif way == "back":
        page.go_back()
    else:
        page.get_by_role("button", name="Release").click()
    draft_says(page, "half a thought")
    page.goto(watched.base + case_page(case))
    if way == "give back":
        page.get_by_role("button", name="Claim this case").click()
    expect(reason(page)).to_have_value("half a thought")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(STORED) == []


def test_without_a_network_words_stay_in_this_browser_and_come_back(
    open_page: Open, alice: Person, case: Case
) -> None:
    """Written while the server could not be reached, the page closed: there when it can be."""
    watched = open_page(user=alice.user)
    watched.excuse("ERR_INTERNET_DISCONNECTED")
    watched.excuse("htmx:")  # it says so too
    page = watched.goto(case_page(case))
    context = page.context
    context.set_offline(True)
    reason(page).fill("written in a tunnel")
    expect(page.locator("[data-kept]")).to_contain_text("kept in this browser")
    page.goto("about:blank")
    assert not Draft.objects.exists()
    context.set_offline(False)
    page.goto(watched.base + case_page(case))
    expect(reason(page)).to_have_value("written in a tunnel")
    draft_says(page, "written in a tunnel")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(STORED) == []


@pytest.mark.parametrize("how", ["signing out", "another person"])
def test_no_words_stay_on_a_shared_machine(
    open_page: Open, alice: Person, bob: Person, case: Case, how: str
) -> None:
    """What could not be handed in is gone once its person signs out or another signs in, also
    when a second tab still shows the case."""
    watched = open_page(user=alice.user)
    watched.excuse("ERR_FAILED")
    watched.excuse("failed: ")
    page = watched.goto(case_page(case))
    context = page.context
    context.route("**/draft/", lambda route: route.abort())
    reason(page).fill("canary: a name")
    expect(page.locator("[data-kept]")).to_contain_text("kept in this browser")
    assert page.evaluate(STORED)
    second = context.new_page()
    second.goto(watched.base + "/")
    if how == "signing out":
        second.get_by_label("Your menu").click()
        second.get_by_role("button", name="Sign out").click()
        second.wait_for_url("**/login/**")
    else:
        Session.objects.all().delete()
        second.goto(watched.base + reverse("account_login"))
        sign_in(second, bob)
        second.wait_for_url(watched.base + reverse("review:queue"))
        second.wait_for_load_state("networkidle")
    assert second.evaluate(STORED) == []
    if how == "signing out":
        reason(page).fill("canary: a name and more")
        page.close(run_before_unload=True)
        second.wait_for_timeout(300)
        assert second.evaluate(STORED) == []
    assert "canary" not in json.dumps(second.evaluate("() => ({...localStorage})"))


TROUBLES = {
    "signed out": "You are signed out",
    "taken over": "Your claim on this case was lost",
    "no network": "The server cannot be reached",
    "broken": "The server could not renew",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_page_says_when_it_cannot_renew_the_hold(
    open_page: Open, alice: Person, bob: Person, case: Case, trouble: str
) -> None:
    """A banner, read aloud, says why, that words are kept, and what to do."""
    watched = open_page(user=alice.user)
    for excused in ("status of 4", "status of 5", "net::ERR", "failed: ", "htmx:"):
        watched.excuse(excused)
    watched.page.clock.install()
    page = watched.goto(case_page(case))
    reason(page).fill("half a thought")
    if trouble == "signed out":
        Session.objects.all().delete()
    elif trouble == "taken over":
        Case.objects.filter(pk=case.pk).update(fence=99)
    elif trouble == "no network":
        page.context.set_offline(True)
    else:
        page.route("**/heartbeat/", lambda route: route.fulfill(status=503))
    page.clock.run_for(RENEWED_EVERY + 1000)
    banner = page.get_by_role("alert").filter(has_text=TROUBLES[trouble])
    expect(banner).to_be_visible()
    expect(banner).to_contain_text("kept")
    expect(reason(page)).to_have_value("half a thought")
    if trouble == "no network":
        page.context.set_offline(False)
        page.clock.run_for(RENEWED_EVERY + 1000)
        expect(banner).to_be_hidden()
    if trouble == "signed out":
        page.get_by_role("link", name="Open this case again").press("Enter")
        sign_in(page, alice)
        expect(reason(page)).to_have_value("half a thought")


def test_a_policy_survives_the_end_of_a_session(open_page: Open, lead: Person) -> None:
    """The page shows the words; after signing in they stand in the form, and once saved nothing
    of them stays in the browser."""
    watched = open_page(user=lead.user)
    watched.excuse("status of 403")
    page = watched.goto(reverse("teams:write_policy", args=[lead.team.pk]))
    page.get_by_label("Name").fill("Elections")
    page.get_by_label("Text").fill("No altered statements.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("No altered statements.")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(page, lead)
    expect(page.get_by_label("Text")).to_have_value("No altered statements.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("is in force")
    assert page.evaluate(STORED) == []


def test_a_note_that_was_left_is_offered_and_can_be_forgotten(
    open_page: Open, alice: Person
) -> None:
    """Going away from the intake form: back again, the note is offered, never put in unasked."""
    watched = open_page(user=alice.user)
    page = watched.goto(reverse("submissions:submit"))
    page.get_by_label("Note").fill("seen on the square")
    page.get_by_role("link", name="History").first.click()
    page.wait_for_load_state()
    watched.goto(reverse("submissions:submit"))
    expect(page.get_by_label("Note")).to_have_value("")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_label("Note")).to_have_value("seen on the square")
    assert page.evaluate(STORED) == []
    assert watched.axe() == []


def test_a_form_that_leads_back_to_its_page_offers_nothing_after_it_arrived(
    open_page: Open, team: Team
) -> None:
    """A queue was added: the empty form for the next one does not say that text was lost."""
    lead = member(team, Role.LEAD).user
    page = open_page(user=lead).goto(reverse("teams:queues", args=[team.pk]))
    page.get_by_label("Name").fill("Elections")
    page.get_by_role("button", name="Add the queue").click()
    expect(page.get_by_text("Queue Elections added.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("")
    expect(page.get_by_text("was not saved")).to_have_count(0)
    assert page.evaluate(STORED) == []
