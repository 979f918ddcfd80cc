"""Uploads straight into the bucket, while the process that receives them is killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.faults.doorway import Doorway
from tests.faults.house import House
from tests.media_bucket import MediaBucket, standing
from tests.people import picture

POINTS = ("upload_put_together", "before_finish", "upload_received")
pytestmark = [pytest.mark.faults, pytest.mark.timeout(580)]


@pytest.fixture
def bucket(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaBucket]:
    pytest.importorskip("boto3")
    pytest.importorskip("moto.server")
    credentials = {"AWS_ACCESS_KEY_ID": "touchstone", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    with standing() as bucket:
        env = {**house.env, **credentials, **bucket.environment}
        monkeypatch.setattr(house, "env", env)
        house.manage("store", "create")
        yield bucket


def test_a_receiver_killed_at_any_point_makes_one_submission(
    house: House, bucket: MediaBucket
) -> None:
    """SIGKILL after the parts are put together, before the submission, and after it: one submission
    of the whole file each, and nothing stays in quarantine once it is swept."""
    door = Doorway(house, workers=1)
    key = house.python("-m", "tests.faults.partner").stdout.strip()
    door.open()
    try:
        door.wait_until_open(120)
        house.start_worker("--concurrency", "1")
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            for number, point in enumerate(POINTS):
                one_upload(house, client, f"{door.url}/api/v1/uploads/direct/", number, point)
    finally:
        door.kill()
    assert house.one("SELECT count(*) FROM submissions_submission") == len(POINTS)
    events = "SELECT count(*) FROM audit_event WHERE verb = 'submission.received'"
    assert house.one(events) == len(POINTS)
    assert len(bucket.names("sha256/")) == len(POINTS)
    left = bucket.names("quarantine/")
    assert len(left) == 1, "of the one whose receiver died after the submission"
    code = (
        "import django; django.setup()\n"
        "from datetime import timedelta\n"
        "from media_analysis.uploads.services import announcing\n"
        "announcing.LEFT_FOR = timedelta(seconds=-5)\n"
        "print(announcing.forget_old())"
    )
    assert house.python("-c", code).stdout.strip() == "1"
    assert bucket.names("quarantine/") == bucket.under_way() == []


def one_upload(house: House, client: httpx.Client, where: str, number: int, point: str) -> None:
    body = picture(number)
    told = client.post(where, json={"filename": "a.png", "size": len(body)})
    assert told.status_code == 201, told.text
    said: dict[str, Any] = told.json()
    httpx.put(said["parts"][0]["url"], content=body).raise_for_status()
    armed = house.failpoints / point
    armed.touch()
    assert client.post(f"{said['url']}complete/", json={}).status_code == 202
    house.wait_for(lambda: not armed.exists(), 60, f"{point} is passed")
    house.wait_for(
        lambda: client.get(said["url"]).json()["state"] == "received", 60, f"received after {point}"
    )
    house.wait_until_settled(60)
