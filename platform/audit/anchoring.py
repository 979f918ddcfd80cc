"""Where this site writes down its checkpoints outside the database."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.files.storage import storages

from .anchor_store import AnchorStore
from .anchors import Anchor, AnchorFile


def anchors_of_site() -> list[Anchor]:
    """The anchor file, its copies, and the store if there is one. Sealing needs the first one; the
    others may be away."""
    files = [settings.AUDIT_ANCHOR_FILE, *settings.AUDIT_ANCHOR_COPIES]
    return [*map(AnchorFile, files), *([_store()] if "anchor" in settings.STORAGES else [])]


def _store() -> Anchor:
    every = timedelta(seconds=settings.AUDIT_ANCHOR_STORAGE_SECONDS)
    return AnchorStore(lambda: storages["anchor"], every)
