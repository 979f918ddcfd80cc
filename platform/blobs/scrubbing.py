"""Reads the store again, so that damage is found before somebody needs the file.

A nightly share (`1/30`) reads the files that were not read for longest, so thirty nights read all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from django.core.files.storage import FileSystemStorage, Storage
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM, Who

from . import vault
from .models import Blob, Damage
from .services import blob_chain, remove_unclaimed

ORPHAN_AGE = timedelta(days=1)
_HEX = frozenset("0123456789abcdef")


@dataclass(slots=True)
class Scrubbed:
    checked: int = 0
    bytes: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    """What is wrong now, by hash: see `models.Damage`."""
    repaired: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Orphan:
    """Bytes that no row speaks of: an upload that was never acknowledged, or cut off."""

    name: str
    size: int
    sha256: str
    """Empty for an upload that did not end."""


def due(share: Fraction = Fraction(1)) -> list[Blob]:
    """The blobs to check next: those unread for longest first."""
    unread_first = F("checked_at").asc(nulls_first=True)
    kept = Blob.objects.exclude(damage=Damage.REMOVED)
    count = math.ceil(kept.count() * share)
    return list(kept.order_by(unread_first, "sha256")[:count])


def scrub(blobs: list[Blob], who: Who = SYSTEM) -> Iterator[Scrubbed]:
    """Read each blob through; yields the tally after each. What is found is marked and recorded."""
    tally = Scrubbed()
    for blob in blobs:
        found = vault.fault(blob.sha256, blob.size) or ""
        if not _mark(blob, found, who):
            continue  # deleted or removed in the meantime
        tally.checked += 1
        tally.bytes += blob.size
        if found:
            tally.damaged[blob.sha256] = found
        elif blob.damage:
            tally.repaired.append(blob.sha256)
        yield tally


@transaction.atomic
def _mark(blob: Blob, found: str, who: Who) -> bool:
    row = Blob.objects.select_for_update().filter(pk=blob.pk)
    known = row.values_list("damage", flat=True).first()
    if known is None or known == Damage.REMOVED:
        return False
    Blob.objects.filter(pk=blob.pk).update(checked_at=Now(), damage=found)
    if found != known:
        record(
            chain=blob_chain(blob.sha256),
            verb=Verb.BLOB_DAMAGED if found else Verb.BLOB_REPAIRED,
            who=who,
            object_type="blob",
            object_id=blob.sha256,
            object_sha256=blob.sha256,
            why=found or "found_whole_again",
            rows=[blob],
        )
    return True


def orphans(older_than: timedelta = ORPHAN_AGE) -> Iterator[Orphan]:
    """Bytes without a row, old enough that no upload under way can still claim them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        before: datetime = cursor.fetchone()[0] - older_than
    place = vault.storage()
    yield from _unclaimed(place, before)
    if isinstance(place, FileSystemStorage):
        yield from _unfinished(Path(place.location) / vault.INCOMING, before.timestamp())


def remove_unfinished(before: float) -> int:
    """What a killed process had begun to store and nobody has written to since `before`."""
    place = vault.storage()
    if not isinstance(place, FileSystemStorage):
        return 0
    found = list(_unfinished(Path(place.location) / vault.INCOMING, before))
    for orphan in found:
        place.delete(orphan.name)
    return len(found)


def remove(orphan: Orphan) -> bool:
    """Take an orphan away; False when a row has claimed it since."""
    if orphan.sha256:
        return remove_unclaimed(orphan.sha256)
    vault.storage().delete(orphan.name)
    return True


def _unclaimed(place: Storage, before: datetime) -> Iterator[Orphan]:
    for first in _folders(place, "sha256"):
        for second in _folders(place, first):
            names = place.listdir(second)[1]
            kept = Blob.objects.exclude(damage=Damage.REMOVED)
            known = set(kept.filter(pk__in=names).values_list("pk", flat=True))
            for sha256 in sorted(set(names) - known):
                name = f"{second}/{sha256}"
                if len(sha256) == 64 and set(sha256) <= _HEX and _age(place, name) < before:
                    yield Orphan(name, place.size(name), sha256)


def _folders(place: Storage, parent: str) -> list[str]:
    try:
        return [f"{parent}/{name}" for name in sorted(place.listdir(parent)[0])]
    except FileNotFoundError:
        return []


def _age(place: Storage, name: str) -> datetime:
    try:
        return place.get_modified_time(name)
    except FileNotFoundError:  # gone while we were looking
        return timezone.now()


def _unfinished(folder: Path, before: float) -> Iterator[Orphan]:
    for part in sorted(folder.glob("*.part")) if folder.is_dir() else ():
        try:
            stat = part.stat()
        except FileNotFoundError:  # it arrived while we were looking
            continue
        if stat.st_mtime < before:
            yield Orphan(f"{vault.INCOMING}/{part.name}", stat.st_size, "")
