"""A row's page in the administration says its values in words, in both languages."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin import site
from django.db import models
from django.test import Client
from django.urls import reverse

from audit.models import Event
from media_analysis.review.models import Case, RoutingRule
from media_analysis.review.services import cases
from ml.models import Analysis, FindingRow
from tests.factories import UserFactory
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, Send
from tests.review.test_services import opened

VALUE = re.compile(r'<div class="readonly">(.*?)</div>|<td[^>]*>\s*<p>(.*?)</p>', re.S)
CODES = {
    "ran", "not_applicable", "done", "running", "queued", "inconclusive", "manipulation_found",
    "interactive", "concluding", "face_forgery", "too_long", "None", "True", "False",
}  # fmt: skip
NOT_GERMAN = {"Done", "Queued", "Inconclusive", "Interactive", "Batch", "Ran", "Waiting"}


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    made = opened(alice, send)
    Analysis.objects.filter(pk=made.submission.analysis_id).update(
        stage="concluding", reason_code="too_long", seconds=1.23456789, progress=1.0
    )
    FindingRow.objects.create(
        analysis_id=made.submission.analysis_id, detector="face_forgery", status="ran", reason="",
        probability_manipulated=0.123456, parameters={"found_at": 0.5, "word": "Übung"},
    )  # fmt: skip
    cases.claim(alice.actor, made.pk)
    return made


def page_of(row: models.Model, language: str) -> str:
    client = Client(headers={"Accept-Language": language})
    boss = UserFactory(is_staff=True, is_superuser=True, language=language)
    client.force_login(boss, backend=settings.AUTHENTICATION_BACKENDS[0])
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def values(page: str) -> list[str]:
    found = [one or other for one, other in VALUE.findall(page)]
    return [html.unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found]


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_page_of_a_row_shows_a_code(case: Case, team: Any, language: str) -> None:
    """Of every table that has a row, with states, outcomes, checks and steps in words."""
    RoutingRule.objects.get_or_create(team=team)
    looked, raw = 0, CODES | (NOT_GERMAN if language == "de" else set())
    for model in site._registry:
        row = model._base_manager.order_by("-pk").first()
        if row is not None:
            visible = values(page_of(row, language))
            assert visible and not raw & set(visible), (model, visible)
            looked += 1
    assert looked >= 8


def test_values_are_rounded_linked_and_in_lines(case: Case) -> None:
    """In German with its comma; JSON in lines with its umlauts; related rows by a relative link."""
    finding = FindingRow.objects.get(analysis=case.submission.analysis, detector="face_forgery")
    page = page_of(finding, "de")
    assert {"Gesichtsfälschung", "Ausgeführt", "0,1235"} <= set(values(page))
    assert '\n  "word": "Übung"' in html.unescape(page)
    analysis = reverse("admin:ml_analysis_change", args=[finding.analysis_id])
    assert f'<a href="{analysis}">{finding.analysis_id}</a>' in page
    visible = set(values(page_of(case.submission.analysis, "de")))
    assert {"Prüfungen laufen", "Aufnahme zu lang", "1,235", "100 %"} <= visible
    assert {case.submission.blob_id, "Gesichtsfälschung", "Ausgeführt"} <= visible


def test_a_case_leads_to_its_submission_without_its_name(case: Case) -> None:
    page = page_of(Case.objects.get(pk=case.pk), "en")
    address = reverse("admin:submissions_submission_change", args=[case.submission_id])
    assert f'<a href="{address}">{case.submission_id}</a>' in page and case.submission.filename
    assert case.submission.filename not in page


def test_an_event_leads_to_who_did_it_and_to_its_object(case: Case, alice: Person) -> None:
    event = Event.objects.filter(verb="case.claimed").latest("pk")
    page = page_of(event, "en")
    for address in (
        reverse("admin:accounts_user_change", args=[alice.user.pk]),
        reverse("admin:review_case_change", args=[case.pk]),
    ):
        assert f'href="{address}"' in page
    assert f"<h2>{event.pk}</h2>" in page
