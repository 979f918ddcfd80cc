"""Every page in English and in German, as a team's admin and as a site administrator read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html.parser import HTMLParser

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import Role, User
from accounts.refusals import CATALOGUE, Refusal
from accounts.services import invitations, teams
from ml.engine.sentence import joined, say, stored
from ml.language import as_text, from_text, in_words, tree
from tests.people import Person, Send
from tests.urls.test_matrix import MATRIX

PAGES = [name for name, (method, _) in MATRIX.items() if method == "get" and "api:" not in name]
OWN = [
    "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/sessions/",
    "/accounts/language/", "/accounts/login/", "/accounts/password/reset/", "/accounts/signup/",
]  # fmt: skip
ENGLISH = re.compile(
    r"\b(the|and|of|is|are|this|that|with|from|not|you|your|its|has|have|been|for|only|by|"
    r"which|what|when|who|where|once|each)\b", re.I
)  # fmt: skip
"""Words that stand in nearly every English sentence and in no German one."""
TAG = re.compile(r"\([a-z]{2,3}(-\w+)*\)$")
"""Behind the name of a language."""


class Text(HTMLParser):
    """What is read: text and spoken attributes, without code."""

    SILENT = ("script", "style", "code", "kbd", "pre", "svg")
    SPOKEN = ("title", "alt", "aria-label", "placeholder", "data-label")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._silent = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self.SILENT
        self.parts += [value for name, value in attrs if name in self.SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.parts.append(" ".join(data.split()))


def reads(person: User, language: str) -> None:
    User.objects.filter(pk=person.pk).update(language=language)


def sentences(client: Client, url: str) -> tuple[str, list[str]]:
    answer = client.get(url)
    if answer.status_code != 200 or "html" not in answer.headers.get("Content-Type", ""):
        return "", []
    page = answer.content.decode()
    return (page if "<html" in page else ""), Text(page).parts


@pytest.mark.parametrize("who", ["admin", "site_admin"])
def test_every_page_is_german_where_german_was_chosen(
    who: str,
    everybody: dict[str, Client],
    address: Callable[[str], str],
) -> None:
    """No English word is left on any page, and the page says which language it is in."""
    client = everybody[who]
    urls = [*(address(name) for name in PAGES), *OWN]
    reads(User.objects.get(pk=client.session["_auth_user_id"]), "de")
    english, counted = {}, 0
    for url in dict.fromkeys(urls):
        page, found = sentences(client, url)
        counted += bool(page)
        if page:
            assert '<html lang="de">' in page, url
        if left := [text for text in found if ENGLISH.search(TAG.sub("", text))]:
            english[url] = left
    assert english == {}
    assert counted >= 15


@pytest.mark.parametrize("who", ["admin", "site_admin"])
def test_every_page_is_english_where_english_was_chosen(
    who: str,
    everybody: dict[str, Client],
    address: Callable[[str], str],
) -> None:
    """Also in a browser that asks for German: the account's choice stands above it."""
    client = everybody[who]
    reads(User.objects.get(pk=client.session["_auth_user_id"]), "en")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    for url in dict.fromkeys([*(address(name) for name in PAGES), *OWN]):
        page, found = sentences(client, url)
        if page:
            assert '<html lang="en">' in page, url
            assert not [text for text in found if re.search(r"\b(und|nicht|Sie|der)\b", text)], url


def test_a_stranger_is_answered_as_their_browser_asks(client: Client, db: None) -> None:
    """Until they choose: the choice is kept in a cookie that no script reads."""
    login = "/accounts/login/"
    german = client.get(login, headers={"accept-language": "de-AT,de;q=0.9"})
    assert 'lang="de"' in german.content.decode() and german.headers["Content-Language"] == "de"
    assert "Accept-Language" in german.headers["Vary"]
    assert 'lang="en"' in client.get(login).content.decode()
    answer = client.post("/accounts/language/", {"language": "de", "next": login})
    assert answer.headers["Location"] == login and answer.cookies["django_language"]["httponly"]
    assert 'lang="de"' in client.get(login).content.decode()


def test_a_person_chooses_their_language_in_their_account(alice: Person) -> None:
    """It is kept with the account, so another browser speaks it too; empty: as the browser asks."""
    page = "/accounts/language/"
    assert alice.client().post(page, {"language": "de"}).status_code == 302
    assert 'lang="de"' in alice.client().get(page).content.decode()
    assert alice.client().post(page, {"language": "tlh"}).status_code == 400
    alice.client().post(page, {"language": ""})
    assert 'lang="en"' in alice.client().get(page).content.decode()
    away = alice.client().post(page, {"language": "de", "next": "https://example.org/"})
    assert away.headers["Location"] == "/"


def test_dates_and_numbers_are_written_as_the_language_writes_them(
    alice: Person, send: Send
) -> None:
    """20.11.2026 and 2026-11-20; what scripts read stays the same."""
    submission = send(alice)
    url = reverse("submissions:detail", args=[submission.pk])
    moment = submission.created_at
    assert f"{moment:%Y-%m-%d %H:%M} UTC" in alice.client().get(url).content.decode()
    reads(alice.user, "de")
    page = alice.client().get(url).content.decode()
    assert f"{moment:%d.%m.%Y %H:%M} UTC" in page
    assert f'datetime="{moment.isoformat()}"' in page


def test_a_mail_speaks_its_readers_language(
    alice: Person, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]]
) -> None:
    """To two leads, one mail each, in two languages; the mail server sees no mixture."""
    from accounts.actors import SHELL_ACTOR

    readers = [User.objects.create_user(f"{code}@example.org", language=code) for code in
               ("de", "en")]  # fmt: skip
    for reader in readers:
        teams.add_member(SHELL_ACTOR, alice.team, reader, Role.LEAD)
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        invitations.invite(SHELL_ACTOR, alice.team, "gil@example.org", Role.VIEWER)
    bodies = {message.to[0]: message.body for message in mail.outbox}
    assert "wurde in das Team" in bodies["de@example.org"]
    assert "was invited to the team" in bodies["en@example.org"]


def test_a_refusal_is_said_in_the_language_of_the_answer(db: None) -> None:
    """REST keeps the code; its sentence follows Accept-Language, for pages and programs alike."""
    url = reverse("api:submission-list")
    english, german = (
        Client(headers={"accept-language": code}).get(url).json() for code in ("en", "de")
    )
    assert english["code"] == german["code"] == "not_authenticated"
    assert english["detail"] == "Send an API key, or sign in."
    assert german["detail"] == "Senden Sie einen API-Schlüssel, oder melden Sie sich an."
    assert german["title"] == "Nicht angemeldet"


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_refusal_has_a_sentence_in_both_languages(code: str) -> None:
    names = ("name", "person", "team", "email", "service", "scopes", "network", "limit", "most",
             "names", "verdicts", "host", "place", "why",
             "header", "days", "group", "part", "state", "when", "quota", "starts",
             "tag", "now", "languages")  # fmt: skip
    data = {**dict.fromkeys(names, "x"), "permission": "cases.decide", "role": "lead",
            "whose": "team"}  # fmt: skip
    missing = []
    for language in ("en", "de"):
        with translation.override(language):
            missing.append(Refusal(code, **data).sentence)
    assert missing[0] != missing[1] and "{" not in "".join(missing)
    assert 400 <= Refusal(code).status < 600


def test_a_stored_sentence_is_made_when_it_is_read() -> None:
    """The row keeps codes and numbers; German has its comma and its plural."""
    which = say("face.strongest_at", number=3, time="0:12.4", of=9)
    reason = joined(
        say("verdict.ran", count=2, names=["lip_sync", "compression"]),
        say("face_forgery.found_around", face=which, region="the mouth"),
        say("lip_sync.fitting", seconds=8.25),
        "A detector from outside.",
    )
    column = as_text(stored(reason))
    assert "manipulated" not in column and column.startswith('{"said":')
    assert in_words(from_text(column)) == str(reason)
    with translation.override("de"):
        german = in_words(from_text(column))
    assert german.startswith("2 Prüfungen wurden ausgeführt (Lippensynchronität und ")
    assert "Gesicht 3 bei 0:12.4, das stärkste von 9 Gesichtern," in german
    assert "im Bereich des Mundes" in german and "8,2 s" in german
    assert german.endswith("A detector from outside.")


def test_codes_stand_beside_the_sentences_for_programs() -> None:
    finding = stored({"reason": say("voice.asks", flagged=2, judged=3), "version": "1"})
    assert tree(finding, codes=True) == {
        "reason": "The voice resembles machine-made speech in 2 of 3 segments of speech. "
        "That is not enough to decide.",
        "reason_codes": [{"code": "voice.asks", "data": {"flagged": 2, "judged": 3}}],
        "version": "1",
    }
    assert from_text("An older sentence.") == "An older sentence."
