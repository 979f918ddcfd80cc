"""Team notes on a case, and whom they mention: for the team alone."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

import ml.services
from accounts.models import Membership, Role, User
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.review.models import Case, CaseNote, DecisionText, Mention, RoutingRule
from media_analysis.review.services import cases, notes
from media_analysis.submissions.models import Submission
from operations.exporting import account
from tests.partners.test_errors_listed import erase
from tests.people import Person, Send, member
from tests.refusals import refuses
from tests.review.appealing import wrong_on_record
from tests.review.test_services import opened

TEXT = "The shadow falls to the left. Canary."


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    return opened(alice, send)


def called(person: Person, name: str, email: str = "") -> Person:
    User.objects.filter(pk=person.user.pk).update(name=name, email=email or person.user.email)
    person.user.refresh_from_db()
    return person


@pytest.fixture
def bo(bob: Person) -> Person:
    return called(bob, "Bo Lind", "bo@example.org")


def read(who: Person, case: Case) -> str:
    return who.client().get(reverse("review:case", args=[case.pk])).content.decode()


def test_a_note_is_written_at_any_time_on_record(alice: Person, bob: Person, case: Case) -> None:
    """Whoever holds the case and after it is decided, each with its author; none is altered."""
    notes.write(bob.actor, case.pk, f"  {TEXT}\r\n")
    held = cases.claim(alice.actor, case.pk)
    cases.decide(alice.actor, case.pk, held.fence, DecisionText("manipulated", "seam"))
    notes.write(alice.actor, case.pk, "Agreed.")
    found = notes.of(alice.actor, case, only_own=False)
    assert [(one.author, one.text) for one in found] == [
        (bob.user, TEXT),
        (alice.user, "Agreed."),
    ]
    events = Event.objects.filter(verb=Verb.CASE_NOTED)
    assert len(events) == 2 and "Canary" not in str([one.content for one in events])
    with pytest.raises(DatabaseError), transaction.atomic():
        CaseNote.objects.update(text="other")
    assert wrong_on_record() == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" \n", "note_missing"),
        ("x" * 2001, "note_too_long"),
        ("ask @Nobody now", "mention_unknown"),
    ],
)
def test_what_cannot_be_a_note_is_refused(alice: Person, case: Case, text: str, code: str) -> None:
    with refuses(code):
        notes.write(alice.actor, case.pk, text)
    assert not CaseNote.objects.exists()


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@Bo Lind, look", ["Bo Lind"]),
        ("please @bo lind.", ["Bo Lind"]),
        ("(@Bo) and again @Bo", ["Bo Lind"]),
        ("@bo@example.org: look", ["Bo Lind"]),
        ("@Ann Ek and @Bo", ["Ann Ek", "Bo Lind"]),
        ("write to bo@example.org, or meet @ noon", []),
    ],
)
def test_a_name_after_an_at_mentions(
    alice: Person, bo: Person, viewer: Person, case: Case, text: str, who: list[str]
) -> None:
    """A full name, an address or a first name, in any case; an address in running text is none."""
    called(viewer, "Ann Ek")
    note = notes.write(alice.actor, case.pk, text)
    assert sorted(str(one.person) for one in note.mentions.all()) == who


def test_a_longer_word_and_a_name_of_two_are_no_mention(
    alice: Person, bo: Person, lead: Person, case: Case
) -> None:
    """Two people with the same name are never guessed at: the email address decides."""
    with refuses("mention_unknown"):
        notes.write(alice.actor, case.pk, "@Bobby")
    called(lead, "Bo Ek", "bo.ek@example.org")
    with refuses("mention_ambiguous"):
        notes.write(alice.actor, case.pk, "@Bo look")
    note = notes.write(alice.actor, case.pk, "@bo.ek@example.org look")
    assert [one.person for one in note.mentions.all()] == [lead.user]


def test_strangers_are_not_mentioned_and_not_told_apart_from_nobody(
    alice: Person, charlie: Person, bo: Person, case: Case
) -> None:
    """Somebody of another team, nobody at all, and who left: one and the same sentence."""
    called(charlie, "Cy Vance", "cy@example.org")
    Membership.objects.filter(user=bo.user).delete()
    answers = set()
    for name in ("Cy", "Qq", "Bo"):
        with pytest.raises(Refusal) as caught:
            notes.write(alice.actor, case.pk, f"@{name} look")
        answers.add(caught.value.sentence.replace(name, "?"))
    assert len(answers) == 1 and not Mention.objects.exists()


def test_charlie_and_viewers_write_nothing(charlie: Person, viewer: Person, case: Case) -> None:
    for person in (charlie, viewer):
        with pytest.raises(Case.DoesNotExist):
            notes.write(person.actor, case.pk, TEXT)
    notes_of_others = CaseNote.objects.for_actor(charlie.actor)
    assert not notes_of_others.exists() and not Mention.objects.for_actor(charlie.actor).exists()


def test_the_mentioned_person_finds_it_until_the_case_is_open(
    alice: Person, bo: Person, charlie: Person, case: Case
) -> None:
    """On the queue with a number, under Mentions, and on the case; then it is no news."""
    answer = alice.client().post(
        reverse("review:note", args=[case.pk]), {"text": f"@Bo {TEXT}"}, follow=True
    )
    assert "The note was added" in answer.content.decode()
    queue, own = reverse("review:queue"), reverse("review:mentions")
    page = bo.client().get(queue).content.decode()
    assert "1 new" in page and "You were mentioned" in page and TEXT in page
    assert "1 new" not in alice.client().get(queue).content.decode()
    assert TEXT not in charlie.client().get(own).content.decode()
    assert "Mentions you" in read(bo, case) and "Mentions you" not in read(bo, case)
    assert "1 new" not in bo.client().get(queue).content.decode()
    assert TEXT in bo.client().get(own).content.decode()
    Membership.objects.filter(user=bo.user).update(team=charlie.team)
    assert TEXT not in bo.client().get(own).content.decode()


def test_a_refused_note_comes_back_in_its_field(alice: Person, case: Case) -> None:
    answer = alice.client().post(reverse("review:note", args=[case.pk]), {"text": "@Zoe why?"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "@Zoe why?</textarea>" in page
    assert "Nobody who can see this case is called Zoe" in page


def test_partners_and_senders_read_no_note(alice: Person, bob: Person, case: Case) -> None:
    """Not in REST, not on the result page, not in its export."""
    notes.write(bob.actor, case.pk, TEXT)
    assert TEXT in read(alice, case)
    for name in ("submissions:detail", "submissions:download", "api:submission-detail"):
        answer = alice.client().get(reverse(name, args=[case.submission_id]))
        assert answer.status_code == 200 and "Canary" not in b"".join(answer).decode()


def test_while_two_decide_each_sees_only_their_own(
    alice: Person, bo: Person, lead: Person, case: Case
) -> None:
    """Neither the note nor the mention tells the second of the first; afterwards both are told."""
    RoutingRule.objects.update_or_create(team=alice.team, defaults={"second_share": 1.0})
    held = cases.claim(alice.actor, case.pk)
    cases.decide(alice.actor, case.pk, held.fence, DecisionText("manipulated", "seam"))
    notes.write(alice.actor, case.pk, f"@Bo {TEXT}")
    assert TEXT not in read(bo, case) and TEXT in read(alice, case)
    assert notes.mentions(bo.actor) == [] and Mention.objects.get().seen_at is None
    held = cases.claim(bo.actor, case.pk)
    cases.decide(bo.actor, case.pk, held.fence, DecisionText("manipulated", "seam"))
    assert len(notes.mentions(bo.actor, only_new=True)) == 1 and TEXT in read(bo, case)


def test_it_is_erased_with_the_submission_and_exported_to_its_author(
    alice: Person, bo: Person, case: Case
) -> None:
    notes.write(alice.actor, case.pk, f"@Bo {TEXT}")
    assert [one["text"] for one in account(alice.user)["team_notes"]] == [f"@Bo {TEXT}"]
    assert account(bo.user)["team_notes"] == [] and len(account(bo.user)["mentioned_in"]) == 1
    ml.services.cancel(case.submission.analysis_id, SYSTEM)
    erase(case.submission)
    assert not CaseNote.objects.exists() and not Submission.objects.exists()


def test_there_is_an_end_to_notes_and_mentions(
    alice: Person, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MOST_NOTES", 1)
    monkeypatch.setattr(notes, "MOST_MENTIONED", 1)
    for name in ("Una One", "Duo Two"):
        called(member(alice.team, Role.VIEWER), name)
    with refuses("too_many_mentions"):
        notes.write(alice.actor, case.pk, "@Una @Duo")
    notes.write(alice.actor, case.pk, "one")
    with refuses("too_many_notes"):
        notes.write(alice.actor, case.pk, "two")
