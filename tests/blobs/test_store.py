"""Storing: once, whole, under the hash, or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import Event
from audit.who import SYSTEM
from blobs import vault
from blobs.errors import Damaged, Empty, Gone, TooLarge
from blobs.models import Blob
from blobs.services import delete, opened, register, remove_unclaimed, store


def files(home: Path) -> list[Path]:
    return [path for path in (home / "blobs").rglob("*") if path.is_file()]


@given(content=st.binary(min_size=1, max_size=200_000))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
def test_what_goes_in_comes_out(content: bytes) -> None:
    """Any bytes come back as they were, under their SHA-256, as a real file."""
    stored = store(io.BytesIO(content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.size == len(content)
    assert stored.head == content[:4096]
    with opened(stored.sha256) as file:
        assert os.fstat(file.fileno()).st_size == len(content)
        assert file.read() == content


def test_a_blob_lies_under_its_hash_and_nothing_else_is_left(own_home: Path) -> None:
    """One file, read-only, no leftovers."""
    stored = store(io.BytesIO(b"touch"))
    [file] = files(own_home)
    sha = stored.sha256
    assert file == own_home / "blobs" / "sha256" / sha[:2] / sha[2:4] / sha
    assert file.stat().st_mode & 0o777 == 0o440


def test_nothing_is_refused(own_home: Path) -> None:
    """No bytes are no file."""
    with pytest.raises(Empty) as refused:
        store(io.BytesIO())
    assert refused.value.code == "empty"
    assert files(own_home) == []


def test_too_much_is_refused_while_it_streams(own_home: Path) -> None:
    """Reading stops soon after the limit, however much the sender has."""

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"x" * size

    endless = Endless()
    with pytest.raises(TooLarge) as refused:
        store(endless, max_bytes=3_000_000)  # type: ignore[arg-type]
    assert refused.value.code == "too_large"
    assert endless.given <= 3_000_000 + vault.CHUNK
    assert files(own_home) == []
    assert store(io.BytesIO(b"x" * 3_000), max_bytes=3_000).size == 3_000


def test_twenty_writers_of_the_same_bytes_store_one_blob(own_home: Path) -> None:
    """Put-if-absent: one file, one writer that was first, nineteen that are told so."""
    content = os.urandom(3_000_000)
    start, results = threading.Barrier(20), []

    def write() -> None:
        start.wait()
        results.append(store(io.BytesIO(content)))

    threads = [threading.Thread(target=write) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({stored.sha256 for stored in results}) == 1
    assert [stored.already_there for stored in results].count(False) == 1
    [file] = files(own_home)
    assert file.read_bytes() == content


def test_damaged_bytes_are_never_handed_out(own_home: Path) -> None:
    """A changed, a cut and a missing file each say what they are, and the reader gets nothing."""
    stored = store(io.BytesIO(b"a" * 10_000))
    [file] = files(own_home)
    file.chmod(0o600)
    blob = Blob(sha256=stored.sha256, size=stored.size)
    for content, fault in ((b"a" * 9_999 + b"b", "hash"), (b"a" * 9_999, "size")):
        file.write_bytes(content)
        with pytest.raises(Damaged) as refused, opened(blob):
            pass
        assert refused.value.fault == fault
    file.unlink()
    with pytest.raises(Damaged) as refused, opened(stored.sha256):
        pass
    assert refused.value.fault == "missing"


def test_the_same_upload_heals_a_damaged_blob(own_home: Path) -> None:
    """Bytes that do not fit their name are not the blob, so good ones take their place."""
    stored = store(io.BytesIO(b"good bytes"))
    [file] = files(own_home)
    file.chmod(0o600)
    file.write_bytes(b"evil bytes")
    assert store(io.BytesIO(b"good bytes")).already_there is False
    with opened(stored.sha256) as healed:
        assert healed.read() == b"good bytes"


@pytest.mark.django_db
def test_the_same_bytes_give_the_same_row_and_one_event() -> None:
    """Registering twice is one blob, stored once in the record too."""
    first = register(store(io.BytesIO(b"once")), "image/png")
    again = register(store(io.BytesIO(b"once")), "image/png")
    assert first == again
    assert Blob.objects.get().size == 4
    assert [event.verb for event in Event.objects.all()] == ["blob.stored"]


@pytest.mark.django_db
def test_a_row_without_bytes_cannot_be_registered() -> None:
    """Bytes first, row second: where the bytes have gone, there is no row."""
    stored = store(io.BytesIO(b"fleeting"))
    assert remove_unclaimed(stored.sha256)
    with pytest.raises(Gone):
        register(stored, "image/png")
    assert not Blob.objects.exists()


@pytest.mark.django_db
def test_claimed_bytes_are_not_removed_as_unclaimed() -> None:
    """Removal looks at the rows once more, under the lock."""
    stored = store(io.BytesIO(b"claimed"))
    register(stored, "image/png")
    assert not remove_unclaimed(stored.sha256)
    assert vault.exists(stored.sha256)


@pytest.mark.django_db(transaction=True)
def test_deleting_takes_the_bytes_only_when_the_row_is_gone_for_good() -> None:
    """A rolled-back deletion keeps the bytes; a committed one removes them and is on record."""
    stored = store(io.BytesIO(b"to forget"))
    with transaction.atomic():
        register(stored, "image/png")
    with pytest.raises(RuntimeError), transaction.atomic():
        delete(stored.sha256, who=SYSTEM, why="retention")
        raise RuntimeError
    assert vault.exists(stored.sha256)
    with transaction.atomic():
        assert delete(stored.sha256, who=SYSTEM, why="retention")
    assert not vault.exists(stored.sha256)
    assert Event.objects.get(verb="blob.deleted").content["why"] == "retention"


@pytest.mark.parametrize("content", [b"x", os.urandom(2_500_000)])
def test_a_store_that_is_no_disk_keeps_the_same_promises(settings: Any, content: bytes) -> None:
    """Over any other Django storage: stored once, checked, handed out as a real local file."""
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    stored = store(io.BytesIO(content))
    assert store(io.BytesIO(content)).already_there
    with opened(stored.sha256) as file:
        assert os.fstat(file.fileno()).st_size == len(content)
        assert file.read() == content
    name = vault.name_of(stored.sha256)
    vault.storage().delete(name)
    vault.storage().save(name, io.BytesIO(b"something else"))
    with pytest.raises(Damaged), opened(stored.sha256):
        pass
    assert not store(io.BytesIO(content)).already_there
    with opened(stored.sha256) as file:
        assert file.read() == content
