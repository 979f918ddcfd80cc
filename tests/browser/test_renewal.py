"""Lists update themselves while a page is open, without moving the reader's position."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from playwright.sync_api import FilePayload, Page, Request, expect

from accounts.models import Session
from jobs.services import claim_one
from media_analysis.review.models import DecisionText
from media_analysis.review.services import cases
from media_analysis.submissions.models import Submission
from media_analysis.submissions.views import submissions as submission_views
from ml.models import Analysis
from tests.browser.watched import Watched
from tests.dashboard.conftest import set_aside
from tests.people import Person, Send, picture
from tests.review.test_services import opened

Open = Callable[..., Watched]
SOON = 31_000
FILES = """() => [...document.querySelectorAll('[data-row]')]
  .map(r => r.querySelector('a').innerText)"""


def at(open_page: Open, person: Person, address: str) -> tuple[Watched, Page]:
    watched = open_page(user=person.user)
    watched.page.clock.install()
    page = watched.goto(address)
    page.wait_for_load_state("networkidle")
    return watched, page


def later(page: Page, milliseconds: int = SOON) -> None:
    with page.expect_response(lambda answer: "x-renew" in answer.request.headers):
        page.clock.run_for(milliseconds)
    page.wait_for_timeout(100)


def test_the_history_renews_itself_and_keeps_the_place(
    open_page: Open, alice: Person, send: Send
) -> None:
    """New rows come, old ones change in place: focus, scrolling and the very elements stay."""
    sent = [send(alice, shade, name=f"{shade:02}.png") for shade in range(40)]
    _, page = at(open_page, alice, reverse("submissions:history"))
    link = page.get_by_role("link", name="10.png")
    link.focus()
    link.scroll_into_view_if_needed()
    page.evaluate("() => (document.activeElement.mine = true)")
    before = link.bounding_box()
    send(alice, 90, name="new.png")
    claim_one(Analysis, sent[10].analysis_id, worker="test")
    later(page)
    assert page.evaluate(FILES)[0].startswith("new.png")
    expect(page.get_by_role("row").filter(has_text="10.png")).to_contain_text("Running")
    assert page.evaluate("() => document.activeElement.mine") is True
    after = link.bounding_box()
    assert before and after and abs(before["y"] - after["y"]) < 2
    expect(page.locator("[data-renewal]")).to_contain_text("Updated at")


def test_the_queue_renews_itself(open_page: Open, alice: Person, bob: Person, send: Send) -> None:
    """A case that comes, one that is taken, one that goes; an empty queue too, and `n` works."""
    watched, page = at(open_page, alice, reverse("review:queue"))
    expect(page.get_by_role("main")).to_contain_text("No case is waiting")
    case = opened(alice, send)
    later(page)
    expect(page.get_by_role("main")).to_contain_text("1 case is waiting")
    cases.claim(bob.actor, case.pk)
    later(page)
    expect(page.get_by_role("row").last).to_contain_text(str(bob.user))
    case.refresh_from_db()
    cases.decide(bob.actor, case.pk, case.fence, DecisionText("unclear", "x"))
    later(page)
    expect(page.get_by_role("main")).to_contain_text("No case is waiting")
    opened(alice, send, 5)
    later(page)
    assert watched.axe() == []
    page.keyboard.press("n")
    expect(page.get_by_role("main")).to_contain_text("Assigned to you until")


def test_the_dashboard_renews_itself(
    open_page: Open, lead: Person, alice: Person, send: Send
) -> None:
    """A figure changes; what was opened stays open."""
    _, page = at(open_page, lead, reverse("dashboard:overview"))
    tile = page.locator(".figure").first
    expect(tile).to_contain_text("0")
    opened(alice, send)
    later(page)
    expect(tile).to_contain_text("1")


def test_selected_text_stays_selected(open_page: Open, alice: Person, send: Send) -> None:
    """While somebody copies, nothing is touched; afterwards it goes on."""
    send(alice, name="one.png")
    _, page = at(open_page, alice, reverse("submissions:history"))
    page.get_by_role("link", name="one.png").evaluate(
        "e => getSelection().selectAllChildren(e.closest('tr'))"
    )
    send(alice, 3, name="two.png")
    page.clock.run_for(SOON)
    page.wait_for_timeout(300)
    assert "one.png" in page.evaluate("() => getSelection().toString()")
    expect(page.get_by_text("two.png")).to_have_count(0)
    page.evaluate("() => getSelection().removeAllRanges()")
    later(page)
    expect(page.get_by_text("two.png")).to_be_visible()


@pytest.mark.parametrize("trouble", ["signed out", "broken"])
def test_it_stops_at_the_first_failure_and_says_so(
    open_page: Open, alice: Person, send: Send, trouble: str
) -> None:
    """The list stays as it was, with a sentence; a button tries again."""
    send(alice, name="one.png")
    watched, page = at(open_page, alice, reverse("submissions:history"))
    watched.excuse("status of 503")
    if trouble == "signed out":
        Session.objects.all().delete()
    else:
        page.route("**/*", lambda route: route.fulfill(status=503))
    page.clock.run_for(SOON)
    expect(page.locator("[data-renewal]")).to_contain_text("no longer updated")
    expect(page.locator("#live")).to_contain_text("no longer updated")
    expect(page.get_by_text("one.png")).to_be_visible()
    page.unroute_all()
    if trouble == "broken":
        page.get_by_role("button", name="Retry").click()
        expect(page.locator("[data-renewal]")).to_contain_text("Updated at")


def test_it_can_be_paused_and_asks_nothing_while_hidden(
    open_page: Open, alice: Person, send: Send
) -> None:
    """Neither a paused list nor a hidden page sends a request."""
    _, page = at(open_page, alice, reverse("submissions:history"))
    requests: list[str] = []

    def note_request(request: Request) -> None:
        if "x-renew" in request.headers:
            requests.append(request.url)

    page.on("request", note_request)
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(2 * SOON)
    assert requests == []
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("[data-renewal]")).to_contain_text("Updated at")
    requests.clear()
    page.evaluate(
        "() => Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})"
    )
    page.clock.run_for(2 * SOON)
    assert requests == []


def test_a_list_takes_no_message_from_the_next_page(
    open_page: Open, alice: Person, send: Send
) -> None:
    """What the last action did is told on the page that comes next, not swallowed by a renewal."""
    opened(alice, send)
    client = alice.client()
    client.get(reverse("review:next"))  # leaves a message
    client.get(reverse("review:queue"), headers={"X-Renew": "yes"})
    assert b"Nothing was done" in client.get(reverse("review:queue")).content


def test_the_files_that_were_sent_say_what_became_of_them(open_page: Open, alice: Person) -> None:
    """On the intake page: waiting, then the verdict, without leaving it."""
    watched = open_page(user=alice.user)
    page = watched.goto(reverse("submissions:submit"))
    files: list[FilePayload] = [
        {"name": f"{n}.png", "mimeType": "image/png", "buffer": picture(n)} for n in (1, 2)
    ]
    page.get_by_label("Files").set_input_files(files)
    page.get_by_role("button", name="Submit").click()
    rows = page.locator("[data-upload-list] tr")
    expect(rows.nth(0).locator("[data-state]")).to_contain_text("Waiting", timeout=15_000)
    for submission in Submission.objects.all():
        set_aside(submission, "poison", "It broke its process three times.")
    for n in (0, 1):
        expect(rows.nth(n).locator("[data-state]")).to_have_text("Inconclusive", timeout=15_000)
    expect(page.locator("[data-counts]")).to_have_text("2 of 2 sent, 2 analysed")


def test_what_is_no_media_is_told_and_not_offered_again(open_page: Open, alice: Person) -> None:
    """The same bytes would be refused again: there is no Retry beside the sentence."""
    watched = open_page(user=alice.user)
    watched.excuse("415")
    page = watched.goto(reverse("submissions:submit"))
    notes: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no media"}
    page.get_by_label("Files").set_input_files([notes])
    page.get_by_role("button", name="Submit").click()
    row = page.locator("[data-upload-list] tr")
    expect(row).to_contain_text("This file type is not supported", timeout=15_000)
    expect(row.locator("[data-retry]")).to_be_hidden()


def test_more_files_than_one_question_holds_all_get_their_verdict(
    open_page: Open, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page asks about so many at once, the oldest first, and then about the others."""
    monkeypatch.setattr(submission_views, "STATES_ASKED", 1)
    page = open_page(user=alice.user).goto(reverse("submissions:submit"))
    files: list[FilePayload] = [
        {"name": f"{n}.png", "mimeType": "image/png", "buffer": picture(n)} for n in (1, 2, 3)
    ]
    page.get_by_label("Files").set_input_files(files)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("[data-counts]")).to_contain_text("3 of 3 sent", timeout=15_000)
    for submission in Submission.objects.all():
        set_aside(submission, "poison", "It broke its process three times.")
    expect(page.locator("[data-counts]")).to_have_text("3 of 3 sent, 3 analysed", timeout=30_000)


def test_the_states_of_many_files_are_one_question(alice: Person, send: Send) -> None:
    """Two or twenty: the same number of questions; foreign and odd ids are left out."""
    client = alice.client()
    sent = [send(alice, n) for n in range(20)]

    def query_count(some: list[Submission]) -> int:
        query = "&".join(f"id={one.pk}" for one in some)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(f"{reverse('submissions:states')}?id=odd&{query}")
        assert len(answer.json()["submissions"]) == len(some)
        return len(captured)

    query_count(sent[:1])
    assert query_count(sent[:2]) == query_count(sent)
