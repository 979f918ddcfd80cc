"""The store on S3: a real server of the protocol (moto), used through boto3 and django-storages."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

import pytest

from blobs import place, vault
from blobs.errors import StoreUnavailable
from blobs.services import opened, store
from config.s3 import s3_deadlines

pytest.importorskip("boto3")
moto = pytest.importorskip("moto.server")
pytestmark = pytest.mark.django_db


@pytest.fixture
def s3(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "touchstone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    _, port = server.get_host_and_port()
    options = {
        "bucket_name": "media-of-blobs", "region_name": "us-east-1", "addressing_style": "path",
        "endpoint_url": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    options["client_config"] = s3_deadlines(options)
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
    }
    yield server
    server.stop()


def test_a_bucket_is_made_and_keeps_media_and_an_outage_is_told_within_its_deadline(
    s3: Any,
) -> None:
    with pytest.raises(place.StoreUnusable):
        place.probe()  # no bucket yet
    assert "was made" in place.create() and "exists" in place.create()
    place.probe()
    kept = store(io.BytesIO(b"bytes of a photograph"))
    assert not kept.already_there and vault.fault(kept.sha256, kept.size) is None
    with opened(kept.sha256) as file:
        assert file.read() == b"bytes of a photograph"
    assert store(io.BytesIO(b"bytes of a photograph")).already_there
    s3.stop()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable) as away:
        store(io.BytesIO(b"others"))
    with pytest.raises(StoreUnavailable), opened(kept.sha256):
        pass
    with pytest.raises(place.StoreUnusable):
        place.probe()
    assert time.monotonic() - began < 60
    assert "127.0.0.1" not in away.value.sentence
