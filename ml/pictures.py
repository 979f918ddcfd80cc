"""Where the small pictures of an analysis lie: all of one analysis on one sheet in the media store.

A sheet is a blob: a line that no media file begins with, then the pictures, one behind the other.
One object and one event for each analysis, however many pictures it has. A picture's row knows its
place on the sheet and its own digest, which the record holds (`ml.on_record`).

Add a picture by giving the engine's `Result.thumbnails` one more name with its WebP
(`ml.engine.media.webp`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple
from uuid import UUID

from django.db import transaction
from PIL import Image

import blobs.services
from blobs.errors import Damaged
from blobs.models import Damage
from ml.models import Thumbnail

SHEET = "application/x-touchstone-pictures"
HEAD = b"touchstone pictures 1\n"
PNG, WEBP = "image/png", "image/webp"


class Picture(NamedTuple):
    content: bytes
    media_type: str

    @property
    def as_png(self) -> bytes:
        return self.content if self.media_type == PNG else _converted(self.content)


@dataclass(frozen=True)
class SheetPosition:
    """Where one picture lies on its sheet."""

    name: str
    offset: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Sheet:
    """Bytes that are in the store and have no row yet."""

    stored: blobs.services.Stored
    places: tuple[SheetPosition, ...]


def store(pictures: Mapping[str, bytes]) -> Sheet | None:
    """As they are, outside any transaction; None where there are none."""
    if not pictures:
        return None
    places, parts, offset = [], [HEAD], len(HEAD)
    for name, content in pictures.items():
        digest = hashlib.sha256(content).hexdigest()
        places.append(SheetPosition(name, offset, len(content), digest))
        parts.append(content)
        offset += len(content)
    return Sheet(blobs.services.store(io.BytesIO(b"".join(parts))), tuple(places))


def register(sheet: Sheet | None, analysis: UUID) -> None:
    """The rows, in the caller's transaction."""
    if sheet is None:
        return
    blob = blobs.services.register(sheet.stored, SHEET)
    Thumbnail.objects.bulk_create(
        Thumbnail(
            analysis_id=analysis, name=one.name, sheet=blob, offset=one.offset, size=one.size,
            sha256=one.sha256,
        )
        for one in sheet.places
    )  # fmt: skip


def read(row: Thumbnail) -> Picture:
    return read_all([row])[0]


def read_all(rows: Iterable[Thumbnail]) -> list[Picture]:
    """Each sheet is opened once. Raises `Damaged` where a picture is not what was stored."""
    found = []
    with ExitStack() as closing:
        sheets: dict[str, BinaryIO] = {}
        for row in rows:
            if row.sheet_id and row.sheet_id not in sheets:
                file = blobs.services.unchecked(row.sheet_id)
                sheets[row.sheet_id] = closing.enter_context(file)
            content = _content(row, sheets)
            kind = PNG if content.startswith(b"\x89PNG") else WEBP
            found.append(Picture(content, kind))
    return found


def _content(row: Thumbnail, sheets: Mapping[str, BinaryIO]) -> bytes:
    if row.sheet_id is None:
        return bytes(row.png or b"")
    file = sheets[row.sheet_id]
    file.seek(row.offset or 0)
    content = file.read(row.size or 0)
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise Damaged(row.sheet_id, Damage.HASH)
    return content


def sheets_of(chain: UUID) -> set[str]:
    """The pictures of all analyses of one submission."""
    mine = Thumbnail.objects.filter(analysis__chain=chain, sheet__isnull=False)
    return set(mine.values_list("sheet", flat=True))


def in_database() -> int:
    """Pictures of versions that kept them in their rows."""
    return Thumbnail.objects.filter(png__isnull=False).count()


def move(at_once: int = 200) -> Iterator[int]:
    """Move pictures out of their rows, one transaction per analysis; yields the number after each.

    The bytes stay as they are, for the record holds their digests. What was moved before a kill
    stays moved, and the next run goes on.
    """
    last = 0
    while True:
        waiting = Thumbnail.objects.filter(png__isnull=False, pk__gt=last).order_by("pk")
        some = list(waiting.values_list("pk", "analysis")[:at_once])
        if not some:
            return
        for analysis in dict.fromkeys(analysis for _, analysis in some):
            yield _move(analysis)
        last = some[-1][0]


def _move(analysis: UUID) -> int:
    waiting = Thumbnail.objects.filter(analysis=analysis, png__isnull=False).order_by("pk")
    sheet = store({row.name: bytes(row.png or b"") for row in waiting})
    if sheet is None:
        return 0
    places = {one.name: one for one in sheet.places}
    with transaction.atomic():
        rows = list(waiting.select_for_update().defer("png"))
        if rows:
            blob = blobs.services.register(sheet.stored, SHEET)
        for row in rows:
            one = places[row.name]
            Thumbnail.objects.filter(pk=row.pk).update(
                png=None, sheet=blob, offset=one.offset, size=one.size, sha256=one.sha256
            )
    if not rows:  # moved or erased by others in the meantime
        blobs.services.remove_unclaimed(sheet.stored.sha256)
    return len(rows)


def _converted(webp: bytes) -> bytes:
    with Image.open(io.BytesIO(webp), formats=["WEBP"]) as picture:
        out = io.BytesIO()
        picture.save(out, "PNG")
    return out.getvalue()
