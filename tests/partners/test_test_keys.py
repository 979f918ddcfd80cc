"""Test keys: canned results, real rows and webhooks, visible only to test keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.actors import SHELL_ACTOR
from accounts.models import ApiKey, Invitation, Membership, Role, Scope, ServiceAccount, Team
from accounts.services.keys import disable_service_account, issue_key
from audit.checking import compare_all_rows
from jobs.models import State
from jobs.services import claim
from media_analysis.batches.models import BatchItem
from media_analysis.batches.services import fetching
from media_analysis.dashboard.models import Ending
from media_analysis.partners.models import Allowance
from media_analysis.previews.models import Preview
from media_analysis.review.models import Case, CaseState, Decision
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import erasing, retention
from media_analysis.test_mode.outcomes import ANY_OTHER, OUTCOMES
from media_analysis.webhooks.models import Event, EventType
from media_analysis.webhooks.services import endpoints
from ml.models import Analysis
from operations import metrics
from tests.factories import MembershipFactory, ServiceAccountFactory, TeamFactory
from tests.partners.test_api_changes import CHANGES
from tests.people import Person, picture

URL = "/api/v1/submissions/"
DOCS = CHANGES.with_name("api.md")
pytestmark = pytest.mark.django_db


@pytest.fixture
def service(team: Team) -> ServiceAccount:
    return ServiceAccountFactory(team=team, name="Acme")


def program(who: Person, service: ServiceAccount, *, test: bool = True) -> Client:
    issued = issue_key(who.actor, service, "k", list(Scope), test=test)
    return Client(headers={"Authorization": f"Bearer {issued.secret}"})


@pytest.fixture
def test_key(admin: Person, service: ServiceAccount) -> Client:
    return program(admin, service)


@pytest.fixture
def live_key(admin: Person, service: ServiceAccount) -> Client:
    return program(admin, service, test=False)


def send(client: Client, name: str = "clip.png", **more: Any) -> Any:
    file = SimpleUploadedFile(name, picture())
    answer = client.post(URL, {"file": file, **more.pop("fields", {})}, headers=more)
    assert answer.status_code == 202, answer.content
    return client.get(answer["Location"]).json()


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_name_of_the_file_chooses_the_result(test_key: Client, name: str) -> None:
    """At once, with a result and decisions in their usual shape, and marked as a test."""
    canned, expected = OUTCOMES[name], send(test_key, f"{name}.2.png")
    assert expected["livemode"] is False
    if canned.stays_queued:
        assert (expected["state"], expected["outcome"], expected["result"]) == (
            "queued",
            None,
            None,
        )
        assert test_key.post(f"{expected['url']}cancel/").json()["state"] == "cancelled"
        return
    assert [one["outcome"] for one in expected["decisions"]] == list(canned.decisions)
    assert (expected["decision"] or {}).get("outcome") == (canned.decisions or (None,))[-1]
    if canned.outcome is None:
        assert (expected["state"], expected["outcome"]) == ("parked", "inconclusive")
        assert expected["reason"] and expected["reason_code"]
        return
    assert (expected["state"], expected["outcome"]) == ("done", canned.outcome)
    assert bool(expected["declared"]) == (name == "declared_generated")
    assert expected["result"]["verdict"]["outcome"] == canned.outcome
    if name != "rejected":
        assert "canned" in expected["reason"] and expected["result"]["media"]["kind"] == "image"
        assert [one["detector"] for one in expected["result"]["findings"]] == ["test"]


def test_the_documentation_lists_these_names_and_no_others(test_key: Client) -> None:
    section = DOCS.read_text().split("## Test keys")[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| `")]
    assert [one.strip("`") for one in rows] == list(OUTCOMES)
    assert send(test_key, "holiday.png")["outcome"] == ANY_OTHER


def test_nobody_but_test_keys_of_the_team_sees_what_a_test_key_sent(
    test_key: Client, live_key: Client, admin: Person, alice: Person, site_admin: Person,
    charlie: Person,
) -> None:  # fmt: skip
    """Not the same partner's live key, no person of the team, no site administrator, no other
    team's test key; and a test key sees nothing that was sent live."""
    tested, lived = send(test_key), send(live_key)
    assert (tested["livemode"], lived["livemode"]) == (False, True)
    assert tested["similar"] == lived["similar"] == [], "the same bytes"
    foreign = program(charlie, ServiceAccountFactory(team=charlie.team))
    for who in (live_key, foreign, admin.client(), site_admin.client()):
        assert who.get(tested["url"]).status_code in (403, 404)
        ids = [row["id"] for row in who.get(URL).json()["results"]] if who is live_key else []
        assert tested["id"] not in ids
    assert test_key.get(lived["url"]).status_code == 404
    assert [row["id"] for row in test_key.get(URL).json()["results"]] == [tested["id"]]
    colleague = program(admin, ServiceAccountFactory(team=admin.team))
    assert colleague.get(tested["url"]).status_code == 200
    for person in (alice, admin, site_admin):
        assert not Submission.objects.for_actor(person.actor).filter(pk=tested["id"]).exists()
        page = person.client().get(f"/submissions/{tested['id']}/")
        assert page.status_code in (403, 404)
        assert tested["id"] not in person.client().get("/submissions/").content.decode()
    listed = site_admin.client().get("/admin/submissions/submission/").content.decode()
    assert lived["id"] in listed and tested["id"] not in listed


def test_nobody_and_nothing_has_work_from_it(
    test_key: Client, django_capture_on_commit_callbacks: Any
) -> None:
    """No analysis is due, no bell rings, no case waits, nothing is in the figures of the site."""
    metrics.Site._kept = (-metrics.KEPT_SECONDS, [])
    before = metrics.exposition()[0]
    with django_capture_on_commit_callbacks() as rung:
        for name in OUTCOMES:
            send(test_key, f"{name}.png")
    assert rung == []
    assert Submission.objects.count() == len(OUTCOMES)
    assert claim(Analysis, worker="t") is None
    assert not Case.objects.exclude(state=CaseState.DECIDED).exists()
    assert not Ending.objects.exists() and not Preview.objects.exists()
    metrics.Site._kept = (-metrics.KEPT_SECONDS, [])
    now = metrics.exposition()[0]

    def work(text: bytes) -> list[str]:
        names = ("touchstone_jobs", "touchstone_team", "touchstone_anal")
        return [line for line in text.decode().splitlines() if line.startswith(names)]

    oldest = "touchstone_jobs_oldest_due_seconds"
    assert [x for x in work(now) if oldest not in x] == [x for x in work(before) if oldest not in x]
    assert Analysis.objects.filter(state=State.PARKED).exists(), "the figures had one to leave out"


def test_it_counts_against_no_live_quota(test_key: Client, live_key: Client) -> None:
    send(live_key)
    before = list(Allowance.objects.values_list("caller", "used"))
    for _ in range(3):
        send(test_key)
    after = list(Allowance.objects.values_list("caller", "used"))
    assert [row for row in after if row in before] == before


def test_one_idempotency_key_stands_for_two_requests_in_two_modes(
    test_key: Client, live_key: Client
) -> None:
    head = {"Idempotency-Key": "order-1"}
    first, again, other = send(test_key, **head), send(test_key, **head), send(live_key, **head)
    assert first["id"] == again["id"] != other["id"]


def test_webhooks_of_test_keys_are_told_and_marked(
    test_key: Client, admin: Person, inside: None
) -> None:
    """Everything that happens, in the order of a real one; live webhooks hear nothing."""
    endpoints.add(admin.actor, admin.team, "https://live.example/", EventType.values)
    wanted = {"url": "https://test.example/", "events": EventType.values}
    added = test_key.post("/api/v1/webhooks/", wanted, content_type="application/json")
    assert added.json()["livemode"] is False
    one = send(test_key, "decision_changed.png")
    send(test_key, "failed.png")
    test_key.delete(one["url"])
    test_key.post(f"/api/v1/webhooks/{added.json()['id']}/test/")
    bodies = [json.loads(e.body) for e in Event.objects.order_by("created_at", "body")]
    assert sorted(body["type"] for body in bodies) == sorted(
        ["analysis.completed", "decision.made", "decision.reopened", "decision.changed",
         "analysis.failed", "deletion.requested", "webhook.test"]
    )  # fmt: skip
    assert {body["livemode"] for body in bodies} == {False}
    assert {d.endpoint.url for e in Event.objects.all() for d in e.deliveries.all()} == {
        "https://test.example/"
    }


def test_a_batch_of_a_test_key_fetches_nothing(test_key: Client) -> None:
    """Any host may be named; the name at the end of the address chooses the result."""
    items = [{"url": f"https://nowhere.invalid/{n}.jpg"} for n in ("manipulation_found", "missing")]
    sent = test_key.post("/api/v1/batches/", {"items": items}, content_type="application/json")
    assert (sent.status_code, sent.json()["livemode"]) == (202, False)
    while taken := claim(BatchItem, worker="t"):
        fetching.run(taken)
    body = test_key.get(sent["Location"]).json()
    assert [item["state"] for item in body["items"]] == ["received", "refused"]
    assert body["completed_at"] and body["counts"]["analysed"] == 1
    found = test_key.get(body["items"][0]["submission"]).json()
    assert (found["outcome"], found["media_type"]) == ("manipulation_found", "image/png")


def test_a_resumable_upload_chooses_by_its_file_name_too(test_key: Client) -> None:
    name = base64.b64encode(b"inconclusive.png").decode()
    head = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(picture()))}
    head["Upload-Metadata"] = f"filename {name}"
    made = test_key.post("/api/v1/uploads/", headers=head)
    done = test_key.patch(
        made["Location"], picture(), content_type="application/offset+octet-stream",
        headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
    )  # fmt: skip
    assert test_key.get(done["Touchstone-Submission"]).json()["outcome"] == "inconclusive"


def test_it_is_erased_after_some_days(test_key: Client, live_key: Client, settings: Any) -> None:
    """`TEST_KEEP_DAYS`, whatever the team's rules say; what was sent live stays."""
    lived = send(live_key)
    sent = [send(test_key, f"{name}.png")["id"] for name in OUTCOMES]
    connection.check_constraints()  # as the end of each request does
    retention.order_due()
    assert Submission.objects.count() == len(sent) + 1
    settings.TEST_KEEP_DAYS = 1e-9
    assert retention.order_due() == len(sent)
    while erasing.run_due():
        pass
    assert [str(pk) for pk in Submission.objects.values_list("pk", flat=True)] == [lived["id"]]
    assert test_key.get(URL).json()["results"] == []


def test_all_of_it_is_on_record(test_key: Client) -> None:
    """The comparison of rows and record finds nothing, for keys, accounts and submissions."""
    for name in OUTCOMES:
        send(test_key, f"{name}.png")
    report = compare_all_rows()
    assert report is not None
    made = [*Submission.objects.all(), *Analysis.objects.all(), *Decision.objects.all()]
    made += [*Case.objects.all(), *ApiKey.objects.all(), *Team.objects.exclude(live_team=None)]
    made += [*ServiceAccount.objects.exclude(live_account=None)]
    text = report.as_text()
    assert len(made) > 3 * len(OUTCOMES) and [one for one in made if str(one.pk) in text] == []


def test_the_mode_of_a_key_is_in_its_prefix_and_in_the_list(
    admin: Person, service: ServiceAccount
) -> None:
    """Chosen on the page where the key is made; it can be revoked there; two keys share one
    account."""
    page = f"/teams/{admin.team.pk}/partners/"
    client = admin.client()
    new = f"{page}{service.pk}/keys/new/"
    form = {"name": "ci", "scopes": ["submissions:read"], "days": "30", "mode": "test"}
    html = client.post(new, form).content.decode()
    client.post(new, form | {"name": "second"})
    key = ApiKey.objects.get(name="ci")
    assert key.is_test and key.prefix.startswith("tsk_test_") and f"{key.prefix}" in html
    assert ServiceAccount.objects.filter(live_account=service).count() == 1
    listed = client.get(page).content.decode()
    assert key.prefix in listed and "Test key</span>" in listed
    revoked = client.post(f"{page}keys/{key.pk}/revoke/")
    key.refresh_from_db()
    assert revoked.status_code == 302 and key.revoked_at is not None


def test_a_closed_partner_loses_its_test_keys_too(
    admin: Person, service: ServiceAccount, test_key: Client
) -> None:
    assert test_key.get(URL).status_code == 200
    disable_service_account(admin.actor, service)
    assert test_key.get(URL).json()["code"] == "revoked_key"


def test_a_foreign_admin_makes_and_sees_no_test_key(
    charlie: Person, admin: Person, service: ServiceAccount, test_key: Client
) -> None:
    assert not ApiKey.objects.for_actor(charlie.actor).exists()
    key = ApiKey.objects.get(is_test=True)
    revoke = f"/teams/{charlie.team.pk}/partners/keys/{key.pk}/revoke/"
    assert charlie.client().post(revoke).status_code == 404
    assert ApiKey.objects.for_actor(admin.actor).get() == key
    assert ApiKey.objects.for_actor(SHELL_ACTOR).get() == key


def test_the_database_keeps_the_modes_apart(
    admin: Person, service: ServiceAccount, test_key: Client, live_key: Client
) -> None:
    """Whatever writes: a key keeps its mode, nobody joins a test team, and accounts stay on their
    side."""
    test, live = ApiKey.objects.get(is_test=True), ApiKey.objects.get(is_test=False)
    test_team = Team.objects.get(live_team=admin.team)
    soon = timezone.now() + timedelta(days=1)
    attempts: list[Callable[[], object]] = [
        lambda: ApiKey.objects.filter(pk=test.pk).update(is_test=False, prefix="tsk_a"),
        lambda: ApiKey.objects.filter(pk=live.pk).update(is_test=True, prefix="tsk_test_a"),
        lambda: ApiKey.objects.filter(pk=live.pk).update(service=test.service),
        lambda: ApiKey.objects.filter(pk=test.pk).update(prefix="tsk_live"),
        lambda: Team.objects.filter(pk=test_team.pk).update(live_team=None),
        lambda: Team.objects.filter(pk=admin.team.pk).update(live_team=TeamFactory()),
        lambda: Team.objects.create(name="deeper", live_team=test_team),
        lambda: MembershipFactory(team=test_team, role=Role.LEAD),
        lambda: Membership.objects.update(team=test_team),
        lambda: Invitation.objects.create(
            team=test_team, email="a@example.org", role=Role.LEAD, token_sha256="0" * 64,
            expires_at=soon,
        ),
        lambda: ServiceAccount.objects.create(team=test_team, name="alone"),
        lambda: ServiceAccount.objects.filter(pk=service.pk).update(team=test_team),
        lambda: ServiceAccount.objects.create(team=TeamFactory(), name="x", live_account=service),
    ]  # fmt: skip
    for number, attempt in enumerate(attempts):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()
            connection.check_constraints()
        assert ApiKey.objects.filter(is_test=True).count() == 1, number
