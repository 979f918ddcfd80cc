"""A report is issued in English or German: its PDF in one language, its data in none."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from django.core.management import call_command
from django.urls import reverse
from django.utils.translation import gettext, override
from pyhanko.pdf_utils.reader import PdfFileReader

from accounts.refusals import Refusal
from config import messages
from media_analysis.reports import contents, paper
from media_analysis.reports.models import Report
from media_analysis.reports.services import issuing
from media_analysis.review.models import Case
from media_analysis.review.services import cases
from ml.models import FindingRow
from tests.people import Person
from tests.reports.test_issuing import case as case
from tests.reports.test_issuing import checked, decided, offered_texts, written

SHORTEST = 9
"""Characters of a sentence to look for: single words are the same in both languages too often."""


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a PDF says, in the order of its lines. The file itself holds glyphs."""
    texts: list[str] = []
    say, cell = paper.Paper.multi_cell, paper.Paper.cell

    def multi_cell(self: Any, w: float, h: float, text: str, **more: Any) -> Any:
        texts.append(text)
        return say(self, w, h, text, **more)

    def one_cell(self: Any, w: float, h: float, text: str, **more: Any) -> Any:
        texts.append(text)
        return cell(self, w, h, text, **more)

    monkeypatch.setattr(paper.Paper, "multi_cell", multi_cell)
    monkeypatch.setattr(paper.Paper, "cell", one_cell)
    return texts


def language_of(report: Report) -> str:
    return str(PdfFileReader(BytesIO(bytes(report.pdf))).root["/Lang"])


def test_a_report_in_german_has_no_english_sentence(
    alice: Person, case: Case, drawn: list[str]
) -> None:
    """Every sentence and label of the catalogue is in German, with detectors, limits, likelihood
    and custody; English is left in what a person wrote, and in codes."""
    FindingRow.objects.create(
        analysis_id=case.submission.analysis_id, detector="face_forgery", status="ran",
        reason="", score=0.25, log10_lr=-1.5, probability_manipulated=0.0307,
        parameters={"found_at": 0.8, "clear_at": 0.1}, version="1", weights_sha256="00" * 32,
    )  # fmt: skip
    report = issuing.issue(alice.actor, case, "de")
    assert (report.language, language_of(report)) == ("de", "de")
    text = "\n".join(drawn)
    with override("de"):
        for sentence in (contents.NOT_PROOF, *contents.PROPOSITIONS.values(), *contents.LIMITS):
            assert gettext(sentence) != sentence and gettext(sentence) in text
    assert "Rohwert: 0,25" in text and "-1,5" in text and "0,0307" in text
    assert re.search(r"Ausgestellt: \d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d UTC", text)
    assert "Forensischer Bericht" in drawn[0] and "Seite 1" in text
    assert english(text) == []


def test_a_report_in_english_has_no_german_sentence(
    alice: Person, case: Case, drawn: list[str]
) -> None:
    """And the check above sees English where it is there."""
    report = issuing.issue(alice.actor, case, "en")
    assert (report.language, language_of(report)) == ("en", "en")
    text = "\n".join(drawn)
    assert contents.NOT_PROOF in text and len(english(text)) > 20
    assert not re.search("Prüfung|Urteil|Grenze|Entscheidung", text)


def english(text: str) -> list[str]:
    """The catalogue's English sentences that the text holds, where German has other words."""
    found = messages.read(messages.files("de")["django"], "de")
    wanted = [pattern for message in found for pattern in _english(message)]
    return [one.pattern for one in wanted if one.search(text)]


def _english(message: Message) -> list[re.Pattern[str]]:
    if not message.id or not message.string:
        return []
    both = (message.id, message.string)
    ids, strings = ([one] if isinstance(one, str) else list(one) for one in both)
    english = [one for one in ids if one not in strings and len(one) >= SHORTEST and " " in one]
    return [_pattern(one) for one in english]


def _pattern(sentence: str) -> re.Pattern[str]:
    """With anything in the place of what stands in braces."""
    parts = re.split(r"%\(\w+\)s|\{[^{}]*\}", sentence)
    if max(map(len, parts)) < SHORTEST:
        return re.compile(r"(?!)")
    return re.compile(rf"(?<!\w){'.{1,80}?'.join(map(re.escape, parts))}(?!\w)")


def test_both_languages_hold_the_same_data_and_verify(
    alice: Person, charlie: Person, case: Case, tmp_path: Path, capsys: Any
) -> None:
    """The JSON has no language: but for its id and time it is the same. Page and command find each
    whole, and a file of one is not a file of the other."""
    german, english = (issuing.issue(alice.actor, case, code) for code in ("de", "en"))
    bodies = [json.loads(bytes(one.body)) for one in (german, english)]
    for body in bodies:
        del body["report"]["id"], body["report"]["issued_at"]
        body["custody"] = body["custody"]["events"][:3]
    assert bodies[0] == bodies[1]
    for report in (german, english):
        given = dict(issuing.files_of(report))
        assert checked(charlie, given).status_code == 200
        folder = tmp_path / report.language
        folder.mkdir()
        call_command("report", "verify", *written(report, folder))
        assert f"Report {report.pk} is unchanged" in capsys.readouterr().out
    given = {**issuing.files_of(german), "report.pdf": bytes(english.pdf)}
    assert checked(charlie, given).status_code == 422


def test_the_refusal_of_a_report_is_in_the_readers_language(charlie: Person, case: Case) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    upload = SimpleUploadedFile("report.json", b"{}")
    page = charlie.client().post(
        reverse("reports:verify"), {"files": [upload]}, headers={"Accept-Language": "de"}
    )
    assert page.status_code == 422 and "genau eine Signaturdatei" in page.content.decode()


def test_a_report_is_in_the_language_of_the_person_who_issues_it(
    alice: Person, bob: Person, case: Case
) -> None:
    """Unless another is chosen; asked for twice in one language it is the same report."""
    alice.user.language = "de"
    alice.user.save(update_fields=["language"])
    first = issuing.issue(alice.actor, case)
    assert first.language == "de" and issuing.issue(bob.actor, case, "de") == first
    second = issuing.issue(bob.actor, case)
    assert second.language == "en" and second.pk != first.pk
    assert (first.number, second.number) == (1, 1)
    assert first.earlier is None and second.earlier is None
    with pytest.raises(Refusal) as refused:
        issuing.issue(alice.actor, case, "fr")
    assert refused.value.code == "report_language_unknown" and Report.objects.count() == 2


def test_a_new_decision_replaces_the_reports_of_the_old_in_each_language(
    alice: Person, bob: Person, case: Case
) -> None:
    """The German one names the German one, whichever is issued first."""
    english, german = (issuing.issue(alice.actor, case, code) for code in ("en", "de"))
    cases.reopen(bob.actor, case.pk, why="the original came in")
    case = decided(bob, case, "a second look")
    later = {code: issuing.issue(alice.actor, case, code) for code in ("de", "en")}
    assert later["de"].earlier == german and later["en"].earlier == english
    assert {one.number for one in later.values()} == {2}
    assert json.loads(bytes(later["de"].body))["report"]["replaces"] == str(german.pk)


def test_a_report_in_a_new_language_names_the_newest_of_the_old_decision(
    alice: Person, bob: Person, case: Case
) -> None:
    old = issuing.issue(alice.actor, case, "en")
    cases.reopen(bob.actor, case.pk, why="the original came in")
    new = issuing.issue(alice.actor, decided(bob, case, "a second look"), "de")
    assert (new.number, new.earlier) == (2, old)


def test_the_page_offers_the_readers_language_first_and_then_the_other(
    alice: Person, case: Case
) -> None:
    """Until the decision has a report in each; the table names the language of each."""
    client, page = alice.client(), reverse("reports:of_case", args=[case.pk])
    offered = client.get(page, headers={"Accept-Language": "de"}).context["languages"]
    assert [code for code, _ in offered] == ["de", "en"]
    issue = reverse("reports:issue", args=[case.pk])
    response = client.post(issue, {"language": "de"}, follow=True)
    assert [code for code, _ in response.context["languages"]] == ["en"]
    assert (
        "Deutsch" in response.content.decode()
        and "Issue in this language too" in response.content.decode()
    )
    response = client.post(issue, {"language": "en"}, follow=True)
    assert response.context["languages"] == [] and Report.objects.count() == 2
    assert offered_texts(alice, page)["public"]
    issued = re.findall(r'<td data-label="Issued">.*?</td>', response.content.decode())
    assert len(issued) == 2 and all(
        ", Person" in re.sub(r'<span class="whole">.*?</span>', "", one) for one in issued
    ), "a long name wraps on a phone"
    response = client.post(issue, {"language": "fr"}, follow=True)
    assert "available in these languages" in response.content.decode()


def test_the_statement_of_reasons_is_in_the_language_of_the_report(
    alice: Person, case: Case
) -> None:
    statements = {
        code: json.loads(bytes(issuing.issue(alice.actor, case, code).statement))["statement"]
        for code in ("en", "de")
    }
    assert statements["en"]["decision_facts"].startswith("A person examined the media")
    assert statements["de"]["decision_facts"].startswith("Eine Person hat die Medien geprüft")
    assert statements["en"]["automated_decision"] == statements["de"]["automated_decision"]
