"""A team's list of hosts decides which addresses a batch may name; its admins keep the list."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client

from accounts.refusals import Refusal
from audit.checking import compare_all_rows
from audit.models import Event as Recorded
from media_analysis.batches.models import Batch, BatchItem, Source
from media_analysis.batches.services import sources
from tests.batches.test_batches import URL, Files, fetch_all, files, inside, items, program
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person
from tests.webhooks.test_rest import post, problem

__all__ = ["files", "inside", "program"]


def test_a_host_that_the_team_does_not_allow_refuses_the_whole_batch(
    program: Client, files: Files, inside: None
) -> None:
    answer = post(program, URL, items(f"{files.url}/a", "https://other.example/b"))
    problem(answer, 422, "host_not_allowed")
    assert "other.example" in answer.json()["detail"] and not Batch.objects.exists()


def test_a_team_without_a_host_fetches_nothing(program: Client) -> None:
    problem(post(program, URL, items("https://media.example/a")), 422, "host_not_allowed")


def test_a_withdrawn_host_is_asked_no_more(
    program: Client, files: Files, inside: None, admin: Person
) -> None:
    post(program, URL, items(f"{files.url}/a"))
    Source.objects.all().delete()
    fetch_all()
    assert BatchItem.objects.get().reason_code == "host_not_allowed" and not files.paths


def test_hosts_are_the_admins_to_allow_and_on_record(admin: Person, lead: Person) -> None:
    with pytest.raises(Refusal) as refused, transaction.atomic():
        sources.allow(lead.actor, lead.team, "media.example.com")
    assert refused.value.code == "not_allowed"
    source = sources.allow(admin.actor, admin.team, " *.Example.com. ")
    assert sources.is_allowed(admin.team.pk, "a.b.example.com")
    assert not sources.is_allowed(admin.team.pk, "example.com")
    assert not sources.is_allowed(admin.team.pk, "notexample.com")
    assert Recorded.objects.filter(verb="source.changed").count() == 1
    sources.withdraw(admin.actor, source)
    assert not sources.is_allowed(admin.team.pk, "a.b.example.com")


def test_a_host_that_was_changed_beside_the_service_is_found(admin: Person) -> None:
    sources.allow(admin.actor, admin.team, "media.example.com")
    Source.objects.update(host="media.evil.com")
    report = compare_all_rows()
    assert report is not None and not report.ok and "source" in report.as_text()


@pytest.mark.parametrize("host", ["", "*", "*.com.", "10.0.0.1", "localhost", "a..b", "a b.c",
                                  "https://a.b", "a.b/c", "x" * 300 + ".de", "a.b:80"])  # fmt: skip
def test_what_is_no_host_is_refused(admin: Person, host: str) -> None:
    with pytest.raises(Refusal) as refused, transaction.atomic():
        sources.allow(admin.actor, admin.team, host)
    assert refused.value.code == "host_malformed"
