"""Erasure deletes the text, and the record still verifies."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection, transaction

from audit.checking import verify_database
from audit.models import Event, Subject, SubjectNote
from audit.sealer import seal
from audit.subject_keys import Unreadable
from audit.subjects import erase_subject, keep, read
from audit.who import SYSTEM
from local import postgres
from tests.audit.helpers import note, triggers_off


def dump() -> str:
    name = connection.settings_dict["NAME"]
    return postgres.of_tests().program("pg_dump", "-U", "postgres", "-d", name).stdout


@pytest.mark.django_db
def test_text_is_kept_encrypted_and_read_back() -> None:
    """Whoever holds the commitment and the key reads the text; the same text commits anew."""
    subject = uuid.uuid4()
    one = keep(subject, "file name", "Urlaub – Müller.jpg")
    two = keep(subject, "file name", "Urlaub – Müller.jpg")
    assert one != two
    assert read(one) == read(two) == "Urlaub – Müller.jpg"
    assert Subject.objects.count() == 1
    assert read("00" * 32) is None


@pytest.mark.django_db(transaction=True)
def test_erased_text_is_nowhere_and_the_chain_verifies() -> None:
    """Five subjects with planted words, three erased: their words are in no dump, all verifies."""
    subjects = [uuid.uuid4() for _ in range(5)]
    commitments = []
    for number, subject in enumerate(subjects):
        with transaction.atomic():
            commitment = keep(subject, "note", f"canary-{number}-Erika Mustermann")
            note(subject, data={"text": {"subject": subject, "commitment": commitment}})
        commitments.append(commitment)
    seal()
    hexes = [f"canary-{number}".encode().hex() for number in range(5)]
    before = dump()
    assert "Erika" not in before and not any(text in before for text in hexes)
    assert all(commitment in before for commitment in commitments)
    sealed_texts = [bytes(note.sealed_text).hex() for note in SubjectNote.objects.order_by("id")]
    keys = [bytes(Subject.objects.get(pk=subject).wrapped_key).hex() for subject in subjects]
    assert all(text in before for text in sealed_texts + keys)

    for subject in subjects[:3]:
        event = erase_subject(subject, who=SYSTEM, why="asked_to_be_forgotten")
        assert event and event.content["data"] == {"texts": 1}
    assert erase_subject(subjects[0], who=SYSTEM, why="again") is None

    after = dump()
    assert not any(text in after for text in sealed_texts[:3] + keys[:3])
    assert [read(commitment) for commitment in commitments] == [
        None, None, None, "canary-3-Erika Mustermann", "canary-4-Erika Mustermann",
    ]  # fmt: skip
    seal()
    report = verify_database([], None)
    assert report.ok, report.as_text()
    assert Event.objects.filter(verb="subject.erased").count() == 3


@pytest.mark.django_db
def test_an_erasure_that_is_rolled_back_keeps_the_text() -> None:
    """Text and event go together, or not at all."""
    subject = uuid.uuid4()
    commitment = keep(subject, "note", "still here")
    with pytest.raises(RuntimeError), transaction.atomic():
        erase_subject(subject, who=SYSTEM, why="test")
        raise RuntimeError
    assert read(commitment) == "still here"


@pytest.mark.django_db
def test_text_moved_to_another_subject_does_not_open() -> None:
    """Text, label and subject are bound together."""
    one, two = uuid.uuid4(), uuid.uuid4()
    commitment = keep(one, "note", "mine")
    keep(two, "note", "yours")
    key = Subject.objects.get(pk=one).wrapped_key
    with triggers_off():
        SubjectNote.objects.filter(subject=one).update(subject=two)
        Subject.objects.filter(pk=two).update(wrapped_key=key)
    with pytest.raises(Unreadable):
        read(commitment)


@pytest.mark.django_db
def test_another_key_file_is_told_apart_from_an_erasure(settings: Any) -> None:
    """A lost key file is an error that says so, not an empty answer."""
    commitment = keep(uuid.uuid4(), "note", "text")
    settings.AUDIT_SUBJECT_KEY_FILE = settings.HOME / "another.key"
    with pytest.raises(Unreadable, match="AUDIT_SUBJECT_KEY_FILE"):
        read(commitment)
