"""A team's leads and admins see what was sent, beside the quotas; nobody else does."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import Team
from media_analysis.submissions.models import MonthCount
from media_analysis.submissions.search import usage
from media_analysis.submissions.services import quotas
from tests.factories import ServiceAccountFactory
from tests.people import Person, Send


def test_the_page_shows_used_and_quota_of_the_team_and_each_partner(
    team: Team, alice: Person, lead: Person, send: Send
) -> None:
    team.quota = 4
    team.save()
    acme = ServiceAccountFactory(team=team, name="Acme", quota=2000)
    ServiceAccountFactory(team=team, name="Free")
    send(alice)
    month = quotas.month_of(timezone.now())
    MonthCount.objects.create(team=team, service=acme, month=month, used=1500)
    page = lead.client().get(f"/teams/{team.pk}/usage/").content.decode()
    lines = page.split("<tr>")[2:]
    assert all(
        name in line for name, line in zip(("Newsroom", "Acme", "Free"), lines, strict=False)
    )
    assert ">1<" in lines[0] and 'value="25"' in lines[0]
    assert "1,500" in lines[1] and "2,000" in lines[1] and 'value="75"' in lines[1]
    assert "no limit" in lines[2] and "progress" not in lines[2]
    assert f"resets on {date_format(usage.next_month())}, 00:00 UTC" in page
    assert "A site administrator sets quotas." in page


def test_earlier_months_keep_the_quota_that_they_had(team: Team, lead: Person) -> None:
    acme = ServiceAccountFactory(team=team, name="Acme", quota=9)
    now = quotas.month_of(timezone.now())
    old, last = now.replace(year=now.year - 1), now.replace(year=now.year - 2)
    for owner in (acme, None):
        MonthCount.objects.create(team=team, service=owner, month=old, used=7, quota=8)
    MonthCount.objects.create(team=team, month=last, used=1)
    found = usage.earlier_months(team)
    assert [(one.owner, one.month, one.used, one.quota) for one in found] == [
        (team, old, 7, 8), (acme, old, 7, 8),
    ]  # fmt: skip
    page = lead.client().get(f"/teams/{team.pk}/usage/").content.decode()
    assert f"{old:%B %Y}" in page and f"{last:%B %Y}" not in page


def test_a_team_sees_nothing_of_another(team: Team, lead: Person, charlie: Person) -> None:
    assert charlie.client().get(f"/teams/{team.pk}/usage/").status_code == 404
    ServiceAccountFactory(team=charlie.team, name="Theirs")
    page = lead.client().get(f"/teams/{team.pk}/usage/").content
    assert b"Theirs" not in page


def test_the_list_of_partners_says_what_each_has_used(team: Team, admin: Person) -> None:
    acme = ServiceAccountFactory(team=team, name="Acme", quota=2000)
    month = quotas.month_of(timezone.now())
    MonthCount.objects.create(team=team, service=acme, month=month, used=1500)
    page = admin.client().get(f"/teams/{team.pk}/partners/").content
    assert b"1,500 of 2,000 submissions this month" in page
