"""A partner or a key at its quota gets a refusal at once, by every way of sending, and can send the
same later."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Scope, ServiceAccount, Team
from accounts.services import provisioning_keys
from accounts.services.keys import issue_key
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import quotas
from media_analysis.uploads.models import DirectUpload, Upload
from tests.media_bucket import MediaBucket
from tests.partners import direct
from tests.partners.conftest import Partner
from tests.partners.test_api import media, problem, send_in
from tests.partners.test_uploads import create, patch
from tests.people import Person, Send, picture

pytestmark = pytest.mark.django_db


class Limit:
    """Sets the quota of one of the two that a key sends under."""

    def __init__(self, whose: str) -> None:
        self.whose, self.model = whose, {"partner": ServiceAccount, "key": ApiKey}[whose]

    def __call__(self, quota: int | None) -> None:
        self.model._default_manager.update(quota=quota)


@pytest.fixture(params=["partner", "key"])
def limit(request: pytest.FixtureRequest) -> Limit:
    return Limit(request.param)


def test_a_problem_says_whose_quota_and_when_to_come_again(
    both: Client, team: Team, limit: Limit
) -> None:
    limit(1)
    assert send_in(both, 1).status_code == 202
    answer = send_in(both, 2)
    problem(answer, 429, "quota_reached")
    now = timezone.now()
    starts = quotas.next_month(quotas.month_of(now))
    assert answer.json()["quota"] == {"whose": limit.whose, "quota": 1, "starts": str(starts)}
    seconds = (quotas.begin_of(starts) - now).total_seconds()
    assert abs(int(answer["Retry-After"]) - seconds) < 5
    Team.objects.update(quota=1)
    limit(None)
    assert send_in(both, 2).json()["quota"]["whose"] == "team"


def test_a_refused_idempotency_key_sends_the_same_once_there_is_room(
    both: Client, limit: Limit
) -> None:
    limit(0)
    problem(send_in(both, 1, key="k"), 429, "quota_reached")
    limit(1)
    assert send_in(both, 1, key="k").status_code == 202
    again = send_in(both, 1, key="k")  # done before: it needs no room
    assert (again.status_code, again["Idempotent-Replayed"]) == (202, "true")
    assert Submission.objects.count() == 1


def test_an_upload_in_pieces_is_refused_before_its_first_byte_and_at_its_last(
    both: Client, limit: Limit
) -> None:
    body = picture()
    where = create(both, len(body))["Location"]
    assert patch(both, where, 0, body[:100]).status_code == 204
    path = Upload.objects.get().path
    limit(0)
    problem(create(both, len(body)), 429, "quota_reached")
    problem(patch(both, where, 100, body[100:]), 429, "quota_reached")
    assert not path.exists() and not Upload.objects.exists() and not Submission.objects.exists()
    limit(1)
    assert patch(both, create(both, len(body))["Location"], 0, body).status_code == 204


def test_a_direct_upload_says_the_code_in_its_state(
    both: Client, media_bucket: MediaBucket, limit: Limit
) -> None:
    upload = direct.sent(both, picture())
    direct.complete(both, upload)
    limit(0)
    assert direct.code(direct.announce(both, picture(2))) == (429, "quota_reached")
    direct.work()
    body = both.get(upload["url"]).json()
    assert (body["state"], body["reason_code"]) == ("refused", "quota_reached")
    assert f"quota of the {limit.whose} is reached: 0" in body["reason"]
    direct.nothing_is_kept(media_bucket)
    limit(1)
    direct.complete(both, direct.sent(both, picture()))
    direct.work()
    assert Submission.objects.count() == 1 and DirectUpload.objects.count() == 2


def test_of_several_files_of_a_person_those_that_have_room_are_taken(
    team: Team, alice: Person
) -> None:
    """The page names each that has none."""
    Team.objects.update(quota=1)
    files = {"team": str(team.pk), "upload": [media(1, "one.png"), media(2, "two.png")]}
    page = alice.client().post("/submit/", files, follow=True)
    assert Submission.objects.get().filename == "one.png"
    assert b"two.png: The monthly quota of the team is reached: 1 submissions." in page.content
    one = {"team": str(team.pk), "upload": media(3)}
    response: Any = alice.client().post("/submit/", one, headers={"Accept": "application/json"})
    assert (response.status_code, response.json()["code"]) == (429, "quota_reached")


def test_a_key_of_another_partner_still_sends(partner: Partner, both: Client) -> None:
    Limit("partner")(0)
    other = partner(Scope.SUBMISSIONS_WRITE)
    problem(send_in(both, 1), 429, "quota_reached")
    assert send_in(other, 1).status_code == 202


def test_another_key_of_the_partner_still_sends(both: Client, admin: Person) -> None:
    Limit("key")(1)
    assert send_in(both, 1).status_code == 202
    problem(send_in(both, 2), 429, "quota_reached")
    made = issue_key(admin.actor, ServiceAccount.objects.get(), "b", [Scope.SUBMISSIONS_WRITE])
    other = Client(headers={"Authorization": f"Bearer {made.secret}"})
    assert send_in(other, 2).status_code == 202
    assert both.get("/api/v1/usage/").json()["partner"]["used"] == 2


def test_a_key_reads_what_it_and_its_own_partner_have_used(
    partner: Partner, both: Client, team: Team, alice: Person, send: Send
) -> None:
    """Whatever its scopes. What others sent shows only in what the team has left."""
    Limit("partner")(3)
    Limit("key")(2)
    send(alice, 1)
    send_in(both, 2)
    now = quotas.month_of(timezone.now())
    body = both.get("/api/v1/usage/").json()
    site = [{"whose": "partner", "requests": 600, "seconds": 60}]
    assert body == {
        "month": str(now), "starts": str(quotas.next_month(now)), "team": None,
        "partner": {"used": 1, "quota": 3, "remaining": 2},
        "key": {"used": 1, "quota": 2, "remaining": 1},
        "rates": {"read": site, "write": [{**site[0], "requests": 120}]},
    }  # fmt: skip
    Team.objects.update(quota=5, read_rate=7)
    ServiceAccount.objects.update(quota=None, write_rate=8)
    ApiKey.objects.update(read_rate=6, quota=None)
    body = both.get("/api/v1/usage/").json()
    assert body["team"] == {"quota": 5, "remaining": 3}
    unlimited = {"used": 1, "quota": None, "remaining": None}
    assert body["partner"] == body["key"] == unlimited
    assert [(one["whose"], one["requests"]) for one in body["rates"]["read"]] == [
        ("key", 6), ("team", 7),
    ]  # fmt: skip
    assert body["rates"]["write"] == [{"whose": "partner", "requests": 8, "seconds": 60}]
    other = partner(Scope.APPEALS_WRITE).get("/api/v1/usage/").json()
    assert other["partner"]["used"] == other["key"]["used"] == 0


def test_the_key_of_an_identity_provider_and_a_person_have_no_usage(
    team: Team, admin: Person
) -> None:
    made = provisioning_keys.issue(admin.actor, team)
    scim = Client(headers={"Authorization": f"Bearer {made.secret}"})
    problem(scim.get("/api/v1/usage/"), 403, "permission_denied")
    problem(admin.client().get("/api/v1/usage/"), 403, "permission_denied")
