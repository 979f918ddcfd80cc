"""`manage.py audit`: a stranger with an export, a public key and an anchor can check everything."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection

from audit import notes
from audit.hashing import GENESIS, event_hash
from audit.keys import public_key_file
from audit.merkle import Tree
from audit.sealer import seal
from tests.audit.helpers import note, triggers_off

PLATFORM = django_settings.ROOT / "platform"


def command(*arguments: object) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("audit", *map(str, arguments), stdout=out, stderr=StringIO())
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def alone(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The verifier as an outsider runs it: no Django settings, no database, nothing of ours."""
    return subprocess.run(
        [sys.executable, "-m", "audit.verifying", *map(str, arguments)],
        env={"PYTHONPATH": str(PLATFORM), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def history(db: None) -> None:
    chains = [uuid.uuid4() for _ in range(3)]
    for number in range(9):
        note(chains[number % 3], data={"n": number})
        if number in {3, 6}:
            seal()


@pytest.mark.parametrize("name", ["record.jsonl", "record.jsonl.gz"])
def test_an_export_verifies_without_us(
    history: None, tmp_path: Path, name: str, settings: Any
) -> None:
    """Key and anchor given, nothing else of ours at hand: whole, and every figure is there."""
    export = tmp_path / name
    status, output = command("export", export)
    assert status == 0 and "9 events" in output
    done = alone(
        export, "--json", "--public-key", public_key_file(), "--anchor", settings.AUDIT_ANCHOR_FILE
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"], report["warnings"]) == (0, True, [])
    assert (report["events"], report["sealed"], report["chains"]) == (9, 7, 3)
    assert report["key_trusted"] and report["checkpoints"] == report["anchored"] == 2
    status, output = command("verify", "--export", export)
    assert status == 0 and "who signed it" in output


def test_the_verifier_imports_no_django(tmp_path: Path) -> None:
    """It runs where Django is not."""
    code = "import audit.verifying, sys; print([m for m in sys.modules if 'django' in m])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(PLATFORM)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_changed_line_of_an_export_is_found(history: None, tmp_path: Path) -> None:
    """Each line of the file: without it, or with a word changed, the export does not verify."""
    export = tmp_path / "record.jsonl"
    command("export", export)
    lines = export.read_text().splitlines(keepends=True)
    for number in range(len(lines)):
        export.write_text("".join(lines[:number] + lines[number + 1 :]))
        status, output = command("verify", "--export", export, "--public-key", public_key_file())
        assert status == 1, f"without line {number}: {lines[number]}\n{output}"
    for number, line in enumerate(lines):
        if '"t":"event"' in line:
            changed = line.replace("media.viewed", "media.hidden")
            export.write_text("".join([*lines[:number], changed, *lines[number + 1 :]]))
            status, output = command("verify", "--export", export)
            assert status == 1
            assert f"event {json.loads(line)['id']} " in output


def test_a_torn_or_foreign_file_is_no_whole_record(history: None, tmp_path: Path) -> None:
    """Cut, not compressed rightly, or something else: told as such, without a traceback."""
    export = tmp_path / "record.jsonl.gz"
    command("export", export)
    whole = export.read_bytes()
    for content in (whole[: len(whole) // 2], b"GIF89a", gzip.compress(b"[1, 2]\n"), b""):
        export.write_bytes(content)
        done = alone(export)
        assert done.returncode == 1, done
        assert "Traceback" not in done.stderr


def test_the_first_bad_event_is_named_in_the_database(history: None) -> None:
    """Status 1 and the event's number, in words and in JSON."""
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_event SET who = 'user:mallory' WHERE id = (SELECT max(id) - 2 FROM "
            "audit_event) RETURNING id"
        )
        id_ = cursor.fetchone()[0]
    status, output = command("verify")
    assert status == 1
    assert f"event {id_} " in output
    _, output = command("verify", "--json")
    assert json.loads(output)["first_bad_event"]["event"] == id_


def test_wrong_usage_is_not_a_finding(db: None, tmp_path: Path) -> None:
    """A file that is not there is an error of the caller, with status 2."""
    for arguments in (
        ("verify", "--export", str(tmp_path / "none")),
        ("verify", "--anchor", str(tmp_path / "none")),
        ("verify", "--public-key", "nonsense"),
    ):
        with pytest.raises(CommandError) as refused:
            call_command("audit", *arguments)
        assert refused.value.returncode == 2


def test_sealing_and_keys_by_hand(history: None) -> None:
    """`seal` prints the signed note, `keys` the key to check it with."""
    status, output = command("seal")
    assert (
        status == 0
        and "2 events sealed, 9 in all" in output
        and "\N{EM DASH} touchstone-" in output
    )
    assert command("seal") == (0, "Nothing new to seal.\n")
    assert command("keys")[1] == public_key_file().read_text()


def big_export(file: Path, events: int) -> str:
    """An export such as `exporting.py` writes, made without a database; returns its public key."""
    key, tree = notes.SigningKey.make("big"), Tree()
    lines: list[dict[str, Any]] = []
    heads: dict[UUID, tuple[int, bytes]] = {}
    who = {"kind": "user", "id": "1", "via": "password", "token": "", "role": ""}
    thing = {"type": "thing", "id": "1", "sha256": "ab" * 32}
    payload = json.dumps({"verb": "media.viewed", "who": who, "object": thing, "why": "x" * 200})
    for number in range(events):
        chain = UUID(int=number % 5_000)
        seq, prev = heads.get(chain, (0, GENESIS))
        hash_ = event_hash(chain, seq + 1, prev, number, payload.encode())
        lines.append(
            {
                "t": "event", "leaf": number, "id": number + 1, "leaf_hash": hash_.hex(),
                "chain": str(chain), "seq": seq + 1, "prev": prev.hex(), "hash": hash_.hex(),
                "xid": 1, "at": number, "verb": "media.viewed", "who": "user:1",
                "object_type": "thing", "object_id": "1", "payload": payload,
            }
        )  # fmt: skip
        heads[chain] = (seq + 1, hash_)
        tree.append(hash_)
    now = datetime.now(UTC)
    note = key.sign(notes.Statement("big/audit", events, tree.root(), now).text())
    before = [
        {"t": "header", "version": 2, "at": events, "keys": [], "guards": []},
        {"t": "checkpoint", "size": events, "root": tree.root().hex(),
         "frontier": tree.packed().hex(), "note": note},
    ]  # fmt: skip
    after: list[dict[str, object]] = [
        {"t": "head", "chain": str(chain), "seq": seq, "hash": hash_.hex()}
        for chain, (seq, hash_) in heads.items()
    ]
    after.append({"t": "end", "events": events, "checkpoints": 1, "rows": 0})
    with gzip.open(file, "wt", compresslevel=1) as out:
        out.writelines(json.dumps(line) + "\n" for line in [*before, *lines, *after])
    return str(key.public)


def test_a_hundred_thousand_events_verify_in_thirty_seconds(tmp_path: Path) -> None:
    """Offline, from a compressed file, on one machine."""
    export = tmp_path / "record.jsonl.gz"
    key = big_export(export, 100_000)
    began = time.monotonic()
    done = alone(export, "--json", "--public-key", key)
    seconds = time.monotonic() - began
    report = json.loads(done.stdout)
    assert report["ok"] and report["sealed"] == 100_000, report
    print(f"100,000 events verified offline in {seconds:.1f} s")
    assert seconds <= 30
