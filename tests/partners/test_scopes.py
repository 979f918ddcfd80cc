"""Every operation of REST with every scope and every owner: answers contain what the scopes
allow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from jobs.services import claim_one, park
from media_analysis.partners.api import Submissions
from media_analysis.partners.media import Media
from media_analysis.partners.serializers import AcceptedSerializer
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis, Thumbnail
from tests.factories import ServiceAccountFactory, TeamFactory
from tests.partners.test_api import URL, send_in
from tests.people import Person, member, picture

ROOT = Path(__file__).resolve().parents[2]
SCOPES = {
    "write": [Scope.SUBMISSIONS_WRITE],
    "read": [Scope.SUBMISSIONS_READ],
    "both": [Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ],
    "media": [Scope.MEDIA_READ],
    "own": [Scope.SUBMISSIONS_READ_OWN, Scope.SUBMISSIONS_WRITE, Scope.MEDIA_READ],
    "webhooks": [Scope.WEBHOOKS_MANAGE],
    "holds": [Scope.HOLDS_MANAGE],
    "appeals": [Scope.APPEALS_WRITE],
    "reports": [Scope.REPORTS_READ],
}
FORBIDDEN, NOT_YOURS, MISSING = "permission_denied", "not_yours", "not_found"
NO_SCOPE = {FORBIDDEN: 403, NOT_YOURS: 403, MISSING: 404}
TABLE: dict[tuple[str, str], tuple[int | str, int | str, int | str, int | str, int | str]] = {
    # verb, whose           write      read       both       media      own alone
    ("create", "own"): (202, FORBIDDEN, 202, FORBIDDEN, 202),
    ("list", "own"): (FORBIDDEN, 200, 200, FORBIDDEN, 200),
    ("retrieve", "own"): (FORBIDDEN, 200, 200, FORBIDDEN, 200),
    ("retrieve", "other partner's"): (FORBIDDEN, 200, 200, FORBIDDEN, MISSING),
    ("retrieve", "moderator's"): (FORBIDDEN, 200, 200, FORBIDDEN, MISSING),
    ("retrieve", "other team's"): (FORBIDDEN, MISSING, MISSING, FORBIDDEN, MISSING),
    ("events", "own"): (FORBIDDEN, 200, 200, FORBIDDEN, 200),
    ("events", "other partner's"): (FORBIDDEN, 200, 200, FORBIDDEN, MISSING),
    ("events", "moderator's"): (FORBIDDEN, 200, 200, FORBIDDEN, MISSING),
    ("events", "other team's"): (FORBIDDEN, MISSING, MISSING, FORBIDDEN, MISSING),
    ("cancel", "own"): (202, FORBIDDEN, 202, FORBIDDEN, 202),
    ("cancel", "other partner's"): (NOT_YOURS, FORBIDDEN, NOT_YOURS, FORBIDDEN, MISSING),
    ("cancel", "moderator's"): (NOT_YOURS, FORBIDDEN, NOT_YOURS, FORBIDDEN, MISSING),
    ("cancel", "other team's"): (MISSING, FORBIDDEN, MISSING, FORBIDDEN, MISSING),
    ("destroy", "own"): (202, FORBIDDEN, 202, FORBIDDEN, 202),
    ("destroy", "other partner's"): (NOT_YOURS, FORBIDDEN, NOT_YOURS, FORBIDDEN, MISSING),
    ("destroy", "moderator's"): (NOT_YOURS, FORBIDDEN, NOT_YOURS, FORBIDDEN, MISSING),
    ("destroy", "other team's"): (MISSING, FORBIDDEN, MISSING, FORBIDDEN, MISSING),
    ("media", "own"): (FORBIDDEN, FORBIDDEN, FORBIDDEN, 200, 200),
    ("media", "other partner's"): (FORBIDDEN, FORBIDDEN, FORBIDDEN, 200, MISSING),
    ("media", "moderator's"): (FORBIDDEN, FORBIDDEN, FORBIDDEN, 200, MISSING),
    ("media", "other team's"): (FORBIDDEN, FORBIDDEN, FORBIDDEN, MISSING, MISSING),
    ("thumbnail", "own"): (FORBIDDEN, FORBIDDEN, FORBIDDEN, 200, 200),
    ("thumbnail", "other partner's"): (FORBIDDEN, FORBIDDEN, FORBIDDEN, 200, MISSING),
    ("thumbnail", "moderator's"): (FORBIDDEN, FORBIDDEN, FORBIDDEN, 200, MISSING),
    ("thumbnail", "other team's"): (FORBIDDEN, FORBIDDEN, FORBIDDEN, MISSING, MISSING),
}
WHOSE = ("own", "other partner's", "moderator's", "other team's")
SECRET = "canary: keep this among us"


@dataclass
class House:
    keys: dict[str, Client]
    """By scopes: all keys of one partner."""
    sent: dict[str, Submission]
    """By whose it is."""

    def call(self, verb: str, whose: str, scopes: str) -> Any:
        client, path = self.keys[scopes], f"{URL}{self.sent[whose].pk}/"
        calls: dict[str, Callable[[], Any]] = {
            "create": lambda: send_in(client, shade=77),
            "list": lambda: client.get(URL),
            "retrieve": lambda: client.get(path),
            "events": lambda: client.get(f"{path}events/"),
            "cancel": lambda: client.post(f"{path}cancel/"),
            "destroy": lambda: client.delete(path),
            "media": lambda: client.get(f"{path}media/"),
            "thumbnail": lambda: client.get(f"{path}thumbnails/frame/"),
        }
        return calls[verb]()


@pytest.fixture(scope="module")
def built(shared_home: Path) -> House:
    team = TeamFactory()
    alice, admin = member(team, Role.MODERATOR), member(team, Role.ADMIN)

    def partner(in_team: Team, who: Person) -> Callable[[str], Client]:
        service = ServiceAccountFactory(team=in_team)

        def key(scopes: str) -> Client:
            secret = issue_key(who.actor, service, scopes, SCOPES[scopes]).secret
            return Client(headers={"Authorization": f"Bearer {secret}"})

        return key

    ours, sibling = partner(team, admin), partner(team, admin)
    elsewhere = TeamFactory()
    foreign = partner(elsewhere, member(elsewhere, Role.ADMIN))
    keys = {name: ours(name) for name in SCOPES}

    def sent_by(client: Client, shade: int) -> Submission:
        return Submission.objects.get(pk=send_in(client, shade).json()["id"])

    sent = {
        "own": sent_by(keys["both"], 1),
        "other partner's": sent_by(sibling("both"), 2),
        "moderator's": submit(
            alice.actor, team, BytesIO(picture(3)), "photo.png", note=SECRET
        ).submission,
        "other team's": sent_by(foreign("both"), 4),
    }
    for one in sent.values():
        Thumbnail.objects.create(analysis=one.analysis, name="frame", png=picture())
    return House(keys, sent)


@pytest.fixture
def house(db: None, built: House) -> House:
    """As it was built, whatever the tests before have done to it."""
    return built


def test_the_table_names_every_verb() -> None:
    """A verb that is added must be decided here for every scope and every owner."""
    actions: set[str] = set()
    for entry in get_resolver("media_analysis.partners.urls").url_patterns:
        view: Any = entry.callback
        if getattr(view, "cls", None) in (Submissions, Media):
            actions |= set(view.actions.values())
    assert {verb for verb, _ in TABLE} == actions
    by_id = actions - {"create", "list"}
    assert {(verb, whose) for verb in by_id for whose in WHOSE} <= set(TABLE)
    assert {scope for scopes in SCOPES.values() for scope in scopes} == set(Scope)


@pytest.mark.parametrize("scopes", SCOPES)
@pytest.mark.parametrize(("verb", "whose"), TABLE)
def test_a_key_gets_what_its_scopes_allow(house: House, verb: str, whose: str, scopes: str) -> None:
    """Exactly the table's answer; a refusal changes nothing and tells nothing of the submission."""
    row = (*TABLE[verb, whose], *[FORBIDDEN] * 4)  # webhooks to reports: no submission
    expected = row[list(SCOPES).index(scopes)]
    before = list(Analysis.objects.order_by("pk").values_list("pk", "state", "cancel_requested"))
    answer = house.call(verb, whose, scopes)
    if isinstance(expected, int):
        assert answer.status_code == expected, answer.content
        return
    assert (answer.json()["code"], answer.status_code) == (expected, NO_SCOPE[expected])
    assert SECRET.encode() not in answer.content and b"sha256" not in answer.content
    after = list(Analysis.objects.order_by("pk").values_list("pk", "state", "cancel_requested"))
    assert after == before
    assert not house.sent[whose].deletion_request


def test_a_key_that_reads_its_own_alone_hears_of_nothing_else(house: House) -> None:
    """Not in lists, whatever is asked for, nor among what is similar; a wider scope opens more."""
    own = house.keys["own"]
    mine = str(house.sent["own"].pk)
    ids = ",".join(str(one.pk) for one in house.sent.values())
    since = {"updated_since": "2020-01-01T00:00:00Z"}
    for query in ({}, {"sort": "name"}, {"kind": "image"}, since, {"ids": ids}):
        assert [one["id"] for one in own.get(URL, query).json()["results"]] == [mine], query
        wide = house.keys["read"].get(URL, query).json()["results"]
        assert {one["id"] for one in wide} > {mine}, query
    same = send_in(own, shade=2).json()  # the bytes that another partner sent
    read = house.keys["read"].get(same["url"]).json()
    assert [one["id"] for one in read["similar"]] == [str(house.sent["other partner's"].pk)]
    assert own.get(same["url"]).json()["similar"] == []


@pytest.mark.parametrize("verb", ["create", "repeat", "cancel", "destroy"])
def test_an_answer_to_a_change_tells_a_key_without_reading_no_finding(
    house: House, verb: str
) -> None:
    """The analysis has ended; the key that only sends is told what it sent, and the state."""
    write, both = house.keys["write"], house.keys["both"]

    def ask(client: Client) -> dict[str, Any]:
        if verb in ("create", "repeat"):
            key = f"key {id(client)}".replace(" ", "-")
            first = send_in(client, 88, key=key)
            concluded(first.json()["id"])
            return dict((first if verb == "create" else send_in(client, 88, key=key)).json())
        one = send_in(client, 89).json()
        if verb == "destroy":
            concluded(one["id"])
            return dict(client.delete(one["url"]).json())
        return dict(client.post(f"{one['url']}cancel/").json())

    def concluded(pk: str) -> None:
        analysis = Submission.objects.get(pk=pk).analysis_id
        claim = claim_one(Analysis, analysis, worker="test")
        assert claim is not None
        park(claim, "canary", "canary finding")

    answer = ask(write)
    assert answer["state"] and answer["sha256"] and "canary" not in str(answer)
    assert set(answer) & set(AcceptedSerializer.FOUND) == set()
    assert set(AcceptedSerializer.FOUND) <= set(ask(both))


def test_ownership_is_asked_in_one_place() -> None:
    """No second comparison of sender and caller, which could differ from the first."""
    compares = re.compile(r"submitted_by_service(_id|__\w+)?\s*(==|!=|=\s*actor)")
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("accounts", "media_analysis", "platform")
        for path in (ROOT / folder).rglob("*.py")
        for line in path.read_text().splitlines()
        if compares.search(line) and "submitted_by_service=actor.service" not in line
    }
    assert found == {"media_analysis/submissions/ownership.py"}
