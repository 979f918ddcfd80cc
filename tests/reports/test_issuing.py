"""One decision becomes a signed report with its basis; a new decision makes a new report."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.urls import reverse
from pyhanko.pdf_utils.reader import PdfFileReader

from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from media_analysis.reports import contents
from media_analysis.reports.models import Report
from media_analysis.reports.services import issuing
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases
from ml import pictures
from ml.models import Analysis, FindingRow
from tests.people import Person, Send, picture
from tests.review.test_services import opened


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    made = opened(alice, send)
    pictures.register(pictures.store({"frame": picture()}), made.submission.analysis_id)
    return decided(alice, made, "the seam along the jaw")


def decided(person: Person, case: Case, reason: str) -> Case:
    held = cases.claim(person.actor, case.pk)
    cases.decide(person.actor, case.pk, held.fence, DecisionText("manipulated", reason))
    case.refresh_from_db()
    return case


def written(report: Report, folder: Path) -> list[str]:
    for name, content in issuing.files_of(report).items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in issuing.files_of(report)]


def test_a_report_holds_what_the_decision_rests_on(
    alice: Person, case: Case, tmp_path: Path, capsys: Any
) -> None:
    """Hashes, custody, decision, frames and the sentence on what "not found" means, no name of
    anybody; a PDF/A that carries the JSON; the command finds it whole, and a changed one not."""
    report = issuing.issue(alice.actor, case)
    content = json.loads(bytes(report.body))
    assert content["media"]["sha256"] == case.submission.blob_id
    assert content["decision"]["reason"] == "the seam along the jaw"
    assert contents.NOT_PROOF in content["limits"] and content["custody"]["intact"] is True
    assert [event["what"] for event in content["custody"]["events"]][-1] == Verb.CASE_DECIDED
    assert len(content["frames"]) == 1 and content["report"]["replaces"] is None
    assert alice.user.email not in str(content) and str(alice.user) not in str(content)
    pdf = bytes(report.pdf)
    assert pdf.startswith(b"%PDF-") and b"pdfaid:part" in pdf
    event = Event.objects.get(verb=Verb.REPORT_ISSUED)
    assert event.content["object"]["sha256"] == report.body_sha256
    files = written(report, tmp_path)
    call_command("report", "verify", *files)
    assert f"Report {report.pk} is unchanged" in capsys.readouterr().out
    Path(files[0]).write_bytes(bytes(report.body).replace(b"manipulated", b"Manipulated", 1))
    with pytest.raises(CommandError, match="not as it was signed"):
        call_command("report", "verify", *files)


@pytest.mark.parametrize(("moment", "is_drawn"), [(100, True), (5000, False)])
def test_the_map_of_a_check_lies_on_the_key_frame_of_its_moment(
    alice: Person, case: Case, moment: int, is_drawn: bool
) -> None:
    """In the JSON with its place on the face's box, and in red on the page; not on a frame of
    another moment."""
    box, where = (8.0, 8.0, 40.0, 40.0), [[1.0, 0.0], [0.0, 0.0]]
    tracks = [{"id": 1, "first": 0.0, "last": 6.0, "boxes": [[t / 10, *box] for t in range(61)]}]
    data = {"face": 1, "seen_at": 0.1, "where": where}
    evidence = [{"code": "traces", "text": "Traces.", "strength": "moderate", "data": data}]
    FindingRow.objects.create(
        analysis_id=case.submission.analysis_id, detector="face_forgery", status="ran",
        reason="Traces.", evidence=evidence,
    )  # fmt: skip
    Analysis.objects.filter(pk=case.submission.analysis_id).update(
        result={"tracks": tracks}, media={"kind": "video", "width": 64, "height": 64}
    )
    name = f"at-{moment}"
    pictures.register(pictures.store({name: picture()}), case.submission.analysis_id)
    report = issuing.issue(alice.actor, case)
    frames = {one["name"]: one for one in json.loads(bytes(report.body))["frames"]}
    placed = {"left": 8, "top": 8, "width": 32, "height": 32, "side": 2}
    drawn = [{**placed, "cells": [{"x": 0, "y": 0, "much": "1.00"}]}] if is_drawn else []
    assert frames[name]["maps"] == drawn
    assert frames["frame"]["maps"] == [{**placed, "cells": [{"x": 0, "y": 0, "much": "1.00"}]}]
    assert squares_in(bytes(report.pdf)) == 1 + is_drawn


def squares_in(pdf: bytes) -> int:
    """The map's squares are all that a report fills."""
    pages = PdfFileReader(BytesIO(pdf)).root["/Pages"]["/Kids"]
    drawn = b"".join(page.get_object()["/Contents"].data for page in pages)
    return len(re.findall(rb" re f\b", drawn))


def test_a_new_decision_makes_a_new_report_that_names_the_old(
    alice: Person, bob: Person, case: Case
) -> None:
    """A second request gives the same one, a reopened case none, a new decision a new one."""
    first = issuing.issue(alice.actor, case)
    assert issuing.issue(bob.actor, case) == first
    cases.reopen(bob.actor, case.pk, why="the original came in")
    with pytest.raises(Refusal):
        issuing.issue(alice.actor, case)
    second = issuing.issue(alice.actor, decided(bob, case, "a second look"))
    content = json.loads(bytes(second.body))
    assert content["report"] == {**content["report"], "version": 2, "replaces": str(first.pk)}
    assert [step["what"] for step in content["history"]] == ["decided", "reopened", "decided"]
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE reports_report SET body = ''")


def test_pages_issue_hand_out_and_check(alice: Person, charlie: Person, case: Case) -> None:
    """By buttons and links; each download is an event; strangers find nothing, and check freely."""
    client = alice.client()
    page = client.post(reverse("reports:issue", args=[case.pk]), follow=True)
    assert b"Report 1 is issued and signed" in page.content
    report = Report.objects.get()
    given = {}
    for name, content in issuing.files_of(report).items():
        url = reverse("reports:download", args=[report.pk, name])
        answer = client.get(url)
        assert answer.content == content and "attachment" in answer["Content-Disposition"]
        assert charlie.client().get(url).status_code == 404
        given[name] = content
    assert Event.objects.filter(verb=Verb.REPORT_DOWNLOADED).count() == 5
    assert client.get(reverse("reports:download", args=[report.pk, "x.exe"])).status_code == 404
    answer = checked(charlie, given)
    assert answer.status_code == 200 and b"unchanged since it was signed" in answer.content
    given["report.pdf"] = given["report.pdf"][:-1] + b"x"
    answer = checked(charlie, given)
    assert answer.status_code == 422 and b"The report is refused" in answer.content


def checked(person: Person, files: dict[str, bytes]) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    uploads = [SimpleUploadedFile(name, content) for name, content in files.items()]
    return person.client().post(reverse("reports:verify"), {"files": uploads})


def test_the_public_statement_names_outcome_and_report_and_nobody(
    alice: Person, bob: Person, case: Case
) -> None:
    """Only while the decision of the report is in force; no person, no file name, no reason."""
    address = reverse("reports:of_case", args=[case.pk])
    assert "public" not in offered_texts(alice, address)
    report = issuing.issue(alice.actor, case)
    decision, statement = report.decision, offered_texts(alice, address)["public"]
    for text in (decision.get_outcome_display(), str(report.pk), case.submission.blob_id):
        assert text in statement
    secret = (str(alice.user), alice.user.email, decision.reason, case.submission.filename)
    assert not any(text in statement for text in secret)
    cases.reopen(bob.actor, case.pk, why="the original came in")
    assert "public" not in offered_texts(alice, address)


def offered_texts(person: Person, address: str) -> dict[str, str]:
    """What the page offers to copy, where it offers something."""
    statement = person.client().get(address).context["statement"]
    return {"public": statement} if statement else {}
