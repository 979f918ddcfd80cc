"""The REST interface, as a partner's program meets it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import ModelSerializer

from accounts.models import Scope
from jobs.services import claim_one, park
from media_analysis.partners.models import Allowance, IdempotentRequest
from media_analysis.partners.serializers import FilterSerializer, SubmissionSerializer
from media_analysis.partners.services.idempotency import forget_old, send_idempotently
from media_analysis.partners.throttling import CallerThrottle
from media_analysis.submissions.forms import HistoryFilter
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import deletion
from media_analysis.submissions.services.intake import Received, submit
from ml.models import Analysis
from tests.partners.conftest import Partner
from tests.people import Person, Send, picture

URL = "/api/v1/submissions/"


def media(shade: int = 120, name: str = "photo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture(shade), "image/png")


def send_in(client: Client, shade: int = 120, key: str | None = None, **words: str) -> Any:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post(URL, {"file": media(shade), **words}, headers=headers)


def problem(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code and body["status"] == status and body["detail"]


def test_send_follow_find(both: Client) -> None:
    """202 with the address to follow; the list finds it; every answer tells what is left."""
    sent = send_in(both, external_id="case-7")
    assert sent.status_code == 202 and sent["Location"] == sent.json()["url"]
    assert sent.json()["state"] == "queued" and sent.json()["outcome"] is None
    seen = both.get(sent["Location"])
    assert seen.status_code == 200 and seen.json()["result"] is None
    found = both.get(URL, {"q": "case-7"}).json()["results"]
    assert [row["id"] for row in found] == [sent.json()["id"]]
    assert int(seen["RateLimit-Remaining"]) < int(seen["RateLimit-Limit"])


def test_paging_follows_its_own_addresses(both: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """`next` and `previous` lead through all rows, each once."""
    monkeypatch.setattr("media_analysis.submissions.search.history.PAGE_SIZE", 2)
    ids = [send_in(both, shade).json()["id"] for shade in range(5)]
    seen, url = [], URL
    while url:
        page = both.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == ids[::-1]


def test_a_repeated_request_is_done_once(both: Client) -> None:
    """The same key and request: the same submission; another request: 422."""
    first, again = send_in(both, key="k-1"), send_in(both, key="k-1")
    assert again.json()["id"] == first.json()["id"]
    assert (first["Idempotent-Replayed"], again["Idempotent-Replayed"]) == ("false", "true")
    problem(send_in(both, shade=9, key="k-1"), 422, "idempotency_differs")
    problem(send_in(both, key="k-1", note="other"), 422, "idempotency_differs")
    assert Submission.objects.count() == 1


def test_a_refused_request_frees_its_key(both: Client) -> None:
    """After a refusal the key can be used for the same request again, with the same refusal."""
    for _ in range(2):
        body = {"file": SimpleUploadedFile("x.png", b"%!PS")}
        answer = both.post(URL, body, headers={"Idempotency-Key": "k"})
        problem(answer, 415, "type_not_allowed")
    assert not Submission.objects.exists()


def test_a_request_in_flight_answers_busy(both: Client) -> None:
    """While the first is being worked on, the second is told to wait."""
    send_in(both, key="k")
    IdempotentRequest.objects.update(submission=None, busy_until="2999-01-01T00:00Z")
    problem(send_in(both, key="k"), 409, "idempotency_busy")


def test_a_slow_first_request_that_was_overtaken_writes_nothing(alice: Person) -> None:
    """Its place was given away while it stored: both answers name the one submission."""

    def send(also: Callable[[Received], None]) -> Received:
        return submit(alice.actor, alice.team, BytesIO(picture()), "a.png", also=also)

    def slowly(also: Callable[[Received], None]) -> Received:
        IdempotentRequest.objects.update(busy_until="2000-01-01T00:00Z")
        seen.append(send_idempotently(alice.actor, "k", "asked", send))
        return send(also)

    seen: list[tuple[Submission, bool]] = []
    slow = send_idempotently(alice.actor, "k", "asked", slowly)
    assert (slow, seen) == ((seen[0][0], True), [(seen[0][0], False)])
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_a_key_that_is_no_key(both: Client, key: str) -> None:
    """One sentence says what a key looks like."""
    problem(send_in(both, key=key), 400, "idempotency_key_invalid")


@pytest.mark.django_db(transaction=True)
def test_ten_copies_at_once_make_one_submission(both: Client) -> None:
    """Racing repeats: one submission; the others get it or must wait."""

    def one(_: int) -> Any:
        try:
            client = Client()
            client.defaults = both.defaults
            return send_in(client, key="race")
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(one, range(10)))
    assert {a.status_code for a in answers} <= {202, 409}
    assert len({a.json()["id"] for a in answers if a.status_code == 202}) == 1
    assert Submission.objects.count() == 1


def test_bad_bodies(both: Client) -> None:
    """A missing file, an unknown field, an overlong note, JSON, and nothing at all."""
    problem(both.post(URL, {"note": "x"}), 400, "invalid")
    unknown = both.post(URL, {"file": media(), "notes": "x"})
    problem(unknown, 400, "invalid")
    assert unknown.json()["errors"][0] == {
        "field": "notes",
        "code": "unknown_field",
        "detail": "There is no such field.",
    }
    problem(send_in(both, note="x" * 4001), 400, "invalid")
    problem(both.post(URL, {}, content_type="application/json"), 415, "unsupported_media_type")
    problem(both.post(URL, {"file": SimpleUploadedFile("e", b"")}), 400, "empty")
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        {"outcome": "perhaps"},
        {"state": "x"},
        {"q": "x" * 201},
        {"q": "word " * 13},
        {"kind": "text"},
        {"sort": "random"},
        {"received_from": "2026-02-30"},
        {"received_to": "99999-01-01"},
        {"team": "1"},
        {"detector": "tea_leaves"},
        {"colour": "red"},
    ],
)
def test_a_filter_that_is_none(both: Client, query: dict[str, str]) -> None:
    """The error names the field; it is never ignored."""
    problem(both.get(URL, query), 400, "invalid")


@pytest.mark.parametrize("query", ["outcome=", "team=", "sort=", "received_from="])
def test_an_empty_filter_is_a_wrong_one(both: Client, query: str) -> None:
    """What the schema forbids is told, not taken for no filter."""
    problem(both.get(f"{URL}?{query}"), 400, "invalid")


@pytest.mark.parametrize("end", ["nowhere/", "submissions/17/", "submissions/null,null/cancel/"])
def test_an_address_that_is_none_is_a_problem_not_a_page(both: Client, end: str) -> None:
    """A program is answered in its own language wherever it goes astray."""
    problem(both.get(f"/api/v1/{end}"), 404, "not_found")
    problem(both.post(f"/api/v1/{end}"), 404, "not_found")


def test_scopes_hold(partner: Partner, alice: Person, send: Send) -> None:
    """A key that may only write reads nothing; one that may only read sends nothing."""
    mine = f"{URL}{send(alice).pk}/"
    write, read = partner(Scope.SUBMISSIONS_WRITE), partner(Scope.SUBMISSIONS_READ)
    assert send_in(write).status_code == 202
    problem(write.get(URL), 403, "permission_denied")
    problem(write.get(mine), 403, "permission_denied")
    problem(send_in(read), 403, "permission_denied")
    problem(read.post(f"{mine}cancel/"), 403, "permission_denied")
    assert read.get(mine).status_code == 200


def test_without_a_key_nothing(db: None) -> None:
    """401 with the challenge, for no key and for a wrong one."""
    for headers in ({}, {"Authorization": "Bearer tsk_nonsense"}):
        answer = Client(headers=headers).get(URL)
        assert answer.status_code in (401, 403)
        assert answer["Content-Type"] == "application/problem+json"


def test_another_teams_submission_is_missing(both: Client, charlie: Person, send: Send) -> None:
    """A foreign id answers like one that never was, also for cancelling."""
    foreign = send(charlie)
    for call, end in ((both.get, ""), (both.post, "cancel/")):
        here, there = call(f"{URL}{foreign.pk}/{end}"), call(f"{URL}{uuid.uuid4()}/{end}")
        problem(here, 404, "not_found")
        assert here.content == there.content


def test_cancel(both: Client) -> None:
    """Once it answers 202, then 409: it had ended."""
    url = send_in(both).json()["url"] + "cancel/"
    assert both.post(url).json()["state"] == "cancelled"
    problem(both.post(url), 409, "already_ended")


def test_a_deletion_is_asked_for_and_shown(both: Client) -> None:
    """202, shown from then on, the same answer again; the media stays until a person decides."""
    sent = send_in(both).json()
    assert sent["deletion_requested_at"] is None
    response = both.delete(sent["url"])
    assert response.status_code == 202 and response.json()["deletion_requested_at"]
    assert both.delete(sent["url"]).json() == response.json()
    assert both.get(sent["url"]).json()["deletion_requested_at"]
    assert both.get(URL).json()["results"][0]["deletion_requested_at"]
    assert Submission.objects.get().blob.size


def test_a_key_asks_only_for_what_its_partner_sent(
    both: Client, partner: Partner, alice: Person, charlie: Person, send: Send
) -> None:
    """A team-mate's is refused, a stranger's is missing, and reading is not enough."""
    problem(both.delete(f"{URL}{send(alice).pk}/"), 403, "not_yours")
    problem(both.delete(f"{URL}{send(charlie).pk}/"), 404, "not_found")
    mine = send_in(both).json()["url"]
    problem(partner(Scope.SUBMISSIONS_READ).delete(mine), 403, "permission_denied")
    problem(partner(Scope.SUBMISSIONS_WRITE).delete(mine), 403, "not_yours")


def test_the_list_filters_like_the_page(both: Client, alice: Person, send: Send) -> None:
    """Every filter of the page under the same name, and the same orders; some are for programs."""
    for_programs = {"cursor", "updated_since", "external_id", "ids", "page_size"}
    assert set(FilterSerializer().fields) == {*HistoryFilter.base_fields, *for_programs}
    send(alice, 1, "b.png")
    send(alice, 2, "a.png", note="see holiday")

    def found(**query: str) -> list[str]:
        return [row["filename"] for row in both.get(URL, query).json()["results"]]

    assert found(sort="name") == ["a.png", "b.png"] and found(sort="name_last") == [
        "b.png",
        "a.png",
    ]
    assert found(q="holiday") == ["a.png"]
    assert found(team=str(uuid.uuid4())) == []
    assert found(received_from="2020-01-01", received_to="2020-01-02") == []
    assert found(detector="compression", check="failed") == []


def test_too_many_requests_are_told_when_to_return(both: Client, monkeypatch: Any) -> None:
    """429 with Retry-After and the limits."""
    from media_analysis.partners.throttling import CallerThrottle

    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"read": "2/min", "write": "2/min"})
    answers = [both.get(URL) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    problem(answers[-1], 429, "throttled")
    assert int(answers[-1]["Retry-After"]) <= 61 and answers[-1]["RateLimit-Remaining"] == "0"


def test_the_reference_is_a_page_of_our_own(client: Client, db: None) -> None:
    """Readable without a key; nothing comes from afar; its contents lead to each operation."""
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200 and b"Idempotency-Key" in page.content
    assert b"//cdn" not in page.content
    operations = page.context["operations"]
    text = page.content.decode()
    assert len(operations) > 20
    for one in operations:
        assert text.count(f'href="#{one["anchor"]}"') == text.count(f'id="{one["anchor"]}"') == 1
    assert client.get("/api/v1/schema/").status_code == 200


def test_a_list_says_what_its_fields_promise(
    both: Client, alice: Person, lead: Person, send: Send, rf: Any
) -> None:
    """The rows written out by hand are those that the declared fields would give."""
    sent = [send(alice, shade, note="a note") for shade in range(2)]
    deletion.ask(lead.actor, sent[0], "gone")
    Analysis.objects.filter(pk=sent[1].analysis_id).update(progress=0.25, stage="faces")
    rows = {row["id"]: row for row in both.get(URL).json()["results"]}
    request = rf.get("/")
    for one in Submission.objects.with_deletion_requests().with_decisions():
        serializer = SubmissionSerializer(one, context={"request": request})
        promised = ModelSerializer.to_representation(serializer, one)
        assert serializer.data == promised
        assert {**rows[str(one.pk)], "url": promised["url"]} == promised
    assert rows[str(sent[0].pk)]["deletion_requested_at"] is not None


def test_a_list_is_byte_for_byte_what_whole_submissions_give(
    both: Client, alice: Person, lead: Person, send: Send, rf: Any, django_assert_num_queries: Any
) -> None:
    """Only the columns that are told are read, in as many queries for four rows as for one; set
    aside is inconclusive there too."""
    sent = [send(alice, 1)]
    both.get(URL)  # the first use of a key is noted
    with CaptureQueriesContext(connection) as one_row:
        both.get(URL)
    sent += [send(alice, shade, name=f"{shade}-ä\u2028.png", note="ö") for shade in (2, 3, 4)]
    deletion.ask(lead.actor, sent[1], "gone")
    claim = claim_one(Analysis, sent[2].analysis_id, worker="test")
    assert claim is not None
    park(claim, "poison", "It brought its process down.")
    with django_assert_num_queries(len(one_row)):
        response = both.get(URL)
    unread = '"ml_analysis"."(lease_until|fence|result)"|"review_decision"."(policy_text|note)"'
    assert not re.search(unread, "".join(q["sql"] for q in one_row))
    whole = Submission.objects.with_deletion_requests().with_decisions()
    whole = whole.order_by("-created_at", "-id")
    rows = SubmissionSerializer(whole, many=True, context={"request": rf.get("/")})
    body = {"next": None, "previous": None, "results": rows.data}
    assert response.content == JSONRenderer().render(body)
    assert {row["outcome"] for row in response.json()["results"]} == {None, "inconclusive"}


def test_a_window_ends_and_is_forgotten(both: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute later the caller begins anew; a day later nothing is left of it."""
    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"read": "1/min", "write": "1/min"})
    assert [both.get(URL).status_code for _ in range(2)] == [200, 429]
    Allowance.objects.update(since=Now() - timedelta(seconds=61))
    assert both.get(URL).status_code == 200
    Allowance.objects.update(since=Now() - timedelta(days=2))
    forget_old()
    assert not Allowance.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_request_is_forgotten_by_the_count(
    both: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty at once of ten that are allowed: exactly ten are answered."""
    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"read": "10/min", "write": "10/min"})
    headers = {"Authorization": both.defaults["HTTP_AUTHORIZATION"]}

    def ask(_: int) -> int:
        try:
            return Client(headers=headers).get(URL).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(20))) == [200] * 10 + [429] * 10


def test_a_request_without_a_body_is_told(both: Client) -> None:
    """No form, no fields: 400 with the missing file named."""
    answer = both.post(URL, b"", content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 400
    answer = both.generic("POST", URL)
    problem(answer, 400, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["file"]


def test_an_empty_team_is_told_and_not_taken_for_none(both: Client) -> None:
    """An empty value is a wrong one, as everywhere; words may be empty."""
    answer = send_in(both, team="")
    problem(answer, 400, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["team"]
    assert not Submission.objects.exists()
    assert send_in(both, note="", external_id="").status_code == 202


@pytest.mark.parametrize(
    "astray", ["no\nsuch/cancel/", "x\r\n/", "%C3%91%0A%08/cancel/", "\u2028/"]
)
def test_whoever_goes_astray_meets_a_problem_and_no_page(both: Client, astray: str) -> None:
    """Line breaks in an address too."""
    for method in (both.get, both.post):
        problem(method(f"/api/v1/submissions/{astray}"), 404, "not_found")
