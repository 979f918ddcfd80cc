"""`manage.py credentials`: what the Content Credentials of a file are worth, in the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.bad_inputs import credentials
from tests.sandbox import media


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = tmp_path / "signed.jpg"
    path.write_bytes(credentials.identified())
    return path


def test_a_person_reads_sentences(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("credentials", str(signed))
    output = capsys.readouterr().out
    assert "the signature is valid, but the signer (Touchstone tests)" in output
    assert "identity assertion by Example Press" in output
    assert "signers: this site has no list" in output


def test_a_program_reads_crjson_or_all_that_was_read(
    signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("credentials", str(signed), crjson=True)
    assert json.loads(capsys.readouterr().out)["manifests"]
    call_command("credentials", str(signed), json=True)
    assert json.loads(capsys.readouterr().out)["identities"][0]["state"] == "valid"


def test_what_has_none_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plain.jpg"
    path.write_bytes(media.picture("JPEG"))
    call_command("credentials", str(path))
    assert "no Content Credentials" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no crJSON"):
        call_command("credentials", str(path), crjson=True)
    with pytest.raises(CommandError, match="No such file"):
        call_command("credentials", str(tmp_path / "nowhere.jpg"))
    path.write_bytes(b"words")
    with pytest.raises(CommandError, match="not supported"):
        call_command("credentials", str(path))
