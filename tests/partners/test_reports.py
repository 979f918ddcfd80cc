"""Partners fetch the reports of what they may read; words for the team stay inside."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pyhanko.pdf_utils.reader import PdfFileReader

from accounts.models import Scope
from accounts.services.keys import issue_key
from audit.models import Event
from audit.verbs import Verb
from media_analysis.reports.models import TEAM_WORDS, Report
from media_analysis.reports.services import issuing
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import asking, cases, notes
from media_analysis.submissions.models import Submission
from media_analysis.uploads.digests import of_content
from media_analysis.webhooks.models import EventType
from tests.factories import ServiceAccountFactory
from tests.partners.conftest import Partner
from tests.partners.test_api import URL, problem, send_in
from tests.partners.test_decisions_told import waiting
from tests.people import Person
from tests.webhooks.receiving import Receiver
from tests.webhooks.test_delivering import deliver_all

OWN = (Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ_OWN, Scope.REPORTS_READ)
NAMES = ["report.json", "report.pdf", "statement.json", "public.txt", "report.sig"]
SECRETS = (
    "canary-note",
    "canary-team-note",
    "canary-question",
    "canary-answer",
    "canary-reopening",
)


def sent(client: Client, shade: int = 120) -> Case:
    return waiting(Submission.objects.get(pk=send_in(client, shade).json()["id"]))


def decide(who: Person, case: Case, outcome: str = "manipulated") -> None:
    held = cases.claim(who.actor, case.pk)
    cases.decide(
        who.actor, held.pk, held.fence, DecisionText(outcome, "The chin flickers.", SECRETS[0])
    )


def reports_of(client: Client, case: Case) -> list[dict[str, Any]]:
    answer = client.get(f"{URL}{case.submission_id}/")
    assert answer.status_code == 200, answer.content
    reports: list[dict[str, Any]] = answer.json()["reports"]
    return reports


def test_a_partner_finds_and_fetches_each_file_of_its_reports(
    partner: Partner, alice: Person, bob: Person
) -> None:
    """As they were signed, on record under the partner; the next version says what it replaces."""
    own = partner(*OWN)
    case = sent(own)
    assert reports_of(own, case) == []
    decide(alice, case)
    first = issuing.issue(alice.actor, case)
    cases.reopen(bob.actor, case.pk, why="the original came in")
    decide(bob, case, "not_manipulated")
    second = issuing.issue(alice.actor, case)
    one, other = reports_of(own, case)
    assert (one["id"], one["version"], one["supersedes"]) == (str(first.pk), 1, None)
    assert (other["id"], other["version"], other["supersedes"]) == (str(second.pk), 2, one["id"])
    assert other["decision"] == own.get(f"{URL}{case.submission_id}/").json()["decision"]["id"]
    assert [file["name"] for file in other["files"]] == NAMES
    held = issuing.files_of(Report.objects.get(pk=second.pk))
    for file in other["files"]:
        answer = own.get(file["url"])
        assert (
            answer.content == held[file["name"]] and "attachment" in answer["Content-Disposition"]
        )
        assert answer["Content-Type"].startswith(issuing.kind_of(file["name"]))
        assert answer["Repr-Digest"] == of_content(answer.content)
    events = Event.objects.filter(verb=Verb.REPORT_DOWNLOADED, chain=case.submission_id)
    assert [event.content["data"]["file"] for event in events.order_by("seq")] == NAMES
    assert {event.who.partition(":")[0] for event in events} == {"service"}
    problem(own.get(f"{URL}{case.submission_id}/reports/{second.pk}/x.exe/"), 404, "not_found")
    elsewhere = sent(own, 7)  # a report is found under its own submission alone
    problem(own.get(one["files"][0]["url"].replace(
        str(case.submission_id), str(elsewhere.submission_id))), 404, "not_found")  # fmt: skip


def test_strangers_and_keys_without_the_scope_get_no_report(
    partner: Partner, alice: Person, charlie: Person
) -> None:
    """Charlie's key finds nothing, another partner's own key nothing; a key without the scope is
    refused; one that reads all of the team gets it."""
    case = sent(partner(*OWN))
    decide(alice, case)
    report = issuing.issue(alice.actor, case)
    path = f"{URL}{case.submission_id}/reports/{report.pk}/report.json"
    service = ServiceAccountFactory(team=charlie.team)
    secret = issue_key(charlie.actor, service, "k", list(Scope)).secret
    problem(Client(headers={"Authorization": f"Bearer {secret}"}).get(path), 404, "not_found")
    problem(partner(*OWN).get(path), 404, "not_found")
    reader = partner(Scope.SUBMISSIONS_READ, Scope.MEDIA_READ)
    assert reports_of(reader, case) == []
    problem(reader.get(path), 403, "permission_denied")
    assert not Event.objects.filter(verb=Verb.REPORT_DOWNLOADED).exists()
    wide = partner(Scope.SUBMISSIONS_READ, Scope.REPORTS_READ)
    assert len(reports_of(wide, case)) == 1 and wide.get(path).status_code == 200


def test_what_leaves_names_nobody_and_holds_no_word_for_the_team(
    partner: Partner, alice: Person, bob: Person, lead: Person
) -> None:
    """Notes, questions to a lead, their answers and reasons for reopening stay inside; people are
    pseudonyms, also in the PDF, which is drawn from the JSON that it carries."""
    own = partner(*OWN)
    case = sent(own)
    notes.write(alice.actor, case.pk, SECRETS[1])
    held = cases.claim(alice.actor, case.pk)
    asking.escalate(alice.actor, case.pk, held.fence, SECRETS[2])
    held = cases.claim(lead.actor, case.pk)
    asking.answer(lead.actor, case.pk, held.fence, SECRETS[3])
    decide(alice, case)
    cases.reopen(bob.actor, case.pk, why=SECRETS[4])
    decide(bob, case)
    issuing.issue(bob.actor, case)
    (report,) = reports_of(own, case)
    given = {file["name"]: own.get(file["url"]).content for file in report["files"]}
    pdf = PdfFileReader(BytesIO(given["report.pdf"]))
    names = pdf.root["/Names"]["/EmbeddedFiles"]["/Names"]
    assert names[1]["/EF"]["/F"].data == given["report.json"]
    people = [str(one.user) for one in (alice, bob, lead)]
    people += [one.user.email for one in (alice, bob, lead)]
    people += [str(one.user.pk) for one in (alice, bob, lead)]
    for name in ("report.json", "statement.json", "public.txt", "report.sig"):
        for secret in (*SECRETS, *people):
            assert secret.encode() not in given[name], (name, secret)
    content = json.loads(given["report.json"])
    assert [step["what"] for step in content["history"]] == ["decided", "reopened", "decided"]
    assert content["decision"]["decided_by"].startswith("reviewer-")


@pytest.mark.parametrize(
    ("step", "leaves"),
    [
        ({"what": "decided", "reason": "The chin flickers."}, True),
        ({"what": "reopened", "reason": ""}, True),
        ({"what": "appealed", "reason": ""}, True),
        ({"what": "reopened", "reason": "we know the source"}, False),
        ({"what": "escalated", "reason": "is she known to us?"}, False),
        ({"what": "commented", "reason": "yes"}, False),
    ],
)
def test_an_old_report_with_words_for_the_team_is_not_sent(
    db: None, step: dict[str, str], leaves: bool
) -> None:
    """What the database asks of each row when it is written, and the migration of those before."""
    body = json.dumps({"history": [{"what": "decided", "reason": "x"}, step]}).encode()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {TEAM_WORDS.format(body='%s')}", [body])
        assert cursor.fetchone()[0] is not leaves


def test_a_report_is_told_by_webhook_and_to_whoever_follows(
    partner: Partner, admin: Person, alice: Person, inside: None, receiver: Receiver
) -> None:
    """With its version and the addresses of its files, to the partner that sent the media; and the
    submission counts as changed."""
    service = ServiceAccountFactory(team=admin.team)
    scopes = [*OWN, Scope.WEBHOOKS_MANAGE]
    secret = issue_key(admin.actor, service, "k", scopes).secret
    own = Client(headers={"Authorization": f"Bearer {secret}"})
    wanted = {"url": receiver.url, "events": [EventType.REPORT_ISSUED]}
    signed = own.post("/api/v1/webhooks/", wanted, content_type="application/json").json()["secret"]
    case, others = sent(own), sent(partner(*OWN), 9)
    for one in (case, others):
        decide(alice, one)
    before = own.get(f"{URL}{case.submission_id}/")
    for one in (case, others):
        issuing.issue(alice.actor, one)
    deliver_all()
    (message,) = receiver.verified_with(signed)
    (report,) = reports_of(own, case)
    assert message["type"] == "report.issued"
    assert message["data"]["submission"]["id"] == str(case.submission_id)
    named = message["data"]["report"]
    assert {**named, "files": None} == {**report, "files": None}
    assert [file["name"] for file in named["files"]] == NAMES
    after = own.get(f"{URL}{case.submission_id}/", headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200 and after.json()["updated_at"] > before.json()["updated_at"]
