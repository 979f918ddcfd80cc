"""Direct uploads in the bucket until intake has read them.

They have a prefix of their own next to the media, which nothing else reads. A signed address is
valid for one part of one upload, for one length and for an hour. A completed upload cannot be
overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.storage import Storage

from . import vault
from .errors import BlobError

PREFIX = "quarantine"
LEAST_PART, MOST_PARTS = 16 << 20, 200
ADDRESS_SECONDS = 3600
_GONE = frozenset({"NoSuchUpload", "NoSuchKey", "404"})
_DIFFERS = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall"})


class NotThere(BlobError):
    """The bucket knows no such upload: it was given up, or a rule of the bucket ended it."""

    code = "upload_gone"


class PartsDiffer(BlobError):
    """Other parts lie there by now than those that were to be put together."""

    code = "parts_changed"


@dataclass(frozen=True, slots=True)
class Part:
    number: int
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Left:
    """An upload under way, or an object, as the bucket lists it."""

    name: str
    upload: str
    """Empty for an object."""
    since: datetime


def is_possible() -> bool:
    """Only a bucket of S3 gives addresses for parts."""
    return _is_bucket(vault.storage())


def _is_bucket(place: Storage) -> bool:
    return hasattr(getattr(getattr(place, "connection", None), "meta", None), "client")


def part_size(size: int) -> int:
    """Whole MiB, so that a file has 200 parts at most."""
    return max(LEAST_PART, -(-size // MOST_PARTS // (1 << 20)) * (1 << 20))


def sizes(size: int, each: int) -> list[int]:
    """The sizes of the parts, in order. S3 counts parts from 1."""
    return [min(each, size - at) for at in range(0, size, each)]


def begin(name: str) -> str:
    """What the bucket calls the upload."""
    with vault.reached():
        place: Any = vault.storage()
        parameters = {
            **place.get_object_parameters(name),
            "ContentType": "application/octet-stream",
        }
        made = _client().create_multipart_upload(**_where(name), **parameters)
        return str(made["UploadId"])


def addresses(name: str, upload: str, sizes: Mapping[int, int]) -> dict[int, str]:
    """By the part's number. Whoever has one may write this part, of just this length."""
    client = _clients(vault.storage())[1]
    with vault.reached():
        return {
            number: client.generate_presigned_url(
                "upload_part", ExpiresIn=ADDRESS_SECONDS,
                Params={**_where(name), "UploadId": upload, "PartNumber": number,
                        "ContentLength": size},
            )
            for number, size in sizes.items()
        }  # fmt: skip


def arrived(name: str, upload: str) -> list[Part]:
    """The parts that lie there, of an upload that is not put together yet."""
    with _translated_refusals():
        pages = _client().get_paginator("list_parts").paginate(**_where(name), UploadId=upload)
        return [
            Part(one["PartNumber"], one["Size"], one["ETag"].strip('"'))
            for page in pages
            for one in page.get("Parts", [])
        ]


def put_together(name: str, upload: str, parts: Sequence[Part]) -> None:
    """Again and again, if need be: an upload that is put together stays so."""
    listed = [{"PartNumber": one.number, "ETag": one.etag} for one in parts]
    try:
        with _translated_refusals():
            _client().complete_multipart_upload(
                **_where(name), UploadId=upload, MultipartUpload={"Parts": listed}
            )
    except NotThere:
        with _translated_refusals():
            _client().head_object(**_where(name))


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """The object as a stream. Unlike media it is not checked: intake does that."""
    with _translated_refusals():
        body = _client().get_object(**_where(name))["Body"]
    try:
        yield cast(BinaryIO, _Body(body))
    finally:
        body.close()


class _Body:
    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        with vault.reached():
            return cast(bytes, self._body.read(size))


def forget(name: str, upload: str = "") -> None:
    """Upload and object, whichever there is."""
    if upload:
        try:
            with _translated_refusals():
                _client().abort_multipart_upload(**_where(name), UploadId=upload)
        except NotThere:
            pass
    with vault.reached():
        _client().delete_object(**_where(name))


def left() -> Iterator[Left]:
    """All that lies in quarantine, by the name that `begin` was given."""
    with vault.reached():
        client, start = _client(), _where("")
        above = {"Bucket": start["Bucket"], "Prefix": f"{start['Key']}/"}
        for page in client.get_paginator("list_multipart_uploads").paginate(**above):
            for one in page.get("Uploads", []):
                yield Left(_name(one["Key"], above), one["UploadId"], one["Initiated"])
        for page in client.get_paginator("list_objects_v2").paginate(**above):
            for one in page.get("Contents", []):
                yield Left(_name(one["Key"], above), "", one["LastModified"])


def sweep(is_needed: Callable[[str], bool], before: datetime) -> int:
    """End what is older than `before` and not needed: what a kill or an outage has left."""
    old = [one for one in left() if one.since < before]
    unneeded = [one for one in old if not is_needed(one.name)]
    for one in unneeded:
        forget(one.name, one.upload)
    return len(unneeded)


def probe() -> None:
    """Begin an upload and end it. Raises where the bucket does not let us."""
    name = "probe"
    upload = begin(name)
    addresses(name, upload, {1: LEAST_PART})
    try:
        arrived(name, upload)
    finally:
        forget(name, upload)


@contextmanager
def _translated_refusals() -> Iterator[None]:
    """Round a request of which some refusals have a meaning."""
    from botocore.exceptions import ClientError

    with vault.reached():
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code in _GONE:
                raise NotThere(f"Nothing of this upload is in the store: {code}.") from error
            if code in _DIFFERS:
                raise PartsDiffer(f"The store does not put the parts together: {code}.") from error
            raise


def _where(name: str) -> dict[str, str]:
    place: Any = vault.storage()
    key = f"{PREFIX}/{name}" if name else PREFIX
    return {"Bucket": place.bucket_name, "Key": place._normalize_name(key)}


def _name(key: str, above: Mapping[str, str]) -> str:
    return key.removeprefix(above["Prefix"])


def _client() -> Any:
    return _clients(vault.storage())[0]


@lru_cache(maxsize=4)
def _clients(place: Any) -> tuple[Any, Any]:
    """The client for requests, and the client that signs addresses: senders may reach the bucket
    under another name. A checksum added by the SDK would cover nothing and be signed."""
    from botocore.config import Config

    ours = place.client_config
    config = ours.merge(
        Config(
            signature_version=ours.signature_version or "s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
    )
    session = place._create_session()

    def client(endpoint: str | None) -> Any:
        return session.client(
            "s3", region_name=place.region_name, use_ssl=place.use_ssl, endpoint_url=endpoint,
            config=config, verify=place.verify,
        )  # fmt: skip

    asks = client(place.endpoint_url)
    public = settings.DIRECT_UPLOADS_ENDPOINT_URL
    return asks, client(public) if public else asks
