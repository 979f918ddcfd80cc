"""API keys: what they allow, when they are refused, and what the database stores of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.actors import actor_of
from accounts.api_auth import ApiKeyAuthentication, allows
from accounts.key_format import new_key
from accounts.models import ApiKey, Permission, Scope, ServiceAccount
from accounts.refusals import Refusal
from accounts.services.keys import (
    Issued,
    create_service_account,
    disable_service_account,
    issue_key,
    key_behind,
    replace_key,
    revoke_key,
)
from audit.models import Event
from tests.accounts.conftest import People
from tests.refusals import forbids

Issue = Callable[..., Issued]


class Probe(APIView):
    """What the REST surface will look like to the authentication class."""

    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [allows(Permission.VIEW_SUBMISSIONS)]
    throttle_classes = []

    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        return Response(
            {"who": actor.who.as_dict(), "teams": [str(t) for t in actor.teams]}, status=200
        )


def call(secret: str | None, ip: str = "192.0.2.7", scheme: str = "Bearer") -> Response:
    headers: dict[str, Any] = (
        {"HTTP_AUTHORIZATION": f"{scheme} {secret}"} if secret is not None else {}
    )
    return Probe.as_view()(APIRequestFactory().get("/", REMOTE_ADDR=ip, **headers))


@pytest.fixture
def service(people: People) -> ServiceAccount:
    return create_service_account(people.actor(people.alice), people.team, "Agency")


@pytest.fixture
def issue(people: People, service: ServiceAccount) -> Issue:
    def issue(*scopes: Scope, **options: Any) -> Issued:
        scopes = scopes or (Scope.SUBMISSIONS_READ,)
        return issue_key(people.actor(people.alice), service, "laptop", scopes, **options)

    return issue


def test_a_key_opens_what_its_scope_names(
    people: People, service: ServiceAccount, issue: Issue
) -> None:
    """The actor is the service, by its key's prefix, in its one team and no other."""
    issued = issue(Scope.SUBMISSIONS_READ)
    answer = call(issued.secret)
    assert answer.status_code == 200
    assert answer.data["who"] == {
        "kind": "service", "id": str(service.pk), "via": "api_key",
        "token": issued.key.prefix, "role": "",
    }  # fmt: skip
    assert answer.data["teams"] == [str(people.team.pk)]


def test_a_key_without_the_scope_is_forbidden(issue: Issue) -> None:
    """Sending media is not reading verdicts: 403 with the permission in words."""
    answer = call(issue(Scope.SUBMISSIONS_WRITE).secret)
    assert answer.status_code == 403
    assert "view submissions" in answer.data["detail"]


@pytest.mark.parametrize("scope", list(Scope))
def test_scopes_open_nothing_else(people: People, issue: Issue, scope: Scope) -> None:
    """Every scope against every permission, in the key's team and in Charlie's."""
    from accounts.roles import SCOPE_PERMISSIONS

    actor_key = key_behind(issue(scope).secret, ip="192.0.2.7")
    from accounts.actors import actor_for_key

    actor = actor_for_key(actor_key)
    for permission in Permission:
        assert actor.can(permission, people.team.pk) is (permission in SCOPE_PERMISSIONS[scope])
        assert not actor.can(permission, people.other_team.pk)
        assert people.other_team.pk not in actor.team_ids(permission)
    assert actor.role_in(people.team.pk) is None


def test_no_key_is_not_logged_in(db: None) -> None:
    """401 with the scheme to use; other schemes are not ours."""
    answer = call(None)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert call("dXNlcjpwYXNz", scheme="Basic").status_code == 401


@pytest.mark.parametrize("text", ["", "tsk_", "tsk_" + "0" * 36, "a b", "tsk_é" + "0" * 35])
def test_malformed(db: None, text: str) -> None:
    """A wrong checksum is said to be one, without a question to the key table."""
    with CaptureQueriesContext(connection) as queries:
        answer = call(text)
    assert answer.status_code == 401
    assert answer.data["code"] == "malformed_key"
    assert not [q for q in queries if "accounts_apikey" in q["sql"]]


def test_unknown(db: None) -> None:
    """Well formed and not ours."""
    answer = call(new_key())
    assert answer.status_code == 401
    assert answer.data["code"] == "unknown_key"


def test_expired(issue: Issue) -> None:
    """Past its time, by the database's clock."""
    issued = issue(expires_at=timezone.now() + timedelta(hours=1))
    assert call(issued.secret).status_code == 200
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = call(issued.secret)
    assert (answer.status_code, answer.data["code"]) == (401, "expired_key")


def test_revoked(people: People, issue: Issue) -> None:
    """At once, and only once."""
    issued = issue()
    revoke_key(people.actor(people.alice), issued.key, why="laptop lost")
    answer = call(issued.secret)
    assert (answer.status_code, answer.data["code"]) == (401, "revoked_key")
    with pytest.raises(Refusal, match="already revoked"):
        revoke_key(people.actor(people.alice), issued.key)


def test_closed_service(people: People, service: ServiceAccount, issue: Issue) -> None:
    """Closing the partner closes all its keys, for good."""
    issued = issue()
    disable_service_account(people.actor(people.alice), service)
    assert call(issued.secret).data["code"] == "revoked_key"
    service.refresh_from_db()
    with pytest.raises(Refusal, match="closed"):
        issue_key(people.actor(people.alice), service, "x", [Scope.SUBMISSIONS_READ])


@pytest.mark.parametrize(
    ("ip", "status"),
    [("192.0.2.7", 200), ("192.0.3.7", 403), ("2001:db8::1", 200), ("2001:db9::1", 403),
     ("::ffff:192.0.2.9", 200)],
)  # fmt: skip
def test_networks(issue: Issue, ip: str, status: int) -> None:
    """Only from the networks it was issued for, old and new notation alike."""
    issued = issue(allowed_networks=["192.0.2.0/24", " 2001:db8::/32 "])
    assert call(issued.secret, ip=ip).status_code == status


def test_a_forwarded_address_is_not_believed(issue: Issue, settings: Any) -> None:
    """A header that a client writes does not move it into an allowed network."""
    issued = issue(allowed_networks=["10.0.0.0/8"])
    request = APIRequestFactory().get(
        "/",
        REMOTE_ADDR="192.0.2.7",
        HTTP_X_FORWARDED_FOR="10.0.0.1",
        HTTP_AUTHORIZATION=f"Bearer {issued.secret}",
    )
    assert Probe.as_view()(request).status_code == 403
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert Probe.as_view()(request).status_code == 200


@pytest.mark.parametrize("network", ["10.0.0.1/8", "everywhere", "10.0.0.0/40"])
def test_a_wrong_network_is_refused_at_once(issue: Issue, network: str) -> None:
    """Better a sentence now than a key that never works."""
    with pytest.raises(Refusal, match="not a network"):
        issue(allowed_networks=[network])


def test_issuing_is_for_admins_and_checked(people: People, service: ServiceAccount) -> None:
    """Bob and Charlie issue nothing; unknown scopes and past dates are refused."""
    for person in (people.bob, people.charlie):
        with forbids():
            issue_key(people.actor(person), service, "x", [Scope.SUBMISSIONS_READ])
    alice = people.actor(people.alice)
    with pytest.raises(Refusal, match="Unknown scope"):
        issue_key(alice, service, "x", [cast(Scope, "everything")])
    with pytest.raises(Refusal, match="at least one scope"):
        issue_key(alice, service, "x", [])
    with pytest.raises(Refusal, match="in the future"):
        issue_key(alice, service, "x", [Scope.SUBMISSIONS_READ], expires_at=timezone.now())


def test_the_database_knows_the_scopes(issue: Issue) -> None:
    """Not even SQL gives a key a scope that does not exist, or none, or a key in clear."""
    issued = issue()
    changes: list[dict[str, Any]] = [
        {"scopes": ["root"]}, {"scopes": []}, {"key_sha256": issued.secret},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            ApiKey.objects.filter(pk=issued.key.pk).update(**change)


def test_last_used_is_written_at_most_once_a_minute(issue: Issue) -> None:
    """The first call notes it; calls in the same minute write nothing; a later one does."""
    issued = issue()

    def writes() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert call(issued.secret).status_code == 200
        return sum(q["sql"].startswith('UPDATE "accounts_apikey"') for q in queries)

    assert [writes(), writes(), writes()] == [1, 0, 0]
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    assert writes() == 1
    later = ApiKey.objects.get().last_used_at
    assert later is not None and later > first - timedelta(seconds=61)


def test_every_step_is_an_event_and_refusals_do_not_flood(people: People, issue: Issue) -> None:
    """Made, issued, refused, revoked; fifty refused calls are one event."""
    issued = issue(allowed_networks=["10.0.0.0/8"])
    for _ in range(50):
        call(issued.secret)
    revoke_key(people.actor(people.alice), issued.key)
    assert list(Event.objects.order_by("id").values_list("verb", flat=True)) == [
        "service_account.created",
        "key.issued",
        "key.refused",
        "key.revoked",
    ]


def test_a_key_is_replaced_with_an_overlap(people: People, issue: Issue) -> None:
    """Both work until the old one expires; scopes, networks, mode and rates are the old one's."""
    alice, nets = people.actor(people.alice), ["192.0.2.0/24"]
    for test in (False, True):
        old = issue(allowed_networks=nets, test=test)
        ApiKey.objects.filter(pk=old.key.pk).update(read_rate=70)
        before = timezone.now()
        new = replace_key(alice, old.key, overlap=timedelta(hours=24))
        assert (call(old.secret).status_code, call(new.secret).status_code) == (200, 200)
        fresh = ApiKey.objects.get(pk=new.key.pk)
        assert fresh.service_id == ApiKey.objects.get(pk=old.key.pk).service_id
        assert (fresh.scopes, fresh.allowed_networks, fresh.is_test, fresh.read_rate) == (
            [Scope.SUBMISSIONS_READ], nets, test, 70,
        )  # fmt: skip
        ends = ApiKey.objects.get(pk=old.key.pk).expires_at
        assert ends and timedelta(0) <= ends - before - timedelta(hours=24) < timedelta(minutes=1)
        event = Event.objects.filter(verb="key.issued").order_by("id").last()
        assert event and event.content["data"]["replaces"] == old.key.prefix
        ApiKey.objects.filter(pk=old.key.pk).update(expires_at=before)
        assert (call(old.secret).status_code, call(new.secret).status_code) == (401, 200)


def test_a_key_that_has_ended_is_not_replaced(people: People, issue: Issue) -> None:
    """Nor does an overlap make a key live longer; and only who manages keys replaces one."""
    alice, soon = people.actor(people.alice), timezone.now() + timedelta(hours=1)
    short = issue(expires_at=soon)
    replace_key(alice, short.key, overlap=timedelta(days=7))
    assert ApiKey.objects.get(pk=short.key.pk).expires_at == soon
    ApiKey.objects.filter(pk=short.key.pk).update(expires_at=timezone.now())
    revoked = issue()
    revoke_key(alice, revoked.key)
    count = ApiKey.objects.count()
    for key, code in ((short.key, "key_already_expired"), (revoked.key, "key_already_revoked")):
        with pytest.raises(Refusal) as caught:
            replace_key(alice, key, overlap=timedelta(days=1))
        assert caught.value.code == code
    with forbids():
        replace_key(people.actor(people.bob), issue().key, overlap=timedelta(days=1))
    assert ApiKey.objects.count() == count + 1


def test_keys_are_listed_only_to_who_manages_them(people: People, issue: Issue) -> None:
    """Alice sees them; Bob, who only moderates, and Charlie see none."""
    issued = issue()
    assert list(ApiKey.objects.for_actor(people.actor(people.alice))) == [issued.key]
    for person in (people.bob, people.charlie):
        assert not ApiKey.objects.for_actor(people.actor(person)).exists()
