"""The targets of backups: a folder and a bucket behave alike and report each mistake in a
sentence."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

import blobs.services
from audit.models import Event
from audit.verbs import Verb
from audit.who import SYSTEM
from blobs import scrubbing, vault
from operations.backups import making, restoring
from operations.backups.sealed import BackupFailed, Target, identity, make_identity, recipient
from tests.people import Person, Send


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Any, Any]:
    """Whom a backup is for, and who opens it."""
    secret, public = make_identity()
    (tmp_path / "identity").write_text(f"# public key: {public}\n{secret}\n")
    return recipient(public), identity(tmp_path / "identity")


@pytest.fixture(params=["folder", "bucket"])
def target(
    request: pytest.FixtureRequest, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Target]:
    if request.param == "folder":
        yield Target(str(tmp_path / "backups"))
        return
    boto3 = pytest.importorskip("boto3")
    moto = pytest.importorskip("moto.server")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "touchstone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    boto3.client("s3", region_name="us-east-1", endpoint_url=url).create_bucket(Bucket="backups")
    settings.STORAGES = {
        **settings.STORAGES,
        "backup": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": "backups", "region_name": "us-east-1", "endpoint_url": url,
                "addressing_style": "path",
            },
        },
    }  # fmt: skip
    yield Target(None)
    server.stop()


def written(target: Target, name: str, by: Any) -> bytes:
    with target.read(name, by) as file:
        return file.read()


def test_what_is_written_is_read_back_encrypted_and_replaced_whole(
    target: Target, keys: tuple[Any, Any]
) -> None:
    to, by = keys
    assert not target.has("one/file") and target.folders() == []
    target.write("one/file", io.BytesIO(b"canary" * 50_000), to)
    assert target.has("one/file")
    assert written(target, "one/file", by) == b"canary" * 50_000
    assert b"canary" not in target.read_clear("one/file.age")
    target.write("one/file", io.BytesIO(b"other"), to)
    assert written(target, "one/file", by) == b"other"
    assert target.files("one") == ["file.age"] and target.folders() == ["one"]
    target.delete("one/file.age")
    assert not target.has("one/file")


def test_a_missing_cut_or_foreign_file_is_told_in_a_sentence(
    target: Target, keys: tuple[Any, Any], tmp_path: Path
) -> None:
    to, by = keys
    with pytest.raises(BackupFailed, match=r"lacks the file one\.age"), target.read("one", by):
        pass
    target.write("one", io.BytesIO(b"x" * 200_000), to)
    sealed = target.read_clear("one.age")
    for spoilt in (sealed[:100_000], sealed[:-1], b"", b"no age file"):
        target.write_clear("one.age", io.BytesIO(spoilt))
        with pytest.raises(BackupFailed, match="cannot be decrypted"), target.read("one", by):
            pass
    secret, _ = make_identity()
    (tmp_path / "other").write_text(secret)
    target.write_clear("one.age", io.BytesIO(sealed))
    with (
        pytest.raises(BackupFailed, match="another identity"),
        target.read("one", identity(tmp_path / "other")),
    ):
        pass


def test_only_the_newest_backups_and_their_media_are_kept(
    target: Target, keys: tuple[Any, Any]
) -> None:
    to, _ = keys
    older, newer, cut_off = "20261101T000000Z", "20261102T000000Z", "20261101T120000Z"
    for name, media in ((older, "aa"), (newer, "bb")):
        listed = f"{media * 32} 1\n{'cc' * 32} 1\n".encode()
        target.write_clear(f"{name}/media.list", io.BytesIO(listed))
        target.write(f"{name}/manifest.json", io.BytesIO(b"{}"), to)
    target.write(f"{cut_off}/keys.tar", io.BytesIO(b"-"), to)
    for media in ("aa", "bb", "cc"):
        target.write(making.media_name(media * 32), io.BytesIO(b"x"), to)
    assert making.names(target) == [older, newer]
    lines: list[str] = []
    making.prune(target, 1, lines.append)
    assert making.names(target) == [newer]
    assert not target.has(f"{cut_off}/keys.tar")
    assert lines == ["2 older backups and 1 media files of theirs are deleted."]
    kept = [target.has(making.media_name(media * 32)) for media in ("aa", "bb", "cc")]
    assert kept == [False, True, True]


@pytest.mark.django_db(transaction=True)
def test_media_alone_are_brought_back_to_a_living_site(
    alice: Person, send: Send, keys: tuple[Any, Any], settings: Any, tmp_path: Path
) -> None:
    """What is missing or damaged in the store is repaired from a backup; the rest is left alone.
    What a rule removed since stays removed."""
    target, (to, by) = Target(str(tmp_path / "backups")), keys
    hashes = [send(alice, shade).blob_id for shade in range(4)]
    name = making.make(target, str(to), lambda _: None)
    files = [Path(vault.storage().path(vault.name_of(one))) for one in hashes]
    before = [file.read_bytes() for file in files]
    with transaction.atomic():
        blobs.services.let_go(hashes[3], is_needed=lambda: False, who=SYSTEM, why="retention")
    assert not files[3].exists()
    files[0].unlink()
    files[1].chmod(0o640)
    files[1].write_bytes(b"spoilt")
    lines: list[str] = []
    restoring.media_only(target, name, by, lines.append)
    assert lines[-1] == "2 media files were missing or damaged and are restored."
    assert [file.read_bytes() for file in files[:3]] == before[:3] and not files[3].exists()
    assert {blob.pk for blob in scrubbing.due()} == set(hashes[:3])
    event = Event.objects.get(verb=Verb.BACKUP_MADE)
    with target.read(f"{name}/manifest.json", by) as manifest:
        assert event.content["object"]["sha256"] == hashlib.sha256(manifest.read()).hexdigest()


def test_wrong_recipients_and_places_are_told(tmp_path: Path, settings: Any) -> None:
    with pytest.raises(BackupFailed, match="no age recipient"):
        recipient("age1nonsense")
    with pytest.raises(BackupFailed, match="Name a folder"):
        Target(None)
    with pytest.raises(BackupFailed, match="no age identity"):
        identity(tmp_path / "missing")
    (tmp_path / "file").write_text("x")
    target = Target(str(tmp_path / "file"))
    with pytest.raises(BackupFailed, match="place of the backups does not work"):
        target.write_clear("one", io.BytesIO(b"x"))
