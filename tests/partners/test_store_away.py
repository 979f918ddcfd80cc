"""The store or the folder for uploads is away: 503 with one code, nothing kept, the key works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blobs.models import Blob
from media_analysis.submissions.models import Submission
from tests.partners.test_api import URL, problem, send_in

pytestmark = pytest.mark.django_db


def test_a_store_that_is_away_answers_503_and_the_same_key_works_later(
    both: Client, own_home: Path
) -> None:
    (own_home / "blobs").write_text("not a folder: nothing can be written here")
    away = send_in(both, key="the-same-key")
    problem(away, 503, "store_unavailable")
    assert str(own_home) not in away.content.decode()
    assert not Submission.objects.exists() and not Blob.objects.exists()
    (own_home / "blobs").unlink()
    assert send_in(both, key="the-same-key").status_code in (201, 202)
    assert Submission.objects.count() == 1


def test_no_folder_for_uploads_answers_503_and_the_same_key_works_later(
    both: Client, own_home: Path, settings: Any
) -> None:
    (own_home / "file").write_text("")
    right, settings.UPLOAD_SPOOL_DIR = settings.UPLOAD_SPOOL_DIR, str(own_home / "file")
    large = b"\x89PNG\r\n\x1a\n" + b"x" * 3_000_000  # more than is held in memory

    def send() -> Any:
        file = SimpleUploadedFile("large.png", large, "image/png")
        return both.post(URL, {"file": file}, headers={"Idempotency-Key": "k2"})

    problem(send(), 503, "store_unavailable")
    settings.UPLOAD_SPOOL_DIR = right
    assert send().status_code in (201, 202)


def test_no_temporary_folder_for_a_bucket_answers_503(
    both: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the store is no disk, an upload passes through TMPDIR."""
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
    problem(send_in(both), 503, "store_unavailable")
