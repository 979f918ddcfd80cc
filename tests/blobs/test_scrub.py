"""Scrubbing finds damage, marks it, records it and reports it by the exit status."""

from __future__ import annotations

import errno
import io
import os
import random
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command

from audit.models import Event
from blobs import vault
from blobs.models import Blob
from blobs.services import register, store


def scrub(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("scrub", *arguments, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def keep(content: bytes) -> Blob:
    return register(store(io.BytesIO(content)), "image/png")


def path(blob: Blob) -> Path:
    file = Path(vault.storage().path(vault.name_of(blob.sha256)))
    file.chmod(0o600)
    return file


def flip_a_bit(file: Path, chance: random.Random) -> None:
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("count", "flipped", "deleted", "cut"),
    [(300, 20, 5, 3), pytest.param(1000, 15, 10, 0, marks=pytest.mark.slow)],
)
def test_every_flipped_bit_and_every_deleted_file_is_found_in_one_scrub(
    count: int, flipped: int, deleted: int, cut: int
) -> None:
    """28 of 300 and 25 of 1,000: all of them are found, and no other is accused."""
    chance = random.Random(1)
    blobs = [keep(chance.randbytes(chance.randrange(1, 5_000))) for _ in range(count)]
    hurt = chance.sample(blobs, flipped + deleted + cut)
    wanted = {}
    for number, blob in enumerate(hurt):
        if number < flipped:
            flip_a_bit(path(blob), chance)
            wanted[blob.sha256] = "hash"
        elif number < flipped + deleted:
            path(blob).unlink()
            wanted[blob.sha256] = "missing"
        else:
            path(blob).write_bytes(path(blob).read_bytes() + b"x")
            wanted[blob.sha256] = "size"
    status, output = scrub()
    assert status == 1
    lines = [line for line in output.splitlines() if line.startswith("DAMAGED")]
    assert {line.split()[1] for line in lines} == wanted.keys() and len(lines) == len(wanted)
    assert dict(Blob.objects.exclude(damage="").values_list("sha256", "damage")) == wanted
    assert Event.objects.filter(verb="blob.damaged").count() == len(wanted)


@pytest.mark.django_db
def test_damage_is_recorded_once_and_repair_too() -> None:
    """A second scrub is still red and adds no event; after a repair it is green and says so."""
    blob = keep(b"precious")
    original = path(blob).read_bytes()
    path(blob).write_bytes(b"precioux")
    assert [scrub()[0], scrub()[0]] == [1, 1]
    path(blob).write_bytes(original)
    assert scrub()[0] == 0
    verbs = Event.objects.order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["blob.stored", "blob.damaged", "blob.repaired"]
    assert Blob.objects.get().damage == ""


@pytest.mark.django_db
def test_the_same_upload_repairs_the_row_as_well() -> None:
    """Good bytes come in again: file healed, mark taken away, on record."""
    blob = keep(b"precious")
    path(blob).write_bytes(b"precioux")
    scrub()
    assert keep(b"precious").damage == ""
    assert scrub()[0] == 0
    assert Event.objects.filter(verb="blob.repaired").count() == 1


class DyingDisk(FileSystemStorage):
    """Keeps its bytes and cannot read them back, as a disk with bad sectors."""

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        class Dying(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def readinto(self, buffer: object) -> int:
                raise OSError(errno.EIO, "Input/output error")

        return File(io.BufferedReader(Dying()), name)


@pytest.mark.django_db
def test_a_file_that_the_disk_cannot_read_is_damage(settings: Any) -> None:
    """A bad sector ends neither the scrub nor the search for the next one."""
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {
            "BACKEND": f"{DyingDisk.__module__}.DyingDisk",
            "OPTIONS": {"location": str(settings.HOME / "dying")},
        },
    }
    for number in range(2):
        keep(str(number).encode())
    status, output = scrub()
    assert status == 1 and output.count("unreadable") == 2


@pytest.mark.django_db
def test_shares_add_up_to_all() -> None:
    """Three scrubs of a third each read every file once."""
    for number in range(10):
        keep(str(number).encode())
    for _ in range(3):
        scrub("--share", "1/3")
    assert not Blob.objects.filter(checked_at=None).exists()
    with pytest.raises(CommandError):
        call_command("scrub", "--share", "2")


@pytest.mark.django_db
def test_orphans_are_listed_and_removed_only_when_old() -> None:
    """Old bytes without a row and old cut-off uploads go; young ones and owned ones stay."""
    owned, young, old = keep(b"owned"), store(io.BytesIO(b"young")), store(io.BytesIO(b"old"))
    disk = vault.storage()
    assert isinstance(disk, FileSystemStorage)
    incoming = Path(disk.location) / vault.INCOMING
    torn, fresh = incoming / "torn.part", incoming / "fresh.part"
    torn.write_bytes(b"torn")
    fresh.write_bytes(b"fresh")
    yesterday = time.time() - 25 * 3600
    for file in (path(owned), path(Blob(sha256=old.sha256)), torn):
        os.utime(file, (yesterday, yesterday))
    status, output = scrub("--orphans")
    assert status == 0 and "2 files without an owner, 7 bytes." in output
    assert vault.exists(old.sha256)
    _, output = scrub("--orphans", "--remove")
    assert output.count("removed") == 2
    assert not vault.exists(old.sha256) and not torn.exists()
    assert vault.exists(owned.sha256) and vault.exists(young.sha256) and fresh.exists()


@pytest.mark.django_db
def test_another_storage_is_scrubbed_the_same_way(settings: Any) -> None:
    """Over a storage that is no disk: damage and orphans are found too."""
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    blobs = [keep(content) for content in (b"one", b"two", b"three")]
    store(io.BytesIO(b"nobody's"))
    place = vault.storage()
    place.delete(vault.name_of(blobs[0].sha256))
    place.delete(vault.name_of(blobs[1].sha256))
    place.save(vault.name_of(blobs[1].sha256), io.BytesIO(b"TWO"))
    assert scrub()[0] == 1
    damage = dict(Blob.objects.values_list("sha256", "damage"))
    assert [damage[blob.sha256] for blob in blobs] == ["missing", "hash", ""]
    assert "0 files" in scrub("--orphans")[1]
