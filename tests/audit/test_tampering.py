"""Fourteen ways to change history as a superuser, at any position: each is found and named.

The attacker may switch every trigger off and knows how hashes, heads and leaves are made. What they
do not have is the sealing key and the anchor file.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from audit import notes
from audit.checking import verify_database
from audit.hashing import GENESIS, event_hash, microseconds
from audit.merkle import Tree
from audit.models import Checkpoint, Event, Leaf
from audit.reporting import Report
from audit.sealer import seal
from tests.audit.helpers import note, triggers_off

CHAINS = [uuid.UUID(int=number) for number in range(1, 4)]
EVENTS = 100
STEP = int(os.environ.get("TAMPER_STEP", "0"))
EVERY = 9
"""Events between two checkpoints."""
Tamper = Callable[[int], int | None]
"""Changes history at an event; returns the id of the event that must be named first, or None."""


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def at(position: int) -> Event:
    return Event.objects.order_by("id")[position]


def rehash(chain: uuid.UUID) -> None:
    """Write a chain anew from its first event, head included."""
    prev = GENESIS
    for event in Event.objects.filter(chain=chain).order_by("seq"):
        hash_ = event_hash(
            chain, event.seq, prev, microseconds(event.recorded_at), bytes(event.payload)
        )
        sql("UPDATE audit_event SET prev_hash=%s, hash=%s WHERE id=%s", prev, hash_, event.id)
        prev = hash_
    sql("UPDATE audit_chainhead SET hash=%s WHERE chain=%s", prev, chain)


def regrow(key: notes.SigningKey | None) -> None:
    """Write leaves and checkpoints anew; sign them with `key`, or leave the old signatures."""
    tree = Tree()
    checkpoints = {checkpoint.size: checkpoint for checkpoint in Checkpoint.objects.all()}
    for leaf in Leaf.objects.order_by("index"):
        hash_ = bytes(Event.objects.get(pk=leaf.event_id).hash)
        sql("UPDATE audit_leaf SET hash=%s WHERE index=%s", hash_, leaf.index)
        tree.append(hash_)
        if checkpoint := checkpoints.get(tree.size):
            statement = notes.Statement(
                checkpoint.note.split("\n")[0], tree.size, tree.root(), checkpoint.sealed_at
            )
            note = key.sign(statement.text()) if key else checkpoint.note
            sql(
                "UPDATE audit_checkpoint SET root=%s, frontier=%s, note=%s WHERE size=%s",
                tree.root(), tree.packed(), note, tree.size,
            )  # fmt: skip


def edit_a_field(position: int) -> int:
    event = at(position)
    payload = bytes(event.payload).replace(b"media.viewed", b"media.stolen")
    sql("UPDATE audit_event SET payload=%s, verb='media.stolen' WHERE id=%s", payload, event.id)
    return event.id


def edit_a_search_column(position: int) -> int:
    event = at(position)
    sql("UPDATE audit_event SET who='user:mallory' WHERE id=%s", event.id)
    return event.id


def delete(position: int) -> int:
    event = at(position)
    sql("DELETE FROM audit_event WHERE id=%s", event.id)
    return event.id


def insert(position: int) -> int:
    """A forged event right behind an existing one, with a hash that fits."""
    old = at(position)
    hash_ = event_hash(
        old.chain, old.seq + 1, bytes(old.hash), microseconds(old.recorded_at), bytes(old.payload)
    )
    sql("ALTER TABLE audit_event DROP CONSTRAINT audit_event_once_in_its_chain")
    sql(
        "INSERT INTO audit_event (chain,seq,prev_hash,hash,payload,xid,recorded_at,verb,who,"
        "object_type,object_id) SELECT chain,seq+1,hash,%s,payload,xid,recorded_at,verb,who,"
        "object_type,object_id FROM audit_event WHERE id=%s",
        hash_, old.id,
    )  # fmt: skip
    return Event.objects.order_by("id").last().id  # type: ignore[union-attr]


def swap(position: int) -> int:
    """Two events change places: what they say, not where they stand."""
    one, two = at(position), at((position + 1) % EVENTS)
    for id_, other in ((one.id, two), (two.id, one)):
        sql("UPDATE audit_event SET payload=%s WHERE id=%s", bytes(other.payload), id_)
    return min(one.id, two.id)


def duplicate(position: int) -> int:
    old = at(position)
    sql("ALTER TABLE audit_event DROP CONSTRAINT audit_event_once_in_its_chain")
    sql(
        "INSERT INTO audit_event (chain,seq,prev_hash,hash,payload,xid,recorded_at,verb,who,"
        "object_type,object_id) SELECT chain,seq,prev_hash,hash,payload,xid,recorded_at,verb,who,"
        "object_type,object_id FROM audit_event WHERE id=%s",
        old.id,
    )
    return Event.objects.order_by("id").last().id  # type: ignore[union-attr]


def truncate_the_tail(position: int) -> None:
    """Everything from an event on is gone: events, leaves and checkpoints; the heads fit."""
    first = at(position)
    sql("DELETE FROM audit_event WHERE id >= %s", first.id)
    sql("DELETE FROM audit_leaf WHERE event_id >= %s", first.id)
    sql("DELETE FROM audit_checkpoint WHERE size > (SELECT count(*) FROM audit_leaf)")
    sql(
        "UPDATE audit_chainhead h SET (seq, hash) = (SELECT e.seq, e.hash FROM audit_event e "
        "WHERE e.chain = h.chain ORDER BY e.seq DESC LIMIT 1) "
        "WHERE EXISTS (SELECT FROM audit_event e WHERE e.chain = h.chain)"
    )
    sql("DELETE FROM audit_chainhead h WHERE NOT EXISTS "
        "(SELECT FROM audit_event e WHERE e.chain = h.chain)")  # fmt: skip


def roll_back_to_an_old_dump(position: int) -> None:
    """The state of an earlier checkpoint, whole and consistent in itself."""
    sizes = list(Checkpoint.objects.values_list("size", flat=True))
    size = sizes[position % (len(sizes) - 1)]
    truncate_the_tail(size)


def rewrite_the_chain_forward(position: int) -> int:
    """Edit one event and make all that follows in its chain fit again."""
    id_ = edit_a_field(position)
    rehash(at(position).chain)
    return id_


def rewrite_everything_but_the_signature(position: int) -> int:
    """Chain, leaves, roots and frontiers fit again; only the signature cannot."""
    edit_a_field(position)
    rehash(at(position).chain)
    regrow(None)
    return -1


def change_seq(position: int) -> int:
    event = at(position)
    sql("UPDATE audit_event SET seq = seq + 1000 WHERE id=%s", event.id)
    return event.id


def change_time(position: int) -> int:
    event = at(position)
    sql(
        "UPDATE audit_event SET recorded_at = recorded_at - interval '1 hour' WHERE id=%s", event.id
    )
    return event.id


def swap_object_hashes(position: int) -> int:
    """One event claims the bytes of another, and its chain is made to fit."""
    event = at(position)
    payload = bytes(event.payload)
    old = event.content["object"]["sha256"].encode()
    sql("UPDATE audit_event SET payload=%s WHERE id=%s", payload.replace(old, b"0" * 64), event.id)
    rehash(event.chain)
    return event.id


def re_sign_with_another_key(position: int) -> int:
    """Everything fits, with signatures of a key that nobody knows."""
    edit_a_field(position)
    rehash(at(position).chain)
    name = Checkpoint.objects.order_by("size")[0].note.split("\n")[0].removesuffix("/audit")
    regrow(notes.SigningKey.make(name))
    return -1


def disable_the_trigger_then_edit(position: int) -> int:
    """The one way that leaves the guard down; it is found even before the edit is."""
    sql("ALTER TABLE audit_event DISABLE TRIGGER ALL")
    return edit_a_field(position)


def alter_a_checkpoint(position: int) -> None:
    checkpoints = list(Checkpoint.objects.order_by("size"))
    checkpoint = checkpoints[position % len(checkpoints)]
    forged = checkpoint.note.replace(f"\n{checkpoint.size}\n", f"\n{checkpoint.size + 1}\n", 1)
    sql("UPDATE audit_checkpoint SET note=%s WHERE size=%s", forged, checkpoint.size)


def remove_a_checkpoint(position: int) -> None:
    sizes = list(Checkpoint.objects.values_list("size", flat=True))
    sql("DELETE FROM audit_checkpoint WHERE size=%s", sizes[position % len(sizes)])


OPERATIONS: list[Tamper] = [
    edit_a_field,
    delete,
    insert,
    swap,
    duplicate,
    truncate_the_tail,
    roll_back_to_an_old_dump,
    rewrite_the_chain_forward,
    change_seq,
    change_time,
    swap_object_hashes,
    re_sign_with_another_key,
    disable_the_trigger_then_edit,
    alter_a_checkpoint,
    # and three more, for good measure
    remove_a_checkpoint,
    edit_a_search_column,
    rewrite_everything_but_the_signature,
]


@pytest.fixture(scope="module")
def past(shared_home: Path) -> None:
    """A hundred events in three chains, under a checkpoint for every nine."""
    write_history()
    with connection.cursor() as cursor:  # no check of these rows waits when a test alters a table
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def history(db: None, past: None) -> None:
    """As it was written, in the home that holds its keys and its anchor."""


def write_history() -> None:
    for number in range(EVENTS):
        with transaction.atomic():
            note(CHAINS[number % 3], object_sha256=f"{number + 1:064x}", data={"number": number})
        if number % EVERY == EVERY - 1:
            seal()
    seal()


class Undo(Exception):
    """Takes the tampering back, so that the next position starts from the same history."""


def tampered(tamper: Tamper, position: int) -> tuple[Report, int | None]:
    try:
        with transaction.atomic(), triggers_off():
            expected = tamper(position)
            report = verify_database([], None)
            raise Undo
    except Undo:
        return report, expected


def check(tamper: Tamper, position: int) -> None:
    report, expected = tampered(tamper, position)
    assert not report.ok, f"{tamper.__name__} at {position} was not noticed"
    if expected is not None and expected > 0:
        assert report.first_bad_event, report.as_text()
        assert report.first_bad_event.event == expected, report.as_text()


@pytest.mark.parametrize("tamper", OPERATIONS, ids=lambda tamper: tamper.__name__)
def test_every_tampering_is_found(history: None, tamper: Tamper) -> None:
    """Whatever is done, wherever: the record does not verify, and the first bad event is named.
    Both ends and eight positions that differ from run to run; TAMPER_STEP=1 tries all (minutes)."""
    if STEP:
        for position in range(0, EVENTS, STEP):
            check(tamper, position)
        return

    @given(position=st.integers(0, EVENTS - 1))
    @example(position=0)
    @example(position=EVENTS - 1)
    @settings(
        max_examples=10,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def anywhere(position: int) -> None:
        check(tamper, position)

    anywhere()
    assert verify_database([], None).ok


def test_a_forged_root_names_where_the_trouble_begins(history: None) -> None:
    """Where only the signature is left to tell, the stretch between two checkpoints is named."""
    good = [event.id for event in Event.objects.order_by("id")]
    report, _ = tampered(re_sign_with_another_key, 13)
    bad = report.first_bad_event
    assert bad and bad.event == good[9], report.as_text()
    assert "anchor" in bad.what


def test_an_untouched_history_raises_no_alarm(history: None) -> None:
    """No finding, no warning, everything sealed."""
    report = verify_database([], None)
    assert (report.ok, report.warnings) == (True, [])
    assert (report.events, report.sealed, report.checkpoints, report.anchored) == (100, 100, 12, 12)
