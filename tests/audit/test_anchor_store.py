"""Checkpoints in a bucket, which all machines of a site share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from django.core.management import call_command
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from audit.anchor_store import AnchorStore, _name
from audit.anchors import line_of
from audit.checking import verify_database
from audit.keys import mark_file
from audit.sealer import SealRefused, seal
from config.s3 import s3_deadlines
from operations import doctor_of_record
from operations.doctor import anchor_store
from tests.audit.helpers import note
from tests.media_bucket import BUCKET, MediaBucket, descriptions, running

pytestmark = pytest.mark.django_db


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaBucket]:
    """The site's anchor is in a bucket of a real S3 server too."""
    pytest.importorskip("boto3")
    pytest.importorskip("moto.server")
    monkeypatch.setattr("botocore.session.create_loader", descriptions)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with running() as server:
        server.client.create_bucket(Bucket=BUCKET)
        options = {**server.options, "location": "anchor",
                   "client_config": s3_deadlines(server.options)}  # fmt: skip
        kind = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "anchor": kind}
        settings.AUDIT_ANCHOR_STORAGE_SECONDS = 1e-6
        yield server


def kept(bucket: MediaBucket) -> list[str]:
    found = bucket.client.list_objects_v2(Bucket=BUCKET, Prefix="anchor/").get("Contents", [])
    return [one["Key"].removeprefix("anchor/") for one in found]


def test_each_checkpoint_lies_in_the_bucket_under_the_number_of_its_events(
    bucket: MediaBucket,
) -> None:
    """The record verifies against them."""
    for _ in range(2):
        note(uuid.uuid4())
        assert seal()
    assert kept(bucket) == ["0000/0000/0000/0001.json", "0000/0000/0000/0002.json"]
    report = verify_database([], None)
    assert report.ok and report.anchored == 2 and report.warnings == [], report.as_text()


def test_checkpoints_are_so_far_apart_as_the_site_asks_and_the_newest_is_never_left_out(
    bucket: MediaBucket, settings: Any
) -> None:
    """One that came too soon is written when its time has come, though nothing new was sealed."""
    settings.AUDIT_ANCHOR_STORAGE_SECONDS = 3600
    for _ in range(3):
        note(uuid.uuid4())
        assert seal()
    assert kept(bucket) == ["0000/0000/0000/0001.json"]
    settings.AUDIT_ANCHOR_STORAGE_SECONDS = 1e-6
    assert seal() is None
    assert kept(bucket) == ["0000/0000/0000/0001.json", "0000/0000/0000/0003.json"]


def test_a_rollback_that_took_files_and_mark_with_it_is_seen_by_the_bucket(
    bucket: MediaBucket, settings: Any
) -> None:
    """Sealing stops, and the report says what the bucket knows."""
    file: Path = settings.AUDIT_ANCHOR_FILE
    note(uuid.uuid4())
    seal()
    cut, mark = file.read_text(), mark_file().read_text()
    point = transaction.savepoint()
    note(uuid.uuid4())
    seal()
    transaction.savepoint_rollback(point)
    file.write_text(cut)
    mark_file().write_text(mark)
    report = verify_database([], None)
    assert not report.ok and "2 sealed events" in report.as_text(), report.as_text()
    note(uuid.uuid4())
    with pytest.raises(SealRefused, match="knows 2 sealed events"):
        seal()


def test_a_forged_checkpoint_in_the_bucket_is_a_finding(bucket: MediaBucket) -> None:
    """Whatever lies there and cannot be read counts as tampered with, not as absent."""
    note(uuid.uuid4())
    seal()
    bucket.client.put_object(Bucket=BUCKET, Key="anchor/0000/0000/0000/0007.json", Body=b"[]")
    assert not verify_database([], None).ok
    note(uuid.uuid4())
    with pytest.raises(SealRefused, match="cannot be trusted"):
        seal()


def test_an_old_checkpoint_under_a_higher_number_is_a_finding(bucket: MediaBucket) -> None:
    """It would stand in the way of newer ones, though its signature is right."""
    note(uuid.uuid4())
    seal()
    old = bucket.client.get_object(Bucket=BUCKET, Key="anchor/0000/0000/0000/0001.json")
    name = "0000/0000/0000/0077.json"
    bucket.client.put_object(Bucket=BUCKET, Key=f"anchor/{name}", Body=old["Body"].read())
    report = verify_database([], None)
    assert not report.ok and name in report.as_text(), report.as_text()
    (found,) = anchor_store()
    assert found.level == "error" and "nothing is sealed" in found.said
    note(uuid.uuid4())
    with pytest.raises(SealRefused, match="cannot be trusted"):
        seal()
    bucket.client.delete_object(Bucket=BUCKET, Key=f"anchor/{name}")
    assert seal() and list(anchor_store()) == []


def test_an_emptied_bucket_is_filled_and_the_log_says_so(
    bucket: MediaBucket, caplog: pytest.LogCaptureFixture
) -> None:
    """A site's first sealing finds it empty too, and says nothing."""
    note(uuid.uuid4())
    seal()
    assert "is empty" not in caplog.text
    bucket.client.delete_object(Bucket=BUCKET, Key="anchor/0000/0000/0000/0001.json")
    seal()
    assert "AUDIT_ANCHOR_STORAGE is empty" in caplog.text
    assert kept(bucket) == ["0000/0000/0000/0001.json"]


def test_a_bucket_that_takes_nothing_is_told_by_the_doctor(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be read, so nothing else would tell."""
    settings.STORAGES = {
        **settings.STORAGES,
        "anchor": {"BACKEND": f"{__name__}.ReadOnly", "OPTIONS": {"location": str(tmp_path)}},
    }
    settings.AUDIT_ANCHOR_STORAGE_SECONDS = 1e-6
    note(uuid.uuid4())
    seal()
    assert list(anchor_store()) == [], "it may still come"
    monkeypatch.setattr(doctor_of_record, "PATIENCE", timedelta(0))
    (found,) = anchor_store()
    assert found.level == "error" and "0 of 1 sealed" in found.said and "add" in found.mend


class ReadOnly(FileSystemStorage):
    def _save(self, name: str, content: Any) -> str:
        raise PermissionError(13, "Permission denied", name)


def test_a_bucket_that_is_away_holds_up_nothing_and_catches_up(bucket: MediaBucket) -> None:
    """Meanwhile the report names it, and doctor says what to do."""
    bucket.go_away()
    note(uuid.uuid4())
    assert seal()
    report = verify_database([], None)
    assert report.ok and "AUDIT_ANCHOR_STORAGE" in report.as_text(), report.as_text()
    (found,) = anchor_store()
    assert found.level == "error" and "AUDIT_ANCHOR_STORAGE" in found.said
    bucket.come_back()
    note(uuid.uuid4())
    assert seal() and kept(bucket) == ["0000/0000/0000/0002.json"]


def test_an_anchor_that_was_named_later_is_filled_by_the_next_sealing(
    bucket: MediaBucket, settings: Any
) -> None:
    """By hand with `manage.py audit seal`, although nothing is new."""
    store = settings.STORAGES.pop("anchor")
    note(uuid.uuid4())
    seal()
    settings.STORAGES = {**settings.STORAGES, "anchor": store}
    assert not verify_database([], None).ok
    call_command("audit", "seal", stdout=StringIO())
    assert kept(bucket) == ["0000/0000/0000/0001.json"] and verify_database([], None).ok


def test_only_newer_checkpoints_are_read_where_newer_ones_are_asked_for(tmp_path: Path) -> None:
    read: list[str] = []

    class Counting(FileSystemStorage):
        def open(self, name: str, mode: str = "rb") -> Any:
            read.append(name)
            return super().open(name, mode)

    store = AnchorStore(lambda: Counting(tmp_path), timedelta())
    for size in (1, 9_999, 10_000, 123_456_789):
        store.write(f"origin\n{size}\n", lambda known: [])
    read.clear()
    assert [one.split("\n")[1] for one, _ in store.notes(10_000)] == ["123456789", "10000"]
    assert read == ["0000/0001/2345/6789.json", "0000/0000/0001/0000.json"]


@given(st.lists(st.integers(1, 10**15), unique=True, max_size=12))
def test_the_largest_is_the_last_in_whatever_order_they_were_written(sizes: list[int]) -> None:
    storage = InMemoryStorage()
    for size in sizes:
        storage.save(_name(size), ContentFile(line_of(f"o\n{size}\n")))
    store = AnchorStore(lambda: storage, timedelta())
    last = store.last()
    assert (int(last.split("\n")[1]) if last else None) == max(sizes, default=None)
    assert [int(one.split("\n")[1]) for one, _ in store.notes()] == sorted(sizes, reverse=True)
