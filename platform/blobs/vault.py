"""The storage of media: writes bytes under their hash and reads them back, over any Django storage.

On disk a file appears under its name completely or not at all, and never replaces another.
Elsewhere the storage's own upload guarantees this (S3, Google and Azure show an object only when it
is complete).
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from .errors import BlobError, Damaged, StorageFull, StoreUnavailable

log = logging.getLogger("touchstone.blobs")

CHUNK = 1 << 20
INCOMING = ".incoming"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def storage() -> Storage:
    return storages["blobs"]


@contextmanager
def reached() -> Iterator[None]:
    """Round every word with the store. A full one says so; one that cannot be reached, refuses us
    or fails in its own way is unavailable. What is not there stays FileNotFoundError."""
    try:
        yield
    except (BlobError, FileNotFoundError):
        raise
    except OSError as problem:
        if problem.errno in _FULL:
            raise StorageFull(
                "The media store is full. Nothing of this file was kept; send it again when there "
                "is room."
            ) from problem
        raise _unavailable(problem) from problem
    except Exception as problem:  # whatever a provider's SDK raises
        raise _unavailable(problem) from problem


def _unavailable(problem: Exception) -> StoreUnavailable:
    log.error("the media store did not do as it was asked: %s: %s", type(problem).__name__, problem)
    return StoreUnavailable()


def _missing(place: Storage, sha256: str) -> Exception:
    """A file that is not there may be lost; if the whole store is not there, it is none of its
    own. A disk that is not mounted looks like an empty folder."""
    if isinstance(place, FileSystemStorage) and not (Path(place.location) / "sha256").is_dir():
        return _unavailable(FileNotFoundError(f"{place.location}/sha256"))
    return Damaged(sha256, "missing")


def name_of(sha256: str) -> str:
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


@contextmanager
def arrival() -> Iterator[BinaryIO]:
    """An unnamed-to-the-world file to write to; on disk it lies beside the place it will go to.

    Unbuffered, so that a full disk is reported where the write happens and not at some later close.
    """
    place = storage()
    folder = Path(place.location) / INCOMING if isinstance(place, FileSystemStorage) else None
    try:
        with reached():
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            part = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed below, whatever happens
                dir=folder, suffix=".part", buffering=0, delete=False
            )
    except FileNotFoundError as problem:  # no usable temporary folder
        raise _unavailable(problem) from problem
    try:
        yield cast(BinaryIO, part)
    finally:
        part.close()
        Path(part.name).unlink(missing_ok=True)


def write_all(part: BinaryIO, chunk: bytes) -> None:
    with reached():
        rest = memoryview(chunk)
        while rest:
            rest = rest[part.write(rest) :]


def put(part: BinaryIO, sha256: str, size: int) -> bool:
    """Put what has arrived on its shelf; False when the very same bytes were there already.

    What is there under this name but has another content is not this blob: it is replaced.
    """
    place = storage()
    if exists(sha256):
        if fault(sha256, size) is None:
            return False
        with reached():
            _replace(place, part, sha256)
        return True
    with reached():
        if isinstance(place, FileSystemStorage):
            return _link(place, part, sha256)
        return _upload(place, part, sha256, size)


def exists(sha256: str) -> bool:
    with reached():
        return storage().exists(name_of(sha256))


def fault(sha256: str, size: int | None) -> str | None:
    """Read the whole blob: None when it is what it was, else what is wrong with it."""
    try:
        with reached(), _open(sha256) as file:
            return _compare(cast(BinaryIO, file), sha256, size)
    except FileNotFoundError:
        missing = _missing(storage(), sha256)
        if isinstance(missing, StoreUnavailable):
            raise missing from None
        return "missing"


@contextmanager
def opened(sha256: str, size: int | None) -> Iterator[BinaryIO]:
    """A local file, checked before the first byte is handed out."""
    place = storage()
    try:
        with reached():
            source = _open(sha256)
    except FileNotFoundError:
        raise _missing(place, sha256) from None
    with source:
        if isinstance(place, FileSystemStorage):
            local = cast(BinaryIO, source.file)
            with reached():
                found = _compare(local, sha256, size)
            if found:
                raise Damaged(sha256, found)
            local.seek(0)
            yield local
            return
        with _temporary() as copy:
            with reached():
                found = _compare(cast(BinaryIO, source), sha256, size, copy=copy)
            if found:
                raise Damaged(sha256, found)
            copy.seek(0)
            yield copy


def _temporary() -> BinaryIO:
    try:
        return cast(BinaryIO, tempfile.TemporaryFile())
    except OSError as problem:
        raise _unavailable(problem) from problem


def opened_unchecked(sha256: str) -> BinaryIO:
    try:
        with reached():
            return cast(BinaryIO, _open(sha256))
    except FileNotFoundError:
        raise _missing(storage(), sha256) from None


def _open(sha256: str) -> File[bytes]:
    """Some storages notice only while reading that there is nothing; on disk, opening tells."""
    place, name = storage(), name_of(sha256)
    if not isinstance(place, FileSystemStorage) and not place.exists(name):
        raise FileNotFoundError(name)
    return cast("File[bytes]", place.open(name, "rb"))


def _compare(
    file: BinaryIO, sha256: str, size: int | None, copy: BinaryIO | None = None
) -> str | None:
    hasher, count = hashlib.sha256(), 0
    try:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
            count += len(chunk)
            if copy:
                copy.write(chunk)
    except OSError as problem:
        if problem.errno == errno.EIO:
            return "unreadable"
        raise
    if size is not None and count != size:
        return "size"
    return None if hasher.hexdigest() == sha256 else "hash"


def _link(place: FileSystemStorage, part: BinaryIO, sha256: str) -> bool:
    """Durable first, visible second: contents, then the name, then the folder that holds it."""
    target = _prepare(place, part, sha256)
    try:
        os.link(part.name, target)
    except FileExistsError:
        return False  # another writer of the same bytes was faster
    except OSError as problem:
        if problem.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}:
            raise
        # A file system without hard links. A rename may land on the same bytes of another writer,
        # which changes nothing.
        Path(part.name).rename(target)
    _sync_folder(target.parent)
    return True


def _replace(place: Storage, part: BinaryIO, sha256: str) -> None:
    if isinstance(place, FileSystemStorage):
        target = _prepare(place, part, sha256)
        Path(part.name).replace(target)
        _sync_folder(target.parent)
    else:
        place.delete(name_of(sha256))
        part.seek(0)
        place.save(name_of(sha256), File(part))


def _upload(place: Storage, part: BinaryIO, sha256: str, size: int) -> bool:
    part.seek(0)
    name = place.save(name_of(sha256), File(part))
    if name != name_of(sha256):
        place.delete(name)  # another writer of the same bytes was faster
        return False
    if place.size(name) != size:
        place.delete(name)
        raise StorageFull("The store kept fewer bytes than it was given. Nothing was kept.")
    return True


def _prepare(place: FileSystemStorage, part: BinaryIO, sha256: str) -> Path:
    os.fchmod(part.fileno(), 0o440)
    os.fsync(part.fileno())
    target = Path(place.path(name_of(sha256)))
    _make_folders(target.parent)
    return target


def _make_folders(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
