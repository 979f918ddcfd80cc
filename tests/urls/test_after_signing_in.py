"""Signing in leads back to the address that was asked for, with a GET: none may be a dead end."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import Role, Team
from tests.people import Person, member
from tests.urls.test_matrix import MATRIX, addresses

POSTED = [name for name, (method, _) in MATRIX.items() if method == "post" and ":" in name]
WORDY = [
    ("submissions:submit", {"note": "canary words", "policy_context": "report 4411 canary"}),
    ("submissions:deletion", {"reason": "canary words"}),
    ("submissions:save_filter", {"name": "canary words", "query": "kind=image"}),
    ("review:reopen", {"why": "canary words"}),
    ("teams:write_policy", {"name": "Elections", "text": "canary words"}),
    ("teams:edit_policy", {"name": "Elections", "text": "canary words"}),
    ("teams:rename", {"name": "canary words"}),
]


@pytest.mark.parametrize("name", [n for n in POSTED if not n.startswith(("api:", "scim:"))])
def test_a_get_of_an_address_for_forms_leads_to_its_page(
    name: str,
    address: Callable[[str], str],
    team: Team,
) -> None:
    """Never a blank 405: the page that has the form, with a sentence."""
    client = member(team, Role.ADMIN).client()
    answer = client.get(address(name), follow=True)
    assert answer.status_code == 200, (answer.status_code, answer.redirect_chain)
    assert b"</html>" in answer.content
    if answer.redirect_chain:
        assert "Nothing was done" in answer.content.decode()


def test_no_address_of_ones_own_account_is_a_dead_end(alice: Person) -> None:
    """The same for the pages that the login library brings."""
    client = alice.client()
    for name, path in addresses(get_resolver()):
        if "<" in path or not name.startswith(("account_", "mfa_", "usersessions_")):
            continue
        answer = client.get(reverse(name), follow=True)
        assert answer.status_code != 405, name
    ended = client.get(reverse("accounts_session_end", args=["x"]), follow=True)
    assert ended.status_code == 200


@pytest.mark.parametrize(("name", "words"), WORDY)
def test_a_form_of_somebody_signed_out_gives_the_words_back(
    name: str,
    words: dict[str, str],
    address: Callable[[str], str],
) -> None:
    """The page shows what was written and the way to sign in; nothing is stored."""
    answer = Client().post(address(name), words)
    page = answer.content.decode()
    assert answer.status_code == 403
    for text in words.values():
        assert (escape(text) in page) is (text != "kind=image")
    assert f"{reverse('account_login')}?next=" in page


@pytest.mark.parametrize("name", [n for n in POSTED if not n.startswith(("api:", "scim:"))])
def test_a_form_without_words_leads_to_sign_in_and_then_to_its_page(
    name: str,
    address: Callable[[str], str],
) -> None:
    """Its `next` is a page that can be opened, not the address for the form."""
    if name == "review:draft":
        return
    answer = Client().post(address(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_a_script_gets_a_sentence(address: Callable[[str], str]) -> None:
    """The intake's own uploader reads what happened instead of a sign-in page."""
    headers = {"Accept": "application/json"}
    answer = Client().post(address("submissions:submit"), {"note": "x"}, headers=headers)
    assert answer.status_code == 401 and "signed out" in answer.json()["sentence"]
