"""The dashboard: whose figures it shows, which ones, and the number of queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Role, Team
from media_analysis.care.models import Exposure
from media_analysis.care.services import exposure
from media_analysis.dashboard.models import Ending, How
from media_analysis.dashboard.search import figures
from media_analysis.review.models import Case, DecisionText, Policy
from media_analysis.review.services import cases as review
from tests.audit.helpers import triggers_off
from tests.dashboard.conftest import copy_set_aside, set_aside
from tests.factories import TeamFactory
from tests.people import Person, Send, member
from tests.review.test_services import expire, opened

URL = reverse("dashboard:overview")


def read(client: Client, **query: str) -> tuple[str, Any]:
    answer = client.get(URL, query)
    assert answer.status_code == 200
    return answer.content.decode(), answer.context


def ended(team: Team, how: How = How.VERDICT, seconds: float = 1.0, **more: Any) -> Ending:
    return Ending.objects.create(team=team, how=how, seconds=seconds, **more)


def test_only_those_who_run_a_team_may_look(
    lead: Person, alice: Person, viewer: Person, client: Client
) -> None:
    """A lead looks; a moderator and a viewer are refused; strangers meet the login."""
    assert lead.client().get(URL).status_code == 200
    assert alice.client().get(URL).status_code == 403
    assert viewer.client().get(URL).status_code == 403
    assert "/accounts/login/" in client.get(URL)["Location"]


def test_an_empty_team_reads_honestly(lead: Person) -> None:
    """Nothing there is said as such, and no figure is made up."""
    page, context = read(lead.client())
    assert "No analysis ended in the last 14 days" in page
    assert "No decision in the last 7 days" in page and "Nothing needs attention" in page
    assert context["day"]["verdicts"] == 0 and context["day"]["median"] == "–"


def test_charlie_sees_nothing_of_this_team(
    lead: Person, charlie: Person, alice: Person, send: Send
) -> None:
    """Another team's cases, endings, parked media and people are in nobody else's figures."""
    case = opened(alice, send)
    review.claim(alice.actor, case.pk)
    set_aside(send(alice, 3, name="canary.png"))
    ended(alice.team)
    page, context = read(charlie.client())
    for secret in ("canary", str(alice.user), "Newsroom", str(case.pk)):
        assert secret not in page
    assert context["total"]["cases"] == 0 and context["parked"]["count"] == 0
    assert context["days"]["sum"] == 0
    assert charlie.client().get(URL, {"team": str(lead.team.pk)}).status_code == 404


def test_a_site_administrator_sees_all_teams_but_no_names_of_media(
    site_admin: Person, alice: Person, charlie: Person, send: Send
) -> None:
    """All figures, and ids where a member of the team would read a file's name."""
    set_aside(send(alice, 3, name="canary.png"))
    case = opened(charlie, send)
    review.claim(charlie.actor, case.pk)
    page, context = read(site_admin.client())
    assert {row["team"].name for row in context["queues"]} == {"Newsroom", "Elsewhere"}
    assert context["parked"]["count"] == 1 and "canary" not in page
    assert str(case.pk) in page and "photo.png" not in page
    assert "No worker has reported" in page


def test_queues_count_what_waits_and_who_holds(
    lead: Person, alice: Person, bob: Person, send: Send
) -> None:
    """Three cases: one waits and is overdue, one is held, one's lease ran out; the oldest gives the
    age."""
    cases = [opened(alice, send, shade) for shade in (1, 2, 3)]
    with triggers_off():
        Case.objects.filter(pk=cases[0].pk).update(
            opened_at=datetime.now(UTC) - timedelta(hours=5, minutes=1),
            due_at=datetime.now(UTC) - timedelta(hours=1),
        )
    Case.objects.filter(pk=cases[1].pk).update(due_at=datetime.now(UTC) + timedelta(hours=1))
    review.claim(alice.actor, cases[1].pk)
    review.claim(bob.actor, cases[2].pk)
    expire(cases[2])
    page, context = read(lead.client())
    row = context["queues"][0]
    assert (row["cases"], row["held"], row["run_out"]) == (3, 1, 1)
    assert row["case_span"] == "5 h 1 min"
    assert row["overdue"] == 1 and "1 is overdue." in page
    assert row["analyses"] == 3  # none of them was run
    assert "Expired: free to claim" in page and str(bob.user) in page


def test_the_figures_of_time_are_right(lead: Person) -> None:
    """Median and 95th percentile of verdicts only, against numbers worked out by hand."""
    for seconds in (1, 2, 3, 4, 100):
        ended(lead.team, seconds=seconds)
    ended(lead.team, How.SET_ASIDE, 9999, code="poison")
    day = figures.last_day([lead.team.pk])
    assert (day["verdicts"], day["set_aside"]) == (5, 1)
    assert day["median"] == 3
    assert day["p95"] == pytest.approx(4 + 0.8 * 96)


def test_endings_fall_into_their_hour_and_day(lead: Person) -> None:
    """Each slot of the series counts its own, empty ones included; older ones count nowhere."""
    now = datetime.now(UTC)
    for days in (0, 1, 1, 13, 14, 30):
        ended(lead.team, ended_at=now - timedelta(days=days))
    ended(lead.team, How.REJECTED, code="corrupt", ended_at=now - timedelta(days=1))
    _, context = read(lead.client())
    lines = context["days"]["lines"]
    assert [line["verdicts"] for line in lines] == [1, *[0] * 11, 2, 1]
    assert [line["rejected"] for line in lines][-2:] == [1, 0]
    assert len(context["hours"]["lines"]) == 24 and context["hours"]["lines"][-1]["verdicts"] == 1
    assert max(bar.verdict_height + bar.other_height for bar in context["days"]["bars"]) == 100


def test_reasons_are_counted(lead: Person) -> None:
    """Failures by reason, the most frequent first."""
    for _ in range(2):
        ended(lead.team, How.REJECTED, code="too_many_pixels")
    ended(lead.team, How.SET_ASIDE, code="poison")
    _, context = read(lead.client())
    assert [(r["words"], r["count"]) for r in context["reasons"]] == [
        ("picture too large", 2),
        ("crashed its worker process several times", 1),
    ]


def test_decisions_are_counted_for_whoever_made_them(
    lead: Person, alice: Person, bob: Person, send: Send
) -> None:
    """Per person and day."""
    for shade, who in ((1, alice), (2, alice), (3, bob)):
        case = review.claim(who.actor, opened(alice, send, shade).pk)
        review.decide(who.actor, case.pk, case.fence, DecisionText("unclear", "too blurred"))
    _, context = read(lead.client())
    assert [(line["name"], line["counts"][-1]) for line in context["people"]["lines"]] == [
        (alice.user.name, 2),
        (bob.user.name, 1),
    ]


def test_what_was_set_aside_is_listed_with_its_reason(
    lead: Person, alice: Person, send: Send
) -> None:
    """The reason in words, and the way to another try."""
    sent = set_aside(send(alice), "sandbox_killed", "canary: killed")
    page, _ = read(lead.client())
    assert "The decoder was stopped by force." in page and "canary" not in page
    assert reverse("dashboard:retry", args=[sent.pk]) in page


@pytest.mark.parametrize("people", [1, 6])
def test_the_number_of_queries_does_not_grow(
    people: int,
    lead: Person,
    alice: Person,
    send: Send,
    django_assert_num_queries: Callable[..., Any],
) -> None:
    """One team with one of everything costs as much as six teams with six of everything."""
    for shade in range(people):
        team = TeamFactory() if shade else lead.team
        if shade:
            Membership.objects.create(team=team, user=lead.user, role=Role.LEAD)
        case = opened(alice, send, shade)
        review.claim(alice.actor, case.pk)
        copy_set_aside(set_aside(send(alice, 100 + shade)))
        ended(team, How.REJECTED, code="corrupt")
        with triggers_off():
            Case.objects.filter(pk=case.pk).update(team=team)
    client = lead.client()
    with django_assert_num_queries(QUERIES):
        client.get(URL)


QUERIES = 22
"""Session, person, memberships and teams; then one query for each figure."""


def test_decisions_are_counted_by_outcome_and_policy(
    lead: Person, alice: Person, send: Send
) -> None:
    """Two of one policy, one of another: each in its column, with the sums below."""
    elections, satire = (
        Policy.objects.create(team=lead.team, name=name) for name in ("Elections", "Satire")
    )
    made = [("manipulated", elections), ("unclear", elections), ("manipulated", satire)]
    for shade, (outcome, policy) in enumerate(made):
        held = review.claim(alice.actor, opened(alice, send, shade).pk)
        words = DecisionText(outcome, "x", policy_id=policy.pk)
        review.decide(alice.actor, held.pk, held.fence, words)
    _, figures = read(lead.client())
    assert figures["outcomes"]["lines"] == [
        {"name": "Elections", "counts": [1, 0, 1], "sum": 2},
        {"name": "Satire", "counts": [1, 0, 0], "sum": 1},
    ]
    assert figures["outcomes"]["sums"] == [2, 0, 1] and figures["outcomes"]["sum"] == 3


def test_a_lead_sees_their_own_exposure_and_sums_that_name_nobody(
    lead: Person, alice: Person, bob: Person, charlie: Person, send: Send
) -> None:
    """With two others the team's sum is withheld, with three it is told, and no person's is."""
    sent = [send(alice, shade) for shade in range(4)]
    for one in sent[:2]:
        exposure.met(lead.actor, one.pk, one.team_id, lambda: True)
    exposure.unveiled(lead.actor, sent[0].pk, lead.team.pk)
    exposure.met(alice.actor, sent[0].pk, lead.team.pk, lambda: True)
    page, context = read(lead.client())
    assert "You: 2 items, 1 of them without blur." in page
    assert context["exposure"]["teams"] == []
    for one in sent:
        exposure.met(bob.actor, one.pk, one.team_id, lambda: False)
    Exposure.objects.update(day=F("day") - timedelta(days=1))  # a day counts when it is over
    assert read(lead.client())[1]["exposure"]["teams"] == []
    dora = member(lead.team, Role.VIEWER)
    Exposure.objects.create(
        person=dora.user, submission=sent[0], team=lead.team,
        day=exposure.today().date() - timedelta(days=1),
    )  # fmt: skip
    page, context = read(lead.client())
    ((team, sums),) = context["exposure"]["teams"]
    assert team == lead.team
    assert (sums.people, sums.met, sums.unveiled) == (3, 6, 4)
    for person in (alice, bob):
        assert str(person.user) not in page
    assert read(charlie.client())[1]["exposure"]["teams"] == []
