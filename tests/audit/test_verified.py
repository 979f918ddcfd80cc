"""`audit verify --new`: from the last verified checkpoint on, and never from a forged one."""

from __future__ import annotations

import json
import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit import exporting, notes
from audit.keys import signing_key
from audit.models import Checkpoint, Comparison, Event
from audit.sealer import seal
from tests.audit.helpers import note, triggers_off

CHAINS = [uuid.UUID(int=n) for n in range(3)]


def verify(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    try:
        call_command("audit", "verify", "--json", *arguments, stdout=out, stderr=StringIO())
    except SystemExit:
        pass
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def more(count: int) -> None:
    for number in range(count):
        note(CHAINS[number % 3], data={"n": number})
    seal()


def alter(event: int) -> None:
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_event SET who = 'user:mallory' WHERE id = %s", [event])


@pytest.fixture
def verified(db: None) -> None:
    more(9)
    assert verify()["ok"]
    more(6)
    note(CHAINS[0])


def test_only_what_came_since_is_taken_and_the_next_run_goes_on_from_there(verified: None) -> None:
    first = verify("--new")
    assert (first["ok"], first["verified_before"], first["events"], first["sealed"]) == (
        True, 9, 7, 15,
    ), first["problems"]  # fmt: skip
    second = verify("--new")
    assert (second["ok"], second["verified_before"], second["events"]) == (True, 15, 1)


def test_without_an_earlier_run_everything_is_taken(db: None) -> None:
    more(9)
    assert (verify("--new")["events"], verify("--new")["verified_before"]) == (9, 9)


def test_an_event_altered_since_is_found(verified: None) -> None:
    last = Event.objects.order_by("-pk").values_list("pk", flat=True)
    for altered in (last[0], last[3]):
        alter(altered)
        found = verify("--new")
        assert not found["ok"] and altered in [p["event"] for p in found["problems"]]
    assert Comparison.objects.exclude(note="").count() == 1, "a run with findings signs nothing"


def test_an_event_altered_before_is_found_by_the_whole_run(verified: None) -> None:
    first = Event.objects.order_by("pk").values_list("pk", flat=True)[2]
    alter(first)
    assert verify("--new")["ok"], "it looks at nothing that was verified before"
    found = verify()
    assert not found["ok"] and found["first_bad_event"]["event"] == first


def test_an_event_taken_from_a_chain_is_missed(verified: None) -> None:
    gone = Event.objects.order_by("-pk").values_list("pk", flat=True)[2]
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event WHERE id = %s", [gone])
    found = verify("--new")
    assert not found["ok"] and gone in [p["event"] for p in found["problems"]]


def test_a_forged_checkpoint_of_the_last_run_is_refused(verified: None) -> None:
    """Signed by another key, moved to another size, or a common checkpoint passed off as one."""
    kept = Comparison.objects.exclude(note="").get()
    last = Checkpoint.objects.latest("size")
    other = notes.SigningKey.make(signing_key().name)
    statement = notes.Statement(f"{other.name}/audit-verified", last.size, bytes(last.root),
                           last.sealed_at)  # fmt: skip
    for forged in (
        other.sign(statement.text()),
        kept.note.replace("\n9\n", "\n15\n"),
        last.note,
        "x",
    ):
        Comparison.objects.create(whole=True, rows=0, ok=True, said="", note=forged)
        found = verify("--new")
        assert not found["ok"] and "forged" in found["problems"][0]["what"], forged
        assert found["events"] == 0
    assert verify()["ok"], "the whole run needs no earlier one"
    assert verify("--new")["verified_before"] == 15


def test_a_changed_checkpoint_row_is_no_ground_to_go_on_from(verified: None) -> None:
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_checkpoint SET frontier = %s WHERE size = 9", [b"\0" * 64])
    found = verify("--new")
    assert not found["ok"] and "not the one that was verified" in found["problems"][0]["what"]


def test_memory_grows_with_what_is_new_alone(verified: None) -> None:
    base = Checkpoint.objects.get(size=9)
    lines = list(exporting.lines_since(base, lambda _: iter(())))
    assert sum(line["t"] == "event" for line in lines) == 7
    assert sum(line["t"] == "checkpoint" for line in lines) == 2


def test_new_goes_with_this_sites_own_keys_alone(db: None) -> None:
    with pytest.raises(CommandError, match="leave out"):
        call_command("audit", "verify", "--new", "--at-least", "3")
