"""Uploads straight into the bucket, as a partner's program makes them, and as couriers receive
them."""

from __future__ import annotations

import json
import os
from typing import Any

import httpx
import pytest
from django.test import Client

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from blobs import quarantine
from blobs.models import Blob
from jobs.runner import execute
from jobs.services import claim
from media_analysis.submissions.models import Submission
from media_analysis.uploads.models import DirectUpload
from tests.factories import ServiceAccountFactory
from tests.media_bucket import MediaBucket
from tests.people import member, picture

URL = "/api/v1/uploads/direct/"
MIB = 1 << 20


def key_of(team: Team, **more: Any) -> str:
    admin = member(team, Role.ADMIN)
    scopes = [Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ]
    return issue_key(admin.actor, ServiceAccountFactory(team=team), "test", scopes, **more).secret


def program_of(team: Team, **more: Any) -> Client:
    return Client(headers={"Authorization": f"Bearer {key_of(team, **more)}"})


@pytest.fixture
def program(team: Team) -> Client:
    return program_of(team)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As small as S3 takes them."""
    monkeypatch.setattr(quarantine, "LEAST_PART", 5 * MIB)


def film(seed: int = 7, mib: int = 11) -> bytes:
    return picture(seed) + os.urandom(mib * MIB)  # what follows a PNG's end is kept


def post(client: Client, where: str, body: Any = None, **headers: str) -> Any:
    content = "" if body is None else json.dumps(body)
    return client.post(where, content, content_type="application/json", headers=headers)


def announce(client: Client, body: bytes, *, key: str = "", **words: Any) -> Any:
    announced = {"filename": "a.png", "size": len(body), **words}
    return post(client, URL, announced, **({"Idempotency-Key": key} if key else {}))


def put(part: dict[str, Any], body: bytes) -> httpx.Response:
    """Without the API key: the address is enough."""
    return httpx.put(part["url"], content=body[part["offset"] :][: part["size"]], timeout=30)


def sent(client: Client, body: bytes, **words: Any) -> dict[str, Any]:
    """Announced, and every part put into the bucket; with the parts' ETags."""
    response = announce(client, body, **words)
    assert response.status_code == 201, response.content
    upload: dict[str, Any] = response.json()
    answers = [put(part, body) for part in upload["parts"]]
    assert [one.status_code for one in answers] == [200] * len(answers)
    upload["etags"] = [
        {"number": n, "etag": one.headers["ETag"]} for n, one in enumerate(answers, 1)
    ]
    return upload


def complete(client: Client, upload: dict[str, Any], **body: Any) -> Any:
    return post(client, f"{upload['url']}complete/", body or {"parts": upload["etags"]})


def work() -> int:
    """What couriers do, until nothing is due."""
    count = 0
    while taken := claim(DirectUpload, worker="t"):
        execute(taken)
        count += 1
    return count


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def nothing_is_kept(bucket: MediaBucket) -> None:
    assert bucket.names() == bucket.under_way() == []
    assert not Blob.objects.exists() and not Submission.objects.exists()
