"""No page offers a form that the person who sees it may not send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
from django.db import transaction
from django.test import Client

from media_analysis.review.models import Case, DecisionText, Policy
from media_analysis.review.services import cases
from media_analysis.submissions.services import deletion
from tests.people import Person
from tests.urls.test_matrix import MATRIX

ROLES = ("stranger", "site_admin", "viewer", "moderator", "lead", "admin")
PAGES = [
    name
    for name, (method, _) in MATRIX.items()
    if method == "get" and not name.startswith(("api:", "scim:"))
]
TOKEN = "csrfmiddlewaretoken"
"""Another one on each page; the test's client needs none."""
OF_THE_TEAM = [
    name
    for name in PAGES
    if name.startswith(("teams:", "care:", "backfill:")) and name != "teams:quality"
]
"""How a team is run: whether a case waits, is held or is decided changes nothing there."""
NO_PAGES = (
    *("submissions:picture", "submissions:glimpse", "submissions:film"),
    "submissions:download",
    "submissions:credentials",
)


class Forms(HTMLParser):
    """Each way to send a form that posts: its address, and what it would send unchanged."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.sent: list[tuple[str, dict[str, str]]] = []
        self._by_id: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] | None = None
        self._elsewhere: list[tuple[str, str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = {} if attributes.get("method") == "post" else None
            if self._form is not None:
                self._by_id[attributes.get("id", "")] = self._form
                self.sent.append((urljoin(self.page, attributes.get("action", "")), self._form))
        elif tag == "button" and "formaction" in attributes:
            own = {attributes["name"]: attributes.get("value", "")} if "name" in attributes else {}
            self._elsewhere.append((attributes["formaction"], attributes.get("form", ""), own))
        elif tag == "input" and self._form is not None and attributes.get("type") == "hidden":
            self._form[attributes.get("name", "")] = attributes.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def ways(self) -> Iterator[tuple[str, dict[str, str]]]:
        yield from self.sent
        for action, form, own in self._elsewhere:
            yield urljoin(self.page, action), {**self._by_id.get(form, {}), **own}


@pytest.fixture
def busy(
    address: Callable[[str], str],
    everybody: dict[str, Client],
    lead: Person,
    alice: Person,
) -> Callable[[str], str]:
    """A request for deletion waits, too."""
    deletion.ask(lead.actor, Case.objects.get().submission, "why")
    return address


@pytest.mark.parametrize("state", ["waiting", "held", "decided"])
@pytest.mark.parametrize("who", ROLES)
def test_every_form_on_every_page_may_be_sent_by_whoever_sees_it(
    who: str,
    state: str,
    busy: Callable[[str], str],
    everybody: dict[str, Client],
    alice: Person,
) -> None:
    """Pages x roles x states of the case: each form posts without a 403 or a 404. What stands on
    many pages, as the navigation does, is sent once."""
    client = everybody[who]
    case = Case.objects.get()
    if state != "waiting":
        held = cases.claim(alice.actor, case.pk)
        if state == "decided":
            policy = Policy.objects.get().pk
            words = DecisionText("unclear", "x", policy_id=policy)
            cases.decide(alice.actor, case.pk, held.fence, words)
    refused: list[Any] = []
    offered: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for name in PAGES:
        if name in NO_PAGES or (state != "waiting" and name in OF_THE_TEAM):
            continue
        url = busy(name)
        page = client.get(url)
        if page.status_code != 200 or "html" not in page.headers["Content-Type"]:
            continue
        forms = Forms(url)
        forms.feed(page.content.decode())
        for action, form in forms.ways():
            if action.endswith("/logout/"):
                continue
            fields = {name: value for name, value in form.items() if name != TOKEN}
            way = (action, frozenset(fields.items()))
            if way in offered:
                continue
            offered.add(way)
            with transaction.atomic():
                answer = client.post(action, form)
                if answer.status_code in (403, 404, 405):
                    refused.append((name, action, answer.status_code))
                transaction.set_rollback(True)
    assert refused == []
    assert offered or who in ("stranger", "viewer")


def test_a_viewer_reads_why_there_is_no_intake_form(
    everybody: dict[str, Client],
) -> None:
    """The page says what to do; sending all the same is refused."""
    page = everybody["viewer"].get("/submit/").content.decode()
    assert "You cannot submit media" in page and 'type="file"' not in page
    assert everybody["viewer"].post("/submit/", {"note": "x"}).status_code == 403
