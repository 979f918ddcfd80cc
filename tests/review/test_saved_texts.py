"""Saved texts: kept by the team on *Deciding*, inserted into the form of a decision."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from audit.models import Event
from media_analysis.review.models import Case, DecisionText, Draft, Policy, SavedText
from media_analysis.review.services import cases, saved_texts
from tests.people import Person, Send
from tests.refusals import refuses
from tests.review.appealing import wrong_on_record
from tests.review.test_services import opened

SEAM = "A seam along the jaw in {file}, against {policy}."


@pytest.fixture
def text(lead: Person) -> SavedText:
    return saved_texts.add(lead.actor, lead.team, "/Seam", SEAM)


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    return opened(alice, send)


def test_a_lead_adds_and_removes_a_text_on_record(text: SavedText, lead: Person) -> None:
    """Each with its event; the name stands without its slash, in small letters."""
    assert (text.name, text.text) == ("seam", SEAM)
    saved_texts.remove(lead.actor, text)
    assert not SavedText.objects.exists()
    with refuses("saved_text_gone"):
        saved_texts.remove(lead.actor, text)
    events = Event.objects.filter(verb="policy.changed").order_by("id")
    changes = [(one.object_type, one.content["data"]["how"]) for one in events]
    assert changes == [("saved_text", "added"), ("saved_text", "removed")]
    assert wrong_on_record() == []


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("two words", "x", "saved_text_name"),
        ("x" * 31, "x", "saved_text_name"),
        ("-", "x", "saved_text_name"),
        ("a", "  ", "saved_text_length"),
        ("a", "x" * 501, "saved_text_length"),
        ("a", "ask dora@example.org", "saved_text_holds_address"),
        ("a", "seen by {reviewer}", "saved_text_placeholder"),
        ("seam", "another", "saved_text_name_taken"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    text: SavedText, lead: Person, name: str, words: str, code: str
) -> None:
    with refuses(code):
        saved_texts.add(lead.actor, lead.team, name, words)
    assert SavedText.objects.count() == 1


def test_a_team_has_so_many_and_only_leads_keep_them(
    alice: Person, lead: Person, charlie: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_texts, "MOST", 1)
    saved_texts.add(lead.actor, lead.team, "a", "x")
    with refuses("too_many_saved_texts"):
        saved_texts.add(lead.actor, lead.team, "b", "x")
    for person in (alice, charlie):
        with refuses("not_allowed"):
            saved_texts.add(person.actor, lead.team, "b", "x")


def test_without_a_script_a_button_adds_it_and_keeps_what_was_written(
    text: SavedText, case: Case, alice: Person, charlie: Person
) -> None:
    """At the end of the reason, with policy and file filled in; nothing is decided. Charlie finds
    no such case, and nobody another team's text."""
    policy = Policy.objects.create(team=case.team, name="Faces")
    held = cases.claim(alice.actor, case.pk)
    address = reverse("review:insert_text", args=[case.pk])
    written = {"fence": held.fence, "outcome": "manipulated", "policy": policy.pk,
               "reason": "As seen.", "note": "ask the desk", "saved_text": text.pk}  # fmt: skip
    assert alice.client().post(address, written).status_code == 302
    words = DecisionText.of_dict(Draft.objects.get().words)
    assert words.reason == "As seen. A seam along the jaw in photo.png, against Faces."
    assert (words.outcome, words.note, words.policy_id) == (
        "manipulated",
        "ask the desk",
        policy.pk,
    )
    page = alice.client().get(reverse("review:case", args=[case.pk])).content.decode()
    assert "against Faces." in page and "/seam" in page
    assert charlie.client().post(address, written).status_code == 404
    theirs = SavedText.objects.create(team=charlie.team, name="theirs", text="canary")
    alice.client().post(address, {**written, "saved_text": theirs.pk})
    assert "canary" not in Draft.objects.get().words["reason"]
    case.refresh_from_db()
    assert case.state == "claimed"


def test_what_has_no_value_stays_in_braces() -> None:
    assert saved_texts.filled(SEAM, {"file": "a.png", "policy": ""}) == (
        "A seam along the jaw in a.png, against {policy}."
    )


@pytest.mark.parametrize("name", ["Two", "a b", ""])
def test_the_database_refuses_a_name_that_cannot_be_typed(text: SavedText, name: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("update review_savedtext set name = %s", [name])


def test_the_page_deciding_keeps_them(lead: Person, alice: Person) -> None:
    """Added, listed, removed; a mistake is told at the field."""
    client, address = lead.client(), reverse("teams:deciding", args=[lead.team.pk])
    answer = client.post(address, {"text_name": "seam", "text": SEAM})
    assert answer.status_code == 302
    assert "A seam along the jaw" in client.get(address).content.decode()
    wrong = client.post(address, {"text_name": "b", "text": "{reviewer}"})
    assert wrong.status_code == 422 and "Write reviewer without braces" in wrong.content.decode()
    remove = reverse("teams:remove_text", args=[lead.team.pk, SavedText.objects.get().pk])
    assert alice.client().post(remove).status_code == 403
    client.post(remove)
    assert not SavedText.objects.exists()
