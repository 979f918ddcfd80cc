"""Every sentence has its German, every template marks its sentences, and one thing has one word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo

from config import messages

ROOT = Path(messages.ROOT)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{[^{}]*\}")
DOMAINS = ("django", "djangojs")
NOT_FOR_PEOPLE = {"styleguide.html"}
WRONG_WORDS = {
    r"\blog(ged|ging)? (in|out)\b": "sign in, sign out",
    r"\blogins?\b": "session, sign-in",
    r"\be-mails?\b": "email",
    r"\bletters?\b": "email",
    r"\bfilms?\b": "video",
    r"\bset aside\b": "needs attention",
    r"\brun out\b": "expired",
    r"\bin (whose|your|somebody's) hands\b": "assigned to",
    r"\btry (anew|again what)\b": "retry",
    r"\bastray\b": "not found",
    r"\banew\b": "again",
    r"\bplease\b": "(nothing)",
    r"\bsimply\b": "(nothing)",
    r"\bstands? (in|on|beside|by)\b": "is",
    r"\btold\b": "shown, reported",
    r"\bmeanwhile\b": "in the meantime",
    r"\bat hand\b": "available",
    r"\bfor good\b": "permanently",
    r"\bon (its|their) way\b": "being sent",
    r"^(?-i:Of) (a|an|the|those|what|all) ": "For a ..., In a ...: subject first",
    r"!$": "(no exclamation marks)",
}
"""docs/style.md has the list; text in languages and proper terms are exempt below."""
EXEMPT = ("made from film", "digitised from film")


def catalog(domain: str) -> Catalog:
    return messages.read(messages.files("de")[domain], "de")


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_sentence_lacks_its_german_and_none_is_guessed(domain: str) -> None:
    """What the sources say now; `make messages` adds what is new."""
    now = messages.updated(catalog(domain), messages.found(domain), "de")
    assert messages.missing(now) == [], "run `make messages`, and write the German"
    assert {m.id for m in now} == {m.id for m in catalog(domain)}, "run `make messages`"


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_translation_keeps_what_stands_in_braces(domain: str) -> None:
    """A name that is lost would be a number or a person that is lost."""
    wrong = {}
    for message in catalog(domain):
        if not message.id:
            continue
        english = message.id if isinstance(message.id, str) else message.id[-1]
        wanted = set(PLACEHOLDER.findall(english))
        for text in _forms(message):
            if set(PLACEHOLDER.findall(text)) != wanted:
                wrong[str(message.id)] = text
    assert wrong == {}


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_is_compiled_is_what_is_written(domain: str) -> None:
    path = messages.files("de")[domain]
    with path.with_suffix(".mo").open("rb") as file:
        compiled = {str(m.id): _forms(m) for m in read_mo(file) if m.id}
    written = {str(list(m.id) if m.pluralizable else m.id): _forms(m) for m in catalog(domain)}
    assert compiled == {id: forms for id, forms in written.items() if id}, "run `make messages`"


def _forms(message: Message) -> tuple[str, ...]:
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(string)


@pytest.mark.parametrize(
    "template", TEMPLATES, ids=[str(t.relative_to(ROOT / "templates")) for t in TEMPLATES]
)
def test_a_template_marks_every_sentence(template: Path) -> None:
    if template.name not in NOT_FOR_PEOPLE:
        assert messages.unmarked(template) == []


def test_a_forgotten_mark_is_found(tmp_path: Path) -> None:
    """In text, in a spoken attribute and in an argument; what is marked is none."""
    page = tmp_path / "page.html"
    page.write_text(
        '<p title="A spoken title">{% translate "Marked" %} Bare words</p>'
        '{% include "x.html" with heading="Bare heading" text=_("Marked text") %}'
    )
    assert messages.unmarked(page) == ["Bare heading", "Bare words", "A spoken title"]


def test_one_thing_has_one_word() -> None:
    """The word list of docs/style.md over all that pages, mails, refusals and checks can say."""
    wrong = []
    for domain in DOMAINS:
        for message in messages.found(domain):
            for text in [message.id] if isinstance(message.id, str) else message.id:
                if text in EXEMPT or message.place.endswith("card.json"):
                    continue
                wrong += [
                    f"{text!r}: write {better!r}"
                    for word, better in WRONG_WORDS.items()
                    if re.search(word, text, re.I)
                ]
    assert wrong == []
