"""The doctor's check of the audit record's anchor in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models.functions import Now

from audit import notes
from audit.anchoring import anchors_of_site
from audit.keys import trusted_keys
from audit.models import Checkpoint
from blobs import place
from operations.findings import ERROR, Finding

PATIENCE = timedelta(minutes=2)
"""Beyond the time between two checkpoints: sealings are seconds apart."""
PART = "audit anchor"


def anchor_store() -> Iterator[Finding]:
    if "anchor" not in settings.STORAGES:
        return
    try:
        newest = anchors_of_site()[-1].last()
    except OSError as error:
        yield Finding(PART, ERROR, "The anchor in AUDIT_ANCHOR_STORAGE cannot be read: "
                      f"{place.as_line(error.__cause__ or error)}",
                      "Correct AUDIT_ANCHOR_STORAGE, its options or the credentials "
                      "(docs/audit.md).")  # fmt: skip
        return
    try:
        covered = notes.read(newest, trusted_keys()).size if newest is not None else 0
    except notes.BadNote as problem:
        yield Finding(PART, ERROR, "The newest object in AUDIT_ANCHOR_STORAGE is no checkpoint of "
                      f"this site, so nothing is sealed: {problem}",
                      "Run `manage.py audit verify`, and see docs/audit.md, An anchor in a "
                      "bucket.")  # fmt: skip
        return
    try:
        yield from _behind(covered)
    except DatabaseError:
        connection.close()


def _behind(covered: int) -> Iterator[Finding]:
    due = timedelta(seconds=settings.AUDIT_ANCHOR_STORAGE_SECONDS) + PATIENCE
    late = Checkpoint.objects.filter(size__gt=covered, sealed_at__lt=Now() - due)
    if newest := late.order_by("size").last():
        yield Finding(PART, ERROR, f"AUDIT_ANCHOR_STORAGE has {covered} of {newest.size} sealed "
                      "events.", "Run `manage.py audit seal`: it writes what is missing, or says "
                      "why it cannot. The credentials need the right to add objects.")  # fmt: skip
