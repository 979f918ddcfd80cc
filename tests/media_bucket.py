"""Media in a bucket of a real S3 server (moto), which can stop and start again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx
import pytest

from blobs import place
from config.s3 import s3_deadlines

BUCKET = "media"


class MediaBucket:
    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer

        self._kind, self._server, self.port = ThreadedMotoServer, None, 0
        self.come_back()
        httpx.post(f"{self.url}/moto-api/reset").raise_for_status()  # its servers share all

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, Any]:
        return {
            "bucket_name": BUCKET, "region_name": "us-east-1", "addressing_style": "path",
            "endpoint_url": self.url,
        }  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """Of a site that keeps its media here, and takes direct uploads."""
        return {
            "BLOB_STORAGE": "storages.backends.s3.S3Storage",
            "BLOB_STORAGE_OPTIONS": json.dumps(self.options),
            "DIRECT_UPLOADS": "1",
            "MAX_UPLOAD_BYTES": "50MB",
        }

    @property
    def client(self) -> Any:
        import boto3

        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1")

    def go_away(self) -> None:
        if self._server:
            self._server.stop()
        self._server = None

    def come_back(self) -> None:
        """With all that it held."""
        server: Any = self._kind(ip_address="127.0.0.1", port=self.port)
        server.start()
        self._server, self.port = server, server.get_host_and_port()[1]

    def names(self, prefix: str = "") -> list[str]:
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", [])]

    def under_way(self) -> list[str]:
        found = self.client.list_multipart_uploads(Bucket=BUCKET)
        return [one["Key"] for one in found.get("Uploads", [])]


@contextmanager
def running() -> Iterator[MediaBucket]:
    bucket = MediaBucket()
    try:
        yield bucket
    finally:
        bucket.go_away()


@cache
def descriptions(folder: str | None) -> Any:
    """What S3 and its addresses are like, read from botocore's files once per process. Each storage
    of each test would read them again, which takes longer than most tests."""
    from botocore.loaders import create_loader

    return create_loader(folder)


@pytest.fixture
def media_bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaBucket]:
    """The site keeps its media there, and takes direct uploads."""
    pytest.importorskip("boto3")
    pytest.importorskip("moto.server")
    monkeypatch.setattr("botocore.session.create_loader", descriptions)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "touchstone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with running() as bucket:
        options = {**bucket.options, "client_config": s3_deadlines(bucket.options)}
        kind = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "blobs": kind}
        settings.DIRECT_UPLOADS = True
        place.create()
        yield bucket
