"""The services of the media store: store, register, open, delete. Bytes are written first, the row
second."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from django.db import connection, transaction

from audit.services import record, site_chain
from audit.verbs import Verb
from audit.who import SYSTEM, Who

from . import vault
from .errors import Empty, Gone, TooLarge
from .models import Blob, Damage

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Stored:
    sha256: str
    size: int
    head: bytes
    """The first bytes, enough to tell the real type by."""
    already_there: bool


def blob_chain(sha256: str) -> uuid.UUID:
    """Each blob has its own chain of events, so that no two uploads wait for each other."""
    return site_chain(f"blob:{sha256}")


def store(stream: BinaryIO, *, max_bytes: int | None = None) -> Stored:
    """Stream bytes to the store while hashing and counting them. Outside any transaction.

    When this returns, the bytes are on the disk under their hash. Raises `Empty`, `TooLarge` (as
    soon as the limit is passed) or `StorageFull`; then nothing was kept.
    """
    hasher, size, head = hashlib.sha256(), 0, b""
    with vault.arrival() as part:
        while chunk := stream.read(vault.CHUNK):
            size += len(chunk)
            if max_bytes is not None and size > max_bytes:
                raise TooLarge(f"The file is larger than the limit of {max_bytes} bytes.")
            hasher.update(chunk)
            if len(head) < HEAD_BYTES:
                head += chunk[: HEAD_BYTES - len(head)]
            vault.write_all(part, chunk)
        if size == 0:
            raise Empty("The file is empty.")
        sha256 = hasher.hexdigest()
        new = vault.put(part, sha256, size)
    return Stored(sha256, size, head, already_there=not new)


def register(stored: Stored, media_type: str, *, who: Who = SYSTEM) -> Blob:
    """The row for stored bytes, in the caller's transaction. The same bytes give the same row."""
    _in_line_with_removal(stored.sha256, shared=True)
    if not vault.exists(stored.sha256):
        raise Gone("The stored bytes were removed as unclaimed a moment ago; send them again.")
    blob, made = Blob.objects.get_or_create(
        sha256=stored.sha256, defaults={"size": stored.size, "media_type": media_type}
    )
    if made:
        _event(Verb.BLOB_STORED, stored.sha256, who, size=stored.size, media_type=media_type)
    elif Blob.objects.filter(pk=blob.pk, damage=Damage.REMOVED).update(damage=""):
        blob.damage = ""
        _event(Verb.BLOB_STORED, stored.sha256, who, size=blob.size, media_type=blob.media_type)
    elif Blob.objects.filter(pk=blob.pk).exclude(damage="").update(damage=""):
        # `store` read what was there and put these good bytes in the place of damaged ones.
        blob.damage = ""
        _event(Verb.BLOB_REPAIRED, stored.sha256, who, by="upload")
    return blob


@contextmanager
def opened(blob: Blob | str) -> Iterator[BinaryIO]:
    """A local file with a file descriptor, its size and hash checked. Raises `Damaged`."""
    sha256, size = (blob, None) if isinstance(blob, str) else (blob.sha256, blob.size)
    with vault.opened(sha256, size) as file:
        yield file


def unchecked(blob: Blob | str) -> BinaryIO:
    """To read a part of a file at once, without reading all of it first. Only for what no finding
    rests on, such as our own copies: unless it is missing, what is damaged is not noticed."""
    return vault.opened_unchecked(blob if isinstance(blob, str) else blob.sha256)


def delete(sha256: str, *, who: Who, why: str) -> bool:
    """Forget a blob: the row in the caller's transaction, the bytes once that has committed.

    Raises `ProtectedError` while something still refers to it; False when there was none.
    """
    _in_line_with_removal(sha256)
    count, _ = Blob.objects.filter(pk=sha256).delete()
    if count:
        _event(Verb.BLOB_DELETED, sha256, who, why=why)
        transaction.on_commit(lambda: remove_unclaimed(sha256))
    return bool(count)


def let_go(sha256: str, *, is_needed: Callable[[], bool], who: Who, why: str) -> bool:
    """Remove the bytes and keep the row, which says so. The bytes go once the caller's transaction
    has committed. False where `is_needed` says so, asked while nobody registers the same bytes."""
    wait_for_registering(sha256)
    held = Blob.objects.filter(pk=sha256).exclude(damage=Damage.REMOVED)
    if is_needed() or not held.update(damage=Damage.REMOVED):
        return False
    _event(Verb.BLOB_REMOVED, sha256, who, why=why)
    transaction.on_commit(lambda: remove_unclaimed(sha256))
    return True


def wait_for_registering(sha256: str) -> None:
    """Until the caller's transaction ends, nobody registers these bytes."""
    _in_line_with_removal(sha256)


def remove_unclaimed(sha256: str) -> bool:
    """Remove bytes that no row wants; a `register` of the same bytes waits, and then knows."""
    with transaction.atomic():
        _in_line_with_removal(sha256)
        if Blob.objects.filter(pk=sha256).exclude(damage=Damage.REMOVED).exists():
            return False
        with vault.reached():
            vault.storage().delete(vault.name_of(sha256))
        return True


def _in_line_with_removal(sha256: str, *, shared: bool = False) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A blob's row is written in a transaction.")
    key = int.from_bytes(bytes.fromhex(sha256[:16]), "big", signed=True)
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s)", [key])


def _event(verb: Verb, sha256: str, who: Who, why: str = "", **data: object) -> None:
    record(
        chain=blob_chain(sha256),
        verb=verb,
        who=who,
        object_type="blob",
        object_id=sha256,
        object_sha256=sha256,
        why=why,
        data=data,
        rows=[(Blob, sha256)],
    )
