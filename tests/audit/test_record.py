"""Recording: one event, one chain, one transaction."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, transaction

from audit import hashing
from audit.models import ChainHead, Event
from audit.payload import PersonalData
from audit.services import Entry, record_many, site_chain
from audit.verbs import Verb
from audit.who import SYSTEM, Who
from tests.audit.helpers import note


@pytest.mark.django_db
def test_an_event_says_who_what_when_where_and_why() -> None:
    """All seven questions are answered by the bytes that are hashed."""
    event = note(uuid.uuid4(), why="second_look", data={"frame": 3, "rate": 0.5})
    content = Event.objects.get(pk=event.pk).content
    assert content["who"] == {
        "kind": "user", "id": "3f0c", "via": "passkey", "token": "", "role": "moderator",
    }  # fmt: skip
    assert content["verb"] == "media.viewed"
    assert content["object"]["sha256"] == "ab" * 32
    assert set(content["where"]) == {"service", "host", "code", "lock"}
    assert content["why"] == "second_look"
    assert content["data"] == {"frame": 3, "rate": 0.5}


@pytest.mark.django_db
def test_the_database_hashes_as_we_do() -> None:
    """SQL and Python agree on every byte of the preimage."""
    chain = uuid.uuid4()
    events = [note(chain), note(chain, verb=Verb.MEDIA_DOWNLOADED)]
    before = hashing.GENESIS
    for seq, event in enumerate(events, start=1):
        stored = Event.objects.get(pk=event.pk)
        assert (stored.seq, bytes(stored.prev_hash)) == (seq, before)
        before = hashing.event_hash(
            chain, seq, before, hashing.microseconds(stored.recorded_at), bytes(stored.payload)
        )
        assert bytes(stored.hash) == before == event.hash
        for name in ("seq", "xid", "recorded_at", "verb", "who", "object_type", "object_id"):
            assert getattr(stored, name) == getattr(event, name)
    head = ChainHead.objects.get(pk=chain)
    assert (head.seq, bytes(head.hash)) == (2, before)


@pytest.mark.django_db(transaction=True)
def test_an_event_needs_a_transaction() -> None:
    """An event outside the transaction of its change could outlive it, or be outlived."""
    with pytest.raises(transaction.TransactionManagementError):
        note(uuid.uuid4())


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_leaves_no_event_and_no_gap() -> None:
    """The next event after a rollback takes the number that was given back."""
    chain = uuid.uuid4()
    with transaction.atomic():
        note(chain)
    with pytest.raises(RuntimeError), transaction.atomic():
        note(chain)
        raise RuntimeError
    with transaction.atomic():
        assert note(chain).seq == 2


@pytest.mark.django_db
def test_many_events_keep_their_order_within_a_chain() -> None:
    """record_many locks chains in sorted order and keeps the order of events in each."""
    one, two = sorted((uuid.uuid4(), uuid.uuid4()))

    def entry(chain: uuid.UUID, verb: Verb) -> Entry:
        return Entry(
            chain=chain, verb=verb, who=SYSTEM, object_type="thing", object_id="1"
        )  # fmt: skip

    events = record_many(
        [
            entry(two, Verb.CASE_OPENED),
            entry(one, Verb.ANALYSIS_FINISHED),
            entry(two, Verb.CASE_CLAIMED),
        ]
    )
    assert [(event.chain, event.verb) for event in events] == [
        (one, "analysis.finished"),
        (two, "case.opened"),
        (two, "case.claimed"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "more",
    [
        {"why": "asked by alice@example.org"},
        {"data": {"filename": "holiday.jpg"}},
        {"data": {"deep": [{"email": "x"}]}},
        {"who": Who(kind="user", id="alice@example.org", via="password")},
    ],
)
def test_personal_data_is_refused(more: dict[str, object]) -> None:
    """Names, addresses and file names never enter what cannot be forgotten."""
    with pytest.raises(PersonalData):
        note(uuid.uuid4(), **more)


@pytest.mark.django_db
def test_text_that_postgresql_cannot_keep_is_replaced() -> None:
    """A NUL or half a surrogate pair in a value does not stop the change it belongs to."""
    event = note(uuid.uuid4(), data={"code": "a\x00b\ud800", "big": 2**60})
    assert event.content["data"] == {"code": "a\ufffdb\ufffd", "big": str(2**60)}


def test_a_verb_that_is_not_listed_cannot_be_recorded(db: None) -> None:
    """The list of verbs is closed."""
    with pytest.raises(ValueError, match="not a valid Verb"):
        note(uuid.uuid4(), verb="media.stared_at")


def test_site_chains_are_stable_and_differ() -> None:
    """The same name gives the same chain in every process."""
    assert site_chain("accounts") == site_chain("accounts") != site_chain("blobs")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET verb = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "DELETE FROM audit_chainhead",
        "UPDATE audit_chainhead SET seq = seq + 1",
    ],
)
def test_even_the_superuser_is_refused_by_the_triggers(statement: str) -> None:
    """Nobody changes history by accident, not even the owner of the tables."""
    note(uuid.uuid4())
    from django.db import connection

    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)
