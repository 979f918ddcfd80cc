"""Everything stored about a person, in one zip for that person."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit.models import Event
from audit.verbs import Verb
from blobs import vault
from tests.people import Person, Send


def test_a_person_gets_account_submissions_and_media_and_nothing_of_others(
    alice: Person, bob: Person, send: Send, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = [send(alice, n, name=f"photo{n}.png", note="a note") for n in (1, 2)]
    send(bob, 3, name="canary.png")
    file = tmp_path / "alice.zip"
    call_command("users", "export", alice.user.email, str(file))
    assert "2 submissions" in capsys.readouterr().out
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as found:
        assert found.testzip() is None
        account = json.loads(found.read("account.json"))
        assert account["email"] == alice.user.email
        assert account["teams"][0]["team__name"] == "Newsroom"
        assert alice.user.password not in found.read("account.json").decode()
        document = json.loads(found.read(f"submissions/{mine[0].pk}.json"))
        assert document["submission"]["note"] == "a note"
        for one in mine:
            assert vault.name_of(one.blob_id).endswith(one.blob_id)
            stored = Path(vault.storage().path(vault.name_of(one.blob_id))).read_bytes()
            assert found.read(f"media/{one.blob_id}") == stored
        assert len(found.namelist()) == 5
        assert not any(b"canary" in found.read(name) for name in found.namelist())
    event = Event.objects.get(verb=Verb.USER_EXPORTED)
    assert event.object_id == str(alice.user.pk)


def test_nothing_is_written_over_and_damaged_media_is_named(
    alice: Person, send: Send, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submission = send(alice)
    file = tmp_path / "alice.zip"
    file.write_bytes(b"other")
    with pytest.raises(CommandError, match="exists already"):
        call_command("users", "export", alice.user.email, str(file))
    assert file.read_bytes() == b"other" and len(list(tmp_path.glob("*.part"))) == 0
    vault.storage().delete(vault.name_of(submission.blob_id))
    call_command("users", "export", alice.user.email, str(tmp_path / "second.zip"))
    assert str(submission.pk) in capsys.readouterr().err
    with pytest.raises(CommandError, match="Say which file"):
        call_command("users", "export", alice.user.email)
