"""Which objects a bucket's list or its notifications name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from media_analysis.batches.services.bucket import Found

CREATED = "ObjectCreated:"


class Unreadable(Exception):
    """No notification of S3. It stays in the queue, for whoever looks after it."""


def listed(client: Any, bucket: str, prefix: str) -> Iterator[Found]:
    """In the order of their keys. Of a bucket with versions, the newest of each."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for one in page.get("Contents", []):
            yield Found(bucket, one["Key"], one["ETag"].strip('"'), size=one["Size"])


def parse(body: str, bucket: str, prefix: str) -> list[Found]:
    """The objects in one message: S3's own format, or S3's inside SNS. Other buckets and prefixes
    are ignored."""
    try:
        values = json.loads(body)
        if isinstance(values, dict) and "Message" in values:
            values = json.loads(values["Message"])
        if values.get("Event") == "s3:TestEvent":
            return []
        made = [one for one in values["Records"] if one["eventName"].startswith(CREATED)]
        return [found for one in made if (found := _found(one["s3"], bucket, prefix))]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable from error


def _found(values: dict[str, Any], bucket: str, prefix: str) -> Found | None:
    thing = values["object"]
    key = unquote_plus(thing["key"])
    if values["bucket"]["name"] != bucket or not key.startswith(prefix):
        return None
    return Found(
        bucket, key, str(thing.get("eTag", "")), str(thing.get("versionId") or ""),
        int(thing.get("size", 0)),
    )  # fmt: skip
