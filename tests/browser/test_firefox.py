"""The main path in a real Firefox: another engine draws the pages and runs their scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from media_analysis.review.models import Case, Decision
from media_analysis.submissions.services import samples
from tests.browser import firefox
from tests.browser.firefox import Firefox
from tests.browser.working import a_worker
from tests.factories import PASSWORD
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, Send
from tests.review.test_services import opened

VERDICT_WITHIN = 90.0
NAME = "landscape_with_prompt.png"


@pytest.fixture
def fox() -> Iterator[Firefox]:
    executable = firefox.find_or_install()
    if executable is None:
        pytest.skip("No Firefox was found and none could be installed; set FIREFOX to its path.")
    with firefox.launched(executable) as fox:
        yield fox
        assert fox.complaints == []


def sign_in(fox: Firefox, live_server: LiveServer, person: Person) -> None:
    fox.goto(live_server.url + reverse("account_login"))
    fox.click("textbox", "Email")
    fox.type(person.user.email)
    fox.press("Tab")
    fox.type(PASSWORD)
    fox.press("Enter")
    fox.wait_until("!document.location.pathname.includes('login')")


@pytest.mark.timeout(240)
def test_from_a_file_to_a_decision_by_mouse(
    fox: Firefox, live_server: LiveServer, alice: Person, tmp_path: Path, own_home: Path
) -> None:
    """She signs in, sends a file, sees its verdict come without a reload, and decides the case."""
    file = tmp_path / NAME
    file.write_bytes(next(s.content for s in samples.all_samples() if s.filename == NAME))
    sign_in(fox, live_server, alice)
    fox.goto(live_server.url + "/submit/")
    fox.choose_files("input[type=file]", [file])
    fox.click("button", "Submit")
    fox.click("link", NAME)
    fox.sees("waiting for a worker")
    fox.evaluate("void (document.body.dataset.loaded = 'once')")
    with a_worker(own_home):
        fox.wait_until("!!document.querySelector('#work .verdict')", within=VERDICT_WITHIN)
    assert fox.evaluate("document.body.dataset.loaded") == "once"

    fox.goto(live_server.url + reverse("review:queue"))
    fox.sees("1 case is waiting")
    fox.click("button", "Claim the next case")
    fox.sees("Assigned to you until")
    fox.click("radio", "Manipulated")
    fox.click("textbox", "Reason")
    fox.type("the sky repeats")
    fox.click("button", "Decide and claim next")
    fox.sees("No case is waiting")
    assert Decision.objects.get().reason == "the sky repeats"


def test_a_review_by_keys_alone(
    fox: Firefox, live_server: LiveServer, alice: Person, send: Send
) -> None:
    """Shortcuts work as in Chromium, letters in a text stay letters, Ctrl+Enter decides."""
    opened(alice, send, 1)
    opened(alice, send, 2)
    sign_in(fox, live_server, alice)
    fox.goto(live_server.url + reverse("review:queue"))
    fox.sees("2 cases are waiting")
    fox.press("n")
    fox.sees("Assigned to you until")
    fox.wait_until("document.readyState === 'complete'")
    fox.press("3")
    fox.click("textbox", "Reason")
    fox.type("s 1 2 r: only text")
    fox.press("Control", "Enter")
    fox.sees("Decided.")
    fox.wait_until("document.readyState === 'complete'")
    fox.press("r")
    fox.sees("1 case is waiting")
    decision = Decision.objects.get()
    assert (decision.reason, decision.outcome) == ("s 1 2 r: only text", "unclear")
    assert Case.objects.filter(state="open").count() == 1
