"""Keys are made once for a site. A machine without them, or with others, refuses and makes none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from audit import fingerprints, subjects
from audit.keys import KeysRefused, signing_key, trusted_keys
from audit.models import Subject
from audit.sealer import seal
from audit.services import record, site_chain
from audit.verbs import Verb
from audit.who import SYSTEM
from tests.conftest import live_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_installed(settings: Any) -> None:
    settings.AUDIT_MAKE_KEYS = False


def event(number: str) -> None:
    chain = site_chain("x")
    record(chain=chain, verb=Verb.USER_CREATED, who=SYSTEM, object_type="x", object_id=number)


def keys_in(home: Path) -> set[str]:
    return {file.name for file in (home / "keys").glob("*")} if (home / "keys").exists() else set()


def test_init_makes_each_key_once(own_home: Path) -> None:
    first = fingerprints.init()
    kept = {n: (own_home / "keys" / n).read_bytes() for n in keys_in(own_home)}
    names = {"audit_signing.key", "audit_signing.pub", "audit_subjects.key", "report_signing.key",
             "report_signing.pub"}  # fmt: skip
    assert names == set(kept)
    states = [line.split(": ")[1].split(" ")[0] for line in first]
    assert states == ["made", "made", "noted", "made"]
    assert all(": kept" in line for line in fingerprints.init())
    assert {n: (own_home / "keys" / n).read_bytes() for n in keys_in(own_home)} == kept
    assert fingerprints.problems() == []


def test_a_second_machine_without_keys_refuses_and_makes_none(
    own_home: Path, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fingerprints.init()
    second = tmp_path_factory.mktemp("second")
    live_in(settings, second)
    with pytest.raises(SystemExit) as ended:
        fingerprints.refuse_to_serve_with_other_keys()
    assert ended.value.code == fingerprints.BOOT_FAILED
    with pytest.raises((KeysRefused, CommandError)):
        call_command("keys", "init")
    with pytest.raises(KeysRefused):
        signing_key()
    assert keys_in(second) == set()


def test_a_second_machine_with_keys_of_its_own_is_told_which(
    own_home: Path, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fingerprints.init()
    live_in(settings, tmp_path_factory.mktemp("second"))
    settings.AUDIT_MAKE_KEYS = True  # as an old version did
    signing_key()
    problems = " ".join(fingerprints.problems())
    assert "signing key on this machine is not the one" in problems


def test_two_machines_with_the_same_keys_serve_and_seal_one_record(
    own_home: Path, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fingerprints.init()
    record(
        chain=site_chain("x"), verb=Verb.USER_CREATED, who=SYSTEM, object_type="x", object_id="1"
    )
    assert seal()
    second = tmp_path_factory.mktemp("second")
    shutil.copytree(own_home / "keys", second / "keys")
    live_in(settings, second)
    fingerprints.refuse_to_serve_with_other_keys()
    record(
        chain=site_chain("x"), verb=Verb.USER_CREATED, who=SYSTEM, object_type="x", object_id="2"
    )
    assert seal()


def test_a_new_signing_key_keeps_what_the_old_one_signed(own_home: Path) -> None:
    fingerprints.init()
    record(
        chain=site_chain("x"), verb=Verb.USER_CREATED, who=SYSTEM, object_type="x", object_id="1"
    )
    seal()
    call_command("keys", "rotate", "signing")
    record(
        chain=site_chain("x"), verb=Verb.USER_CREATED, who=SYSTEM, object_type="x", object_id="2"
    )
    assert seal() and len(trusted_keys()) == 2 and fingerprints.problems() == []
    call_command("audit", "verify")


def test_a_new_subject_key_reads_old_texts_and_frees_them_of_the_old_key(
    own_home: Path, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On two machines: the second reads all once the file was copied, and the old key goes."""
    fingerprints.init()
    file: Path = settings.AUDIT_SUBJECT_KEY_FILE
    old = file.read_text()
    before = subjects.keep(uuid4(), "note", "from before")
    call_command("keys", "rotate", "subject")
    assert file.read_text().endswith(old) and file.stat().st_mode & 0o777 == 0o600
    after = subjects.keep(uuid4(), "note", "from after")
    second = tmp_path_factory.mktemp("second")
    shutil.copytree(own_home / "keys", second / "keys")
    live_in(settings, second)
    fingerprints.refuse_to_serve_with_other_keys()
    assert subjects.read_all([before, after]) == {before: "from before", after: "from after"}
    live_in(settings, own_home)
    call_command("keys", "rewrap")
    assert len(file.read_text().split()) == 1 and old not in file.read_text()
    assert subjects.read_all([before, after]) == {before: "from before", after: "from after"}
    file.write_text(old)
    assert subjects.read_all([before, after]) == {}, "the old key opens nothing any more"
    assert "subject key on this machine is not the one" in " ".join(fingerprints.problems())


def test_a_rotation_that_was_cut_off_before_it_was_noted_goes_on(
    own_home: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprints.init()
    text = subjects.keep(uuid4(), "note", "kept")
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(fingerprints, "_becomes", _cut_off)
        fingerprints.rotate_subject()
    lines = settings.AUDIT_SUBJECT_KEY_FILE.read_text()
    assert fingerprints.problems() and subjects.read(text) == "kept"
    call_command("keys", "rotate", "subject")
    assert settings.AUDIT_SUBJECT_KEY_FILE.read_text() == lines
    assert fingerprints.problems() == []


@pytest.mark.parametrize("kind", ["signing", "subject"])
def test_a_key_whose_folder_takes_no_new_file_is_left_as_it_is(
    own_home: Path, settings: Any, kind: str
) -> None:
    """As where a secret store mounts it. Here the name is too long for a neighbour."""
    fingerprints.init()
    setting = {"signing": "AUDIT_SIGNING_KEY_FILE", "subject": "AUDIT_SUBJECT_KEY_FILE"}[kind]
    file: Path = getattr(settings, setting)
    setattr(settings, setting, file.rename(file.with_name("k" * 249)))
    before = getattr(settings, setting).read_text()
    with pytest.raises(CommandError, match=r"cannot be written.*secret store"):
        call_command("keys", "rotate", kind)
    assert getattr(settings, setting).read_text() == before and fingerprints.problems() == []


def test_a_subject_key_that_no_line_opens_keeps_the_file(own_home: Path, settings: Any) -> None:
    fingerprints.init()
    subjects.keep(uuid4(), "note", "lost")
    Subject.objects.update(wrapped_key=b"x" * 60)
    call_command("keys", "rotate", "subject")
    with pytest.raises(CommandError, match="1 are opened by no key"):
        call_command("keys", "rewrap")
    assert len(settings.AUDIT_SUBJECT_KEY_FILE.read_text().split()) == 2


def _cut_off(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_changed_secret_key_needs_the_old_one_among_its_fallbacks(
    own_home: Path, settings: Any
) -> None:
    fingerprints.init()
    old, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 60
    assert "SECRET_KEY on this machine" in " ".join(fingerprints.problems())
    with pytest.raises(CommandError, match="SECRET_KEY_FALLBACKS"):
        call_command("keys", "rotate", "secret")
    settings.SECRET_KEY_FALLBACKS = [old]
    call_command("keys", "rotate", "secret")
    assert fingerprints.problems() == []
