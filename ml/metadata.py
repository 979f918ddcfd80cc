"""Where the metadata of an analysed file lies: beside the findings, and the large in the store.

Packed JSON. It may hold names and places, so it goes with the personal text of a submission, and
with the submission.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

import blobs.services
from blobs.errors import Damaged
from blobs.models import Damage
from ml import hooks
from ml.models import FileMetadata
from ml.storing import storable

SHEET = "application/x-touchstone-metadata"
HEAD = b"touchstone metadata 1\n"
MOST_IN_ROW = 16 * 1024
"""Bytes, packed. A photograph's metadata takes a few hundred."""
MOST_UNPACKED = 8 * 1024 * 1024


@dataclass(frozen=True)
class Packed:
    """Not yet a row; `stored` where it is too large for one."""

    content: bytes
    stored: blobs.services.Stored | None


def store(found: Mapping[str, Any] | None) -> Packed | None:
    """Outside any transaction; None where nothing was read."""
    if found is None:
        return None
    text = json.dumps(storable(dict(found)), ensure_ascii=False, allow_nan=False)
    content = zlib.compress(text.encode())
    if len(content) <= MOST_IN_ROW:
        return Packed(content, None)
    return Packed(content, blobs.services.store(io.BytesIO(HEAD + content)))


def register(packed: Packed | None, analysis: UUID, chain: UUID) -> None:
    """The row, in the caller's transaction, unless the submission keeps no such text any more."""
    if packed is None:
        return
    if not all(keeps(chain) for keeps in hooks.keeps_text):
        if packed.stored is not None:
            sha256 = packed.stored.sha256
            transaction.on_commit(lambda: blobs.services.remove_unclaimed(sha256) and None)
        return
    sheet = blobs.services.register(packed.stored, SHEET) if packed.stored else None
    FileMetadata.objects.create(
        analysis_id=analysis,
        packed=None if sheet else packed.content,
        sheet=sheet,
        sha256=hashlib.sha256(packed.content).hexdigest(),
    )


def read(analysis: UUID) -> dict[str, Any] | None:
    """None where none is kept. Raises `Damaged` where it is not what was stored."""
    row = FileMetadata.objects.filter(analysis=analysis).first()
    if row is None:
        return None
    if row.sheet_id is None:
        content = bytes(row.packed or b"")
    else:
        with blobs.services.unchecked(row.sheet_id) as file:
            content = file.read()[len(HEAD) :]
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise Damaged(row.sheet_id or row.sha256, Damage.HASH)
    text = zlib.decompressobj().decompress(content, MOST_UNPACKED)
    return dict(json.loads(text))


def sheets_of(chain: UUID) -> set[str]:
    """The metadata of all analyses of one submission."""
    mine = FileMetadata.objects.filter(analysis__chain=chain, sheet__isnull=False)
    return set(mine.values_list("sheet", flat=True))
