"""Ten requests at once under each of many keys, against the product's own server."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from media_analysis.submissions.models import Submission
from tests.factories import ServiceAccountFactory
from tests.partners.served import served
from tests.partners.test_api import URL
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import member, picture

KEYS = int(os.environ.get("IDEMPOTENCY_KEYS", "10"))
AT_ONCE = 10
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.django_db(transaction=True)]


def test_each_key_is_done_once_however_many_come_at_once(tmp_path: Path, team: Team) -> None:
    """One submission per key; the others get it or must wait, and a repeat finds it.
    IDEMPOTENCY_KEYS=200 is the long form."""
    service = ServiceAccountFactory(team=team)
    secret = issue_key(
        member(team, Role.ADMIN).actor, service, "k", [Scope.SUBMISSIONS_WRITE]
    ).secret
    with (
        served(tmp_path, API_WRITE_RATE="1000000/min") as port,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=120,
            headers={"Authorization": f"Bearer {secret}"},
        ) as http,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):  # fmt: skip

        def send(number: int) -> httpx.Response:
            files = {"file": ("photo.png", picture(number % 250), "image/png")}
            return http.post(URL, files=files, headers={"Idempotency-Key": f"order-{number}"})

        ids, waited = set(), 0
        for number in range(KEYS):
            answers = list(pool.map(send, [number] * AT_ONCE))
            assert {one.status_code for one in answers} <= {202, 409}
            made = [one for one in answers if one.status_code == 202]
            waited += AT_ONCE - len(made)
            assert {one.json()["code"] for one in answers if one not in made} <= {
                "idempotency_busy"
            }
            assert len({one.json()["id"] for one in made}) == 1
            assert [one.headers["Idempotent-Replayed"] for one in made].count("false") == 1
            again = send(number)
            assert again.headers["Idempotent-Replayed"] == "true"
            assert again.json()["id"] == made[0].json()["id"]
            ids.add(again.json()["id"])
    assert len(ids) == KEYS == Submission.objects.count()
    print(f"\n{KEYS} keys, {AT_ONCE} at once each: {KEYS} submissions, {waited} told to wait")
