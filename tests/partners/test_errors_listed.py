"""Each operation lists the errors that it can give, and no others: every one is provoked here."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, transaction
from django.test import Client

from accounts.models import Scope
from accounts.refusals import CATALOGUE
from audit.who import SHELL
from media_analysis.partners.models import IdempotentRequest
from media_analysis.partners.throttling import CallerThrottle
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import erasing
from tests.partners.conftest import Partner
from tests.partners.test_api import URL, media, send_in
from tests.people import Person


def erase(submission: Submission) -> None:
    with connection.cursor() as cursor:  # what a transaction checks at its end
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    with transaction.atomic():
        ordered = erasing.order(submission, SHELL, "operator")
    assert erasing.carry_out(ordered.pk)


ONE = f"{URL}{{id}}/"
API = Path(__file__).parents[2] / "docs" / "api.md"
NO_REPORT = "00000000-0000-4000-8000-000000000000"
OPERATIONS = {
    "submissions_create": ("post", URL),
    "submissions_list": ("get", URL),
    "submissions_read": ("get", ONE),
    "submissions_events": ("get", f"{ONE}events/"),
    "submissions_delete": ("delete", ONE),
    "submissions_cancel": ("post", f"{ONE}cancel/"),
    "submissions_media": ("get", f"{ONE}media/"),
    "submissions_thumbnail": ("get", f"{ONE}thumbnails/frame/"),
    "submissions_report": ("get", f"{ONE}reports/{NO_REPORT}/report.pdf/"),
}
NEEDS = {
    "submissions_create": Scope.SUBMISSIONS_WRITE,
    "submissions_list": Scope.SUBMISSIONS_READ,
    "submissions_read": Scope.SUBMISSIONS_READ,
    "submissions_events": Scope.SUBMISSIONS_READ,
    "submissions_delete": Scope.SUBMISSIONS_WRITE,
    "submissions_cancel": Scope.SUBMISSIONS_WRITE,
    "submissions_media": Scope.MEDIA_READ,
    "submissions_thumbnail": Scope.MEDIA_READ,
    "submissions_report": Scope.REPORTS_READ,
}
EACH = (401, 403, 406, 414, 429, 503)
OWN = {
    "submissions_create": (400, 404, 409, 411, 413, 415, 422),
    "submissions_list": (400,),
    "submissions_read": (400, 404, 410),
    "submissions_events": (400, 404, 410),
    "submissions_delete": (404, 410),
    "submissions_cancel": (404, 409, 410),
    "submissions_media": (404, 410),
    "submissions_thumbnail": (404, 410),
    "submissions_report": (404, 410),
}
CASES = [(name, status) for name in OPERATIONS for status in (*EACH, *OWN[name])]


def listed(client: Client) -> dict[str, dict[int, Any]]:
    paths = client.get("/api/v1/schema/?format=json").json()["paths"]
    return {
        operation["operationId"]: {
            int(status): answer
            for status, answer in operation["responses"].items()
            if int(status) > 399
        }
        for path, methods in paths.items()
        for operation in methods.values()
        if path.startswith(URL) and not re.search("/(hold|appeal)/", path)
        # those: test_holds.py and test_appeals.py
    }


def test_the_schema_lists_what_is_provoked_here(client: Client, db: None) -> None:
    """Operation by operation, the same statuses; each says in words when it comes."""
    schema = listed(client)
    assert {name: set(statuses) for name, statuses in schema.items()} == {
        name: {*EACH, *own} for name, own in OWN.items()
    }
    for statuses in schema.values():
        assert all(answer["description"] for answer in statuses.values())
        assert all("application/problem+json" in answer["content"] for answer in statuses.values())


def test_the_schema_says_what_a_cursor_may_be(client: Client, db: None) -> None:
    """Letters of base64url, so long at most, and where it comes from."""
    paths = client.get("/api/v1/schema/?format=json").json()["paths"]
    (cursor,) = [p for p in paths[URL]["get"]["parameters"] if p["name"] == "cursor"]
    assert cursor["schema"]["pattern"] == "^[A-Za-z0-9_-]+$" and cursor["schema"]["maxLength"]
    assert "`next`" in cursor["description"]


@pytest.mark.parametrize(("name", "status"), CASES)
def test_a_listed_error_is_given(
    name: str,
    status: int,
    partner: Partner,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    """A real request brings it about, as a problem with a code and a sentence."""
    method, path = OPERATIONS[name]
    both = partner(*Scope)
    sent = "" if path == URL else send_in(both, 3).json()["id"]

    def ask(client: Client = both, pk: str = sent, **how: Any) -> Any:
        if name == "submissions_create":
            how.setdefault("data", {"file": media(9)})
        return getattr(client, method)(path.replace("{id}", pk), **how)

    def without_scope() -> Any:
        return ask(partner(*set(Scope) - {NEEDS[name], Scope.SUBMISSIONS_READ_OWN}))

    def too_often() -> Any:
        monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"read": "1/min", "write": "1/min"})
        return [ask() for _ in range(2)][1]

    def without_database() -> Any:
        def away(*args: Any) -> Any:
            raise OperationalError

        monkeypatch.setattr(CallerThrottle, "_counted", away)
        return ask()

    def not_right() -> Any:
        if method == "get":
            return ask(data={"sort": "random", "wait": "long", "seconds": "long"})
        return ask(data={"note": "no file"})

    def nothing_there() -> Any:
        if sent:
            return ask(pk=str(uuid.uuid4()))
        return ask(data={"file": media(9), "team": str(uuid.uuid4())})

    def in_conflict() -> Any:
        if sent:
            return [ask() for _ in range(2)][1]
        send_in(both, 9, key="k")
        IdempotentRequest.objects.update(submission=None, busy_until="2999-01-01T00:00Z")
        return send_in(both, 9, key="k")

    def too_large() -> Any:
        settings.MAX_UPLOAD_BYTES = 10
        return ask()

    def another_request() -> Any:
        send_in(both, 8, key="k")
        return send_in(both, 9, key="k")

    def erased() -> Any:
        erase(Submission.objects.get(pk=sent))
        return ask()

    provoke: dict[int, Callable[[], Any]] = {
        400: not_right,
        401: lambda: ask(Client()),
        403: without_scope,
        404: nothing_there,
        406: lambda: ask(headers={"Accept": "text/csv"}),
        409: in_conflict,
        410: erased,
        411: lambda: both.generic("POST", URL, headers={"Transfer-Encoding": "chunked"}),
        413: too_large,
        414: lambda: ask(query_params={"q": "x" * 4001}),
        415: lambda: ask(data={"file": SimpleUploadedFile("x.png", b"%!PS")}),
        422: another_request,
        429: too_often,
        503: without_database,
    }
    answer = provoke[status]()
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    entry = CATALOGUE[body["code"]]
    assert body["status"] == entry.status == status and entry.in_rest and body["detail"]


def test_another_team_cannot_tell_an_erased_submission_from_a_missing_one(
    partner: Partner, charlie: Person
) -> None:
    both, stranger = partner(*Scope), charlie.client()
    where = f"{URL}{send_in(both, 3).json()['id']}/"
    before = stranger.get(where)
    erase(Submission.objects.get())
    assert both.get(where).json()["code"] == "erased"
    after, missing = stranger.get(where), stranger.get(f"{URL}{uuid.uuid4()}/")
    assert after.status_code == before.status_code == missing.status_code == 404
    assert after.content == missing.content


def test_the_documentation_lists_the_catalogue() -> None:
    """docs/api.md has each code that REST can give, with its status and its sentence."""
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \| (.+) \|$", API.read_text(), re.M)
    assert rows == sorted(
        (str(entry.status), code, str(entry.sentence))
        for code, entry in CATALOGUE.items()
        if entry.in_rest
    )
