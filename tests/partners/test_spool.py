"""Uploads on their way have a place and an end of life."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from jobs.duties import all_duties
from media_analysis.submissions.services.spool import SpooledUploads, forget_old
from tests.partners.test_api import URL, media


def aged(path: Path, hours: float, content: bytes = b"half a film") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = time.time() - 3600 * hours
    os.utime(path, (then, then))
    return path


def test_what_a_killed_server_left_is_deleted_and_what_arrives_is_not(settings: Any) -> None:
    """By the time of the last byte, in the spool and at the store; folders and links stay."""
    spool = Path(settings.UPLOAD_SPOOL_DIR)
    incoming = Path(settings.STORAGES["blobs"]["OPTIONS"]["location"]) / ".incoming"
    old, young = aged(spool / "a.upload.mp4", 25), aged(spool / "b.upload.mp4", 23)
    torn, arriving = aged(incoming / "a.part", 25), aged(incoming / "b.part", 1)
    elsewhere = aged(spool.parent / "elsewhere", 25)
    (spool / "link").symlink_to(elsewhere)
    aged(spool / "folder" / "file", 25)
    assert forget_old() == 2
    assert not old.exists() and not torn.exists()
    assert young.exists() and arriving.exists() and elsewhere.exists()
    assert (spool / "folder" / "file").exists()
    settings.UPLOAD_SPOOL_HOURS = 0.5
    assert forget_old() == 2 and not young.exists()


def test_without_a_spool_there_is_nothing_to_do() -> None:
    """A new installation, or a worker on a machine of its own."""
    assert forget_old() == 0


def test_the_workers_have_these_duties() -> None:
    """Keys and uploads are forgotten without anybody setting up a timer."""
    assert {"tidy_partners", "tidy_spool"} <= {duty.name for duty in all_duties()}


def test_a_large_upload_lies_in_the_spool_while_it_arrives_and_not_after(
    both: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that only its owner can enter; nothing is left of it when it was answered."""
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    seen: list[tuple[str, ...]] = []
    complete = SpooledUploads.file_complete

    def noted(self: Any, size: int) -> Any:
        seen.append(tuple(file.name for file in spool.iterdir()))
        return complete(self, size)

    monkeypatch.setattr(SpooledUploads, "file_complete", noted)
    spool = Path(settings.UPLOAD_SPOOL_DIR)
    assert both.post(URL, {"file": media()}).status_code == 202
    assert len(seen) == 1 and len(seen[0]) == 1
    assert list(spool.iterdir()) == [] and spool.stat().st_mode & 0o077 == 0


def test_the_place_is_in_our_own_home() -> None:
    """Not in the machine's common temporary folder, where nobody knows whose a file is."""
    handler = "media_analysis.submissions.services.spool.SpooledUploads"
    assert handler in configured.FILE_UPLOAD_HANDLERS
