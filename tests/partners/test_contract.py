"""What REST guarantees besides its fields: strict reading of requests, idempotency keys, limits in
every answer, addresses with and without a slash."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts.models import Scope
from blobs.models import Blob
from jobs.timing import InSeconds
from media_analysis.partners.models import IdempotentRequest
from media_analysis.partners.serializers import SendSerializer
from media_analysis.partners.services.idempotency import Overtaken, forget_old, send_idempotently
from media_analysis.partners.throttling import CallerThrottle
from media_analysis.submissions.models import Submission
from media_analysis.submissions.search import cursors
from tests.partners.conftest import Partner
from tests.partners.test_api import URL, media, problem, send_in
from tests.people import Person, Send, picture

LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@pytest.mark.parametrize("twice", ["file", "note", "external_id", "batch", "team"])
def test_a_field_that_comes_twice_is_refused(both: Client, twice: str) -> None:
    """Either could be meant, so neither is taken; nothing is stored."""
    two: dict[str, list[Any]] = {
        "file": [media(1), media(2)],
        "batch": ["false", "true"],
        "team": [str(uuid.uuid4()), str(uuid.uuid4())],
    }
    body = {"file": media(3), twice: two.get(twice, ["a", "b"])}
    answer = both.post(URL, body)
    problem(answer, 400, "invalid")
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(twice, "repeated_field")]
    assert not Submission.objects.exists()


def test_a_file_beside_a_word_of_its_name_is_refused(both: Client) -> None:
    """The same name once as text and once as a file."""
    answer = both.post(URL, {"file": [SimpleUploadedFile("a.png", picture()), "text"]})
    problem(answer, 400, "invalid")


def test_a_filter_that_comes_twice_is_refused(both: Client) -> None:
    """As in bodies: the last one does not win silently."""
    answer = both.get(f"{URL}?state=done&state=queued")
    problem(answer, 400, "invalid")
    assert answer.json()["errors"][0]["code"] == "repeated_field"


CHANGES = {
    "file": {"shade": 9},
    "team": {},
    "note": {"note": "other"},
    "policy_context": {"policy_context": "other"},
    "external_id": {"external_id": "other"},
    "language": {"language": "de"},
    "batch": {"batch": "true"},
    "sha256": {},
}
"""`team` cannot change for a key; who sends into two teams is below. `sha256` goes by the file."""


def test_every_field_has_its_change_here() -> None:
    """A field that is added to the request is held to belong to what is repeated."""
    assert set(CHANGES) == set(SendSerializer().fields)


@pytest.mark.parametrize("field", [name for name, change in CHANGES.items() if change])
def test_another_value_of_any_field_is_another_request(both: Client, field: str) -> None:
    """The same key and another value: 422, not the first answer again."""
    send_in(both, key="k")
    problem(send_in(both, key="k", **CHANGES[field]), 422, "idempotency_differs")  # type: ignore[arg-type]
    assert Submission.objects.count() == 1


def test_a_file_of_another_digest_is_refused_and_the_right_one_is_the_same_request(
    both: Client,
) -> None:
    """Nothing is kept; with the right digest or without, a repeat is a repeat."""
    right = hashlib.sha256(media(7).read()).hexdigest()
    problem(send_in(both, 7, key="k", sha256="0" * 64), 422, "digest_differs")
    problem(send_in(both, 7, sha256=right.upper()), 400, "invalid")
    assert not Submission.objects.exists() and not Blob.objects.exists()
    first = send_in(both, 7, key="k", sha256=right).json()
    assert first["sha256"] == right
    assert send_in(both, 7, key="k").json()["id"] == first["id"]


def test_another_file_name_is_another_request(both: Client) -> None:
    """The name is kept with the submission, so it belongs to the request."""
    headers = {"Idempotency-Key": "k"}
    both.post(URL, {"file": media(name="a.png")}, headers=headers)
    problem(
        both.post(URL, {"file": media(name="b.png")}, headers=headers), 422, "idempotency_differs"
    )


def test_a_default_that_is_written_out_is_the_same_request(both: Client) -> None:
    """`batch=false` asks for what its absence asks for."""
    first = send_in(both, key="k")
    again = send_in(both, key="k", batch="false", note="")
    assert again.status_code == 202 and again.json()["id"] == first.json()["id"]


def test_a_refused_upload_does_not_use_its_key_up(both: Client) -> None:
    """Refused, corrected, sent again with the same key: done."""
    headers = {"Idempotency-Key": "k"}
    wrong = both.post(URL, {"file": SimpleUploadedFile("x.png", b"%!PS")}, headers=headers)
    problem(wrong, 415, "type_not_allowed")
    assert not IdempotentRequest.objects.exists()
    assert send_in(both, key="k").status_code == 202
    assert send_in(both, key="k")["Idempotent-Replayed"] == "true"


def test_a_key_whose_server_died_is_free_for_any_request(alice: Person, send: Send) -> None:
    """Nothing was done under it, so it belongs to nobody."""
    caller = f"{alice.actor.who.kind}:{alice.actor.who.id}"
    IdempotentRequest.objects.create(
        caller=caller, key="k", fingerprint="first", busy_until=InSeconds(-1)
    )

    def store(also: Any) -> Any:
        received = type("Received", (), {"submission": send(alice)})()
        also(received)
        return received

    found, replayed = send_idempotently(alice.actor, "k", "second", store)
    assert not replayed and send_idempotently(alice.actor, "k", "second", store) == (found, True)


def test_an_attempt_that_lost_its_key_frees_nothing(alice: Person) -> None:
    """It was slow and is refused in the end; the key is another attempt's by now."""

    def lost(also: Any) -> Any:
        IdempotentRequest.objects.update(holder=uuid.uuid4(), busy_until=InSeconds(60))
        raise ValueError

    with pytest.raises(ValueError):
        send_idempotently(alice.actor, "k", "asked", lost)
    assert IdempotentRequest.objects.get().busy_until is not None

    def late(also: Any) -> Any:
        IdempotentRequest.objects.update(holder=uuid.uuid4())
        with pytest.raises(Overtaken):
            also(type("Received", (), {"submission": None})())
        raise ValueError

    IdempotentRequest.objects.update(busy_until=None)
    with pytest.raises(ValueError):
        send_idempotently(alice.actor, "k", "asked", late)


def test_old_keys_are_forgotten_and_young_ones_kept(both: Client, settings: Any) -> None:
    """After IDEMPOTENCY_KEEP_DAYS; the submission stays, and the key may be used again."""
    send_in(both, 1, key="old")
    send_in(both, 2, key="young")
    age = timedelta(days=settings.IDEMPOTENCY_KEEP_DAYS)
    IdempotentRequest.objects.filter(key="old").update(
        created_at=Now() - age - timedelta(minutes=1)
    )
    IdempotentRequest.objects.filter(key="young").update(
        created_at=Now() - age + timedelta(minutes=1)
    )
    assert forget_old() == 1
    assert IdempotentRequest.objects.get().key == "young" and Submission.objects.count() == 2
    assert send_in(both, 3, key="old")["Idempotent-Replayed"] == "false"


@pytest.mark.parametrize("cursor", ["", "AAAA", "W10", "%00", "A" * 2001, "not!base64", "nö"])
def test_a_cursor_that_names_no_place_is_told(both: Client, cursor: str) -> None:
    """400 with the field, and not the first page as if it were the next one."""
    answer = both.get(URL, {"cursor": cursor})
    problem(answer, 400, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


def test_a_cursor_of_another_order_is_told(both: Client) -> None:
    """It names a place in another list."""
    by_name = cursors.write("name", "a.png", uuid.uuid4(), towards_first=False)
    assert both.get(URL, {"cursor": by_name, "sort": "name"}).status_code == 200
    answer = both.get(URL, {"cursor": by_name})
    assert [error["code"] for error in answer.json()["errors"]] == ["bad_cursor"]


def test_the_page_of_history_still_shows_its_beginning(alice: Person, send: Send) -> None:
    """A person with an old bookmark is not met by an error."""
    send(alice)
    assert alice.client().get("/?cursor=AAAA").status_code == 200


@pytest.mark.parametrize("end", ["", "{pk}", "{pk}/cancel"])
def test_an_address_without_its_slash_answers_the_same(
    both: Client,
    end: str,
) -> None:
    """No redirect: it would turn a POST into a GET and lose its body."""
    sent = both.post(URL.rstrip("/"), {"file": media()})
    assert sent.status_code == 202 and sent["Location"].endswith("/")
    path = URL + end.format(pk=sent.json()["id"])
    call = both.post if end.endswith("cancel") else both.get
    assert call(path.rstrip("/")).status_code in (200, 202)
    if not end.endswith("cancel"):
        assert call(path.rstrip("/")).json() == call(path.rstrip("/") + "/").json()


def test_the_other_addresses_without_their_slash(client: Client, db: None) -> None:
    """Schema and reference too; and what is nowhere is a problem, not a redirect."""
    assert client.get("/api/v1/schema").status_code == 200
    assert client.get("/api/v1/docs").status_code == 200
    for call in (client.get, client.post):
        problem(call("/api/v1/nowhere"), 404, "not_found")
        problem(call("/api/v1/submissions/17"), 404, "not_found")


def test_answers_name_the_address_with_its_slash(both: Client) -> None:
    """One spelling in what we write ourselves, and each address once in the schema."""
    assert reverse("api:submission-list") == URL
    paths = both.get("/api/v1/schema/?format=json").json()["paths"]
    assert all(path.endswith("/") for path in paths) and URL in paths


def test_every_answer_tells_the_limits(
    both: Client,
    partner: Partner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Good and refused, with a key and without one, and where nothing is."""
    sent = send_in(both)
    write = partner(Scope.SUBMISSIONS_WRITE)
    nobody, wrong = Client(), Client(headers={"Authorization": "Bearer tsk_nonsense"})
    answers = {
        202: sent,
        200: both.get(URL),
        400: both.get(URL, {"colour": "red"}),
        401: nobody.get(URL),
        "401 wrong key": wrong.post(URL),
        403: write.get(URL),
        404: both.get(f"{URL}{uuid.uuid4()}/"),
        "404 nowhere": both.get("/api/v1/nowhere/"),
        405: both.put(URL),
        406: both.get(URL, headers={"Accept": "text/csv"}),
        409: [both.post(f"{sent.json()['url']}cancel/") for _ in range(2)][1],
        414: both.get(URL, {"q": "x" * 4001}),
        415: both.post(URL, {}, content_type="application/json"),
        "schema": nobody.get("/api/v1/schema/"),
    }
    for name, answer in answers.items():
        assert str(answer.status_code) == (str(name)[:3] if name != "schema" else "200"), name
        assert all(header in answer for header in LIMITS), name
    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"read": "1/min", "write": "1/min"})
    assert all(header in both.get(URL) for header in LIMITS)
    for client in (nobody, wrong):
        answer = client.get(URL)
        problem(answer, 429, "throttled")
        assert answer["Retry-After"]


def test_a_header_does_not_make_a_stranger_another(db: None, monkeypatch: Any) -> None:
    """Who has no key is counted by the address that the connection has, not by what it claims."""
    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"read": "2/min", "write": "2/min"})
    statuses = [
        Client().get(URL, headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(4)
    ]
    assert statuses == [401, 401, 429, 429]
