"""The location of the media store: created where it is missing, and tested by writing to it."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from django.db import DatabaseError, connection

from . import vault
from .models import Blob

PROBES = ".probe"


class StoreUnusable(Exception):
    """The store cannot be opened, or does not keep what it is given. Says which, in one line."""


def opened() -> Storage:
    """The configured storage, or what is wrong with BLOB_STORAGE and its options."""
    try:
        return vault.storage()
    except Exception as error:  # whatever a backend's constructor raises
        what = settings.STORAGES["blobs"]["BACKEND"]
        raise StoreUnusable(
            f"BLOB_STORAGE or BLOB_STORAGE_OPTIONS is not right ({what}): {as_line(error)}"
        ) from error


def create() -> str:
    place = opened()
    if isinstance(place, FileSystemStorage):
        folder = Path(place.location)
        made = not folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        return f"The folder {folder} {'was created' if made else 'exists'}."
    bucket: Any = getattr(place, "bucket", None)
    client: Any = getattr(getattr(bucket, "meta", None), "client", None)
    if client is None or not hasattr(client, "create_bucket"):
        return "This storage is made by its provider; nothing was done."
    try:
        return _bucket(client, bucket.name, str(getattr(place, "region_name", "") or ""))
    except StoreUnusable:
        raise
    except Exception as error:
        raise StoreUnusable(f"The bucket {bucket.name} cannot be made: {as_line(error)}") from error


def _bucket(client: Any, name: str, region: str) -> str:
    if name in {one["Name"] for one in client.list_buckets().get("Buckets", [])}:
        return f"The bucket {name} exists."
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **(where if region not in ("", "us-east-1") else {}))
    return f"The bucket {name} was made."


def probe() -> float:
    """Write, read and delete a small object; returns the seconds that it took."""
    place = opened()
    if isinstance(place, FileSystemStorage) and not _is_mounted(Path(place.location)):
        raise StoreUnusable(f"The media store does not work: {place.location} holds no media, and "
                            "the database knows some. Is it mounted?")  # fmt: skip
    name, content = f"{PROBES}/{secrets.token_hex(8)}", secrets.token_bytes(32)
    began = time.monotonic()
    try:
        kept = place.save(name, ContentFile(content))
        try:
            with place.open(kept, "rb") as file:
                same = file.read() == content
        finally:
            place.delete(kept)
    except Exception as error:  # whatever a provider's SDK raises
        raise StoreUnusable(f"The media store does not work: {as_line(error)}") from error
    if not same:
        raise StoreUnusable("The media store gave back other bytes than it was given.")
    return time.monotonic() - began


def _is_mounted(folder: Path) -> bool:
    """A disk that is not mounted looks like an empty folder, and could be written to."""
    try:
        return (folder / "sha256").is_dir() or not Blob.objects.exists()
    except DatabaseError:
        connection.close()
        return True  # the database is asked by others


def as_line(error: BaseException) -> str:
    """One line, for a log or an operator; never for a partner: it may name a bucket or a host."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]
