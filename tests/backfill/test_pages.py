"""The pages of backfills, and how the result page shows further analyses."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from media_analysis.backfill.models import Stage
from tests.backfill.analysed import CLEAN, FOUND, NEW, OLD, planned, started, stored, worked_off
from tests.backfill.test_backfill import decide
from tests.people import Person

pytestmark = pytest.mark.django_db
INDEX = reverse("backfill:index")


def read(who: Person, url: str) -> str:
    answer = who.client().get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_result_page_lists_the_later_analysis_beside_the_one_in_force(
    alice: Person, settings: Any
) -> None:
    """With its engine and verdict; the verdict in force stays in its place."""
    one = stored(alice, 1, CLEAN)
    url = reverse("submissions:detail", args=[one.pk])
    assert "Other analyses of this media" not in read(alice, url)
    started()
    worked_off(settings, {one.blob_id: FOUND})
    page = read(alice, url)
    _, _, further = page.partition("Other analyses of this media")
    listed, _, _ = further.partition("</section>")
    assert NEW in listed and "Manipulation found" in listed and "later" in listed
    assert OLD not in listed
    assert "The verdict in force is the one above" in listed


def test_a_lead_reads_what_changed_in_the_own_team_alone(
    alice: Person, lead: Person, charlie: Person, site_admin: Person, settings: Any
) -> None:
    """The decision that is contradicted is linked for the lead, counted for the site's
    administrator without its name, and not even counted for Charlie."""
    mine, foreign = stored(alice, 1, FOUND), stored(charlie, 2, CLEAN)
    decide(lead, mine, "manipulated")
    run = started()
    worked_off(settings, {mine.blob_id: CLEAN, foreign.blob_id: CLEAN})
    url = reverse("backfill:detail", args=[run.pk])
    link = reverse("submissions:detail", args=[mine.pk])
    page = read(lead, url)
    assert "1 of 1 verdicts changed." in page and link in page
    page = read(site_admin, url)
    assert "1 of 2 verdicts changed." in page and link not in page and "1.png" not in page
    assert "1 more is not listed here." in page
    page = read(charlie, url)
    assert "0 of 1 verdicts changed." in page and "None." in page and str(mine.pk) not in page


def test_a_site_administrator_switches_and_a_lead_only_looks(
    lead: Person, site_admin: Person
) -> None:
    run = planned(team=lead.team)
    url = reverse("backfill:switch", args=[run.pk])
    assert "Start backfill" not in read(lead, INDEX)
    assert lead.client().post(url, {"to": "start"}).status_code == 403
    assert "Start backfill" in read(site_admin, INDEX)
    for to, state in (("start", Stage.RUNNING), ("pause", Stage.PAUSED), ("resume", Stage.RUNNING)):
        assert site_admin.client().post(url, {"to": to}).status_code == 302
        run.refresh_from_db()
        assert run.state == state
    assert "Pause backfill" in read(site_admin, INDEX)
    site_admin.client().post(url, {"to": "resume"})  # late: somebody else was first
    run.refresh_from_db()
    assert run.state == Stage.RUNNING


def test_a_list_says_how_to_begin(lead: Person) -> None:
    assert "There is no backfill yet" in read(lead, INDEX)
    assert INDEX in read(lead, reverse("dashboard:overview"))


def test_many_backfills_ask_no_more_of_the_database(
    site_admin: Person, django_assert_max_num_queries: Any
) -> None:
    planned()
    client = site_admin.client()
    client.get(INDEX)
    with django_assert_max_num_queries(14):
        client.get(INDEX)
    for _ in range(10):
        planned()
    with django_assert_max_num_queries(14):
        client.get(INDEX)
