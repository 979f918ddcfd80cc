"""Partners receive decisions and each change of them; notes and names stay within the team."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Scope
from jobs.services import claim_one, park
from media_analysis.partners.results import SHAPE, Shape, result_of, shaped
from media_analysis.review.models import Case, DecisionText, ReasonCode
from media_analysis.review.services import cases, routing, rules
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters.face_map import masks
from media_analysis.submissions.services import deletion
from ml import services as ml
from ml.models import Analysis
from tests.partners.conftest import Partner
from tests.partners.test_api import URL, problem, send_in
from tests.people import Person, Send

NOTE = "canary: Dora from the desk saw this too"


def waiting(submission: Submission) -> Case:
    with transaction.atomic():
        routing.after_parking(submission.analysis)
    return Case.objects.get(submission=submission)


def decide(who: Person, case: Case, outcome: str, reason: str, policy: int | None = None) -> None:
    held = cases.claim(who.actor, case.pk)
    cases.decide(who.actor, held.pk, held.fence, DecisionText(outcome, reason, NOTE, policy))


@pytest.fixture
def reader(partner: Partner) -> Client:
    return partner(Scope.SUBMISSIONS_READ)


def test_a_decision_and_its_change_reach_the_partner(
    reader: Client, alice: Person, bob: Person, lead: Person, send: Send
) -> None:
    """Outcome, policy, reason, time and a pseudonym; the second one names what it replaces."""
    policy = rules.write_policy(lead.actor, lead.team, "Faces", "No swapped faces.")
    case = waiting(send(alice))
    one = f"{URL}{case.submission_id}/"
    assert reader.get(one).json()["decision"] is None
    decide(alice, case, "manipulated", "The chin flickers.", policy.pk)
    first = reader.get(one).json()
    assert first["decision"]["outcome"] == "manipulated"
    assert first["decision"]["policy"] == "Faces"
    assert first["decision"]["reason"] == "The chin flickers."
    assert first["decision"]["supersedes"] is None
    assert first["decisions"] == [{**first["decision"], "in_force": True}]
    cases.reopen(lead.actor, case.pk, why="a second look")
    again = reader.get(one).json()
    assert again["decision"] is None and again["decisions"][0]["in_force"] is False
    decide(bob, case, "not_manipulated", "Compression only.", policy.pk)
    last = reader.get(one).json()
    assert last["decision"]["supersedes"] == first["decision"]["id"]
    assert [d["in_force"] for d in last["decisions"]] == [False, True]
    assert last["decision"]["reviewer"] != first["decision"]["reviewer"]
    (row,) = reader.get(URL).json()["results"]
    assert row["decision"] == last["decision"]


def test_the_reasons_that_were_chosen_from_the_teams_list_are_told(
    reader: Client, alice: Person, send: Send
) -> None:
    """By the names that they had then; in the list, in the submission and in its history."""
    code = ReasonCode.objects.create(team=alice.team, name="Swapped face")
    case = waiting(send(alice))
    held = cases.claim(alice.actor, case.pk)
    cases.decide(
        alice.actor,
        held.pk,
        held.fence,
        DecisionText("manipulated", "The chin.", NOTE, codes=(code.pk,)),
    )
    ReasonCode.objects.update(name="Face swap")
    body = reader.get(f"{URL}{case.submission_id}/").json()
    (row,) = reader.get(URL).json()["results"]
    for decision in (body["decision"], body["decisions"][0], row["decision"]):
        assert decision["reason_codes"] == ["Swapped face"]


def test_a_mask_says_where_in_which_face() -> None:
    """As numbers over the face's box at the moment at which the check looked."""
    where = [[0.0, 0.5], [1.0, 0.25]]
    evidence = {"code": "x", "data": {"where": where, "face": 3, "seen_at": 4.1}}
    boxes = [[0.0, 1, 2, 3, 4], [4.0, 10, 20, 30, 40]]
    result = {
        "verdict": {"outcome": "inconclusive"},
        "findings": [{"detector": "face_forgery", "evidence": [evidence, {"data": {"face": 3}}]}],
        "tracks": [{"id": 3, "boxes": boxes}],
    }
    assert masks(result) == [
        {"detector": "face_forgery", "face": 3, "seconds": 4.1, "box": [10, 20, 30, 40],
         "rows": where},
    ]  # fmt: skip
    assert masks({"findings": [{"detector": "x", "evidence": [evidence]}]})[0]["box"] is None
    whole(SHAPE, shaped(SHAPE, {**result, "masks": masks(result)}))


def test_a_pseudonym_is_the_same_within_a_team_and_names_nobody(
    reader: Client, alice: Person, send: Send
) -> None:
    """One person's decisions bear one pseudonym; neither name, address, id nor note is told."""
    for shade in (1, 2):
        decide(alice, waiting(send(alice, shade)), "unclear", "as seen")
    rows = reader.get(URL).json()["results"]
    assert len({row["decision"]["reviewer"] for row in rows}) == 1
    page = reader.get(URL).content.decode()
    page += "".join(reader.get(row["url"]).content.decode() for row in rows)
    for secret in (alice.user.name, alice.user.email, str(alice.user.pk), NOTE):
        assert secret not in page


def test_a_key_that_only_sends_is_told_no_decision(partner: Partner, alice: Person) -> None:
    """Whatever people and checks found is for keys that may read."""
    both = partner(Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ)
    write = partner(Scope.SUBMISSIONS_WRITE)
    for client, expected in ((both, True), (write, False)):
        sent = send_in(client, 7).json()
        decide(alice, waiting(Submission.objects.get(pk=sent["id"])), "unclear", "as seen")
        body = client.delete(sent["url"]).json()
        assert ("decision" in body) is expected and ("declared" in body) is expected


def test_a_result_has_every_field_that_the_schema_names(
    reader: Client, alice: Person, send: Send
) -> None:
    """Also one of an engine that knew fewer: what came later is empty there."""
    submission = send(alice)
    claim = claim_one(Analysis, submission.analysis_id, worker="t")
    assert claim is not None
    ml.run(claim)
    result = reader.get(f"{URL}{submission.pk}/").json()["result"]
    assert set(SHAPE.fields) <= set(result)
    assert result["verdict"]["outcome"] and result["findings"] and result["media"]["sha256"]
    old = shaped(SHAPE, {"verdict": {"outcome": "inconclusive"}, "findings": [{"detector": "x"}]})
    whole(SHAPE, old)
    submission.analysis.refresh_from_db()
    whole(SHAPE, result_of(submission.analysis))


def whole(shape: Shape, value: Any) -> None:
    for name, field in shape.fields.items():
        assert name in value, name
        inner = getattr(field, "child", field)
        if isinstance(inner, Shape):
            for one in value[name] if isinstance(value[name], list) else [value[name]]:
                if one is not None:
                    whole(inner, one)


def test_the_same_bytes_are_told_only_within_the_team(
    reader: Client, alice: Person, bob: Person, charlie: Person, send: Send
) -> None:
    """Bob's copy is named; Charlie's, in another team, is not."""
    mine, same = send(alice, 5), send(bob, 5)
    send(charlie, 5)
    decide(bob, waiting(same), "manipulated", "as seen")
    similar = reader.get(f"{URL}{mine.pk}/").json()["similar"]
    assert [(one["id"], one["same_bytes"], one["decision"]) for one in similar] == [
        (str(same.pk), True, "manipulated")
    ]


def test_an_unchanged_answer_is_not_sent_again(reader: Client, alice: Person, send: Send) -> None:
    """304 for whoever has it; a decision makes it new, in the list too."""
    submission = send(alice)
    for url in (URL, f"{URL}{submission.pk}/"):
        first = reader.get(url)
        known = {"If-None-Match": first["ETag"]}
        again = reader.get(url, headers=known)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert again["RateLimit-Remaining"]
    decide(alice, waiting(submission), "unclear", "as seen")
    assert reader.get(url, headers=known).status_code == 200


def test_what_changed_since_then_is_found(
    reader: Client, alice: Person, lead: Person, send: Send
) -> None:
    """State, decision, reopening and the wish for deletion: each is a change, the oldest first."""
    sent = [send(alice, n) for n in range(6)]
    start = reader.get(URL).json()["results"][0]["updated_at"]
    case = waiting(sent[3])

    def parked() -> None:
        claim = claim_one(Analysis, sent[1].analysis_id, worker="t")
        assert claim is not None
        park(claim, "test", "Set aside by a test.")

    changes: list[tuple[int, Callable[[], object]]] = [
        (3, lambda: decide(alice, case, "unclear", "as seen")),
        (1, parked),
        (4, lambda: deletion.ask(lead.actor, sent[4], "why")),
        (3, lambda: cases.reopen(lead.actor, case.pk, why="again")),
        (4, lambda: deletion.withdraw(lead.actor, sent[4])),
    ]
    for which, change in changes:
        change()
        rows = reader.get(URL, {"updated_since": start}).json()["results"]
        assert rows[-1]["id"] == str(sent[which].pk)
        start = rows[-1]["updated_at"]
    assert len(reader.get(URL, {"updated_since": start}).json()["results"]) == 1


def test_finding_by_name_is_exact_and_within_the_team(
    reader: Client, alice: Person, charlie: Person, send: Send
) -> None:
    """An external id letter for letter, several ids at once; foreign ones are left out."""
    sent = [send(alice, n, external_id=name) for n, name in enumerate(["A-1", "A-10", "a-1"])]
    foreign = send(charlie, 9, external_id="A-1")
    found = reader.get(URL, {"external_id": "A-1"}).json()["results"]
    assert [row["id"] for row in found] == [str(sent[0].pk)]
    ids = ",".join(str(one.pk) for one in (*sent[:2], foreign))
    found = reader.get(URL, {"ids": ids, "sort": "oldest"}).json()["results"]
    assert [row["id"] for row in found] == [str(one.pk) for one in sent[:2]]
    problem(reader.get(URL, {"ids": "none"}), 400, "invalid")
    page = reader.get(URL, {"page_size": 2}).json()
    assert len(page["results"]) == 2 and "page_size=2" in page["next"]
    problem(reader.get(URL, {"page_size": 1000}), 400, "invalid")


def test_times_are_taken_to_the_second(reader: Client, alice: Person, send: Send) -> None:
    """A moment is a moment; a day is the whole day."""
    send(alice)
    at = reader.get(URL).json()["results"][0]["created_at"]
    assert len(reader.get(URL, {"received_from": at, "received_to": at}).json()["results"]) == 1
    assert reader.get(URL, {"received_from": "2999-01-01T00:00:01Z"}).json()["results"] == []
    assert len(reader.get(URL, {"received_to": at[:10]}).json()["results"]) == 1


def test_media_come_back_as_they_were_sent_and_never_as_a_page(
    partner: Partner, alice: Person, send: Send
) -> None:
    """The very bytes with their digest, as a download, the look on record; pictures as PNG."""
    from audit.models import Event

    submission = send(alice)
    client = partner(Scope.MEDIA_READ, Scope.SUBMISSIONS_READ)
    answer = client.get(f"{URL}{submission.pk}/media/")
    body = b"".join(answer)
    assert len(body) == submission.blob.size and answer["Repr-Digest"].startswith("sha-256=:")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert Event.objects.filter(chain=submission.pk, verb="media.downloaded").count() == 1
    claim = claim_one(Analysis, submission.analysis_id, worker="t")
    assert claim is not None
    ml.run(claim)
    (small,) = client.get(f"{URL}{submission.pk}/").json()["thumbnails"]
    picture = client.get(small["url"])
    assert picture["Content-Type"] == "image/png" and picture.content.startswith(b"\x89PNG")
    kept = client.get(small["url"], headers={"Accept": "image/webp"})
    assert kept["Content-Type"] == "image/webp" and kept.content[8:12] == b"WEBP"
    without = partner(Scope.SUBMISSIONS_READ)
    assert without.get(f"{URL}{submission.pk}/").json()["thumbnails"] == []
