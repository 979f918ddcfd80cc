"""A key's quota is exact, counts in its own right, and is not evaded by replacing the key."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.actors import SHELL_ACTOR, actor_for_key
from accounts.models import ApiKey, Role, Scope, ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.services.keys import issue_key, replace_key
from accounts.services.quotas import set_quota
from audit.models import Event
from media_analysis.submissions.models import KeyMonthCount, MonthCount, Submission
from media_analysis.submissions.search import usage
from media_analysis.submissions.services import quotas
from media_analysis.submissions.services.intake import submit
from tests.factories import ServiceAccountFactory, TeamFactory
from tests.people import Person, member, picture


def key_of(admin: Person, service: ServiceAccount, name: str = "k", **more: Any) -> ApiKey:
    return issue_key(admin.actor, service, name, [Scope.SUBMISSIONS_WRITE], **more).key


def renewed(admin: Person, key: ApiKey) -> ApiKey:
    return replace_key(admin.actor, key, overlap=timedelta(hours=1)).key


def sends(key: ApiKey, shade: int) -> Submission:
    key = ApiKey.objects.select_related("service__team").get(pk=key.pk)
    body = BytesIO(picture(shade))
    return submit(actor_for_key(key), key.service.team, body, f"{shade}.png").submission


def used() -> dict[Any, int]:
    return dict(KeyMonthCount.objects.values_list("key", "used"))


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_the_quota_of_the_key_is_taken() -> None:
    """Through the key and the one that replaces it, beside a key without a quota."""
    team = TeamFactory(name="Newsroom")
    admin, service = member(team, Role.ADMIN), ServiceAccountFactory(team=team)
    old, free = key_of(admin, service, "old"), key_of(admin, service, "free")
    ApiKey.objects.filter(pk=old.pk).update(quota=7)
    keys = {"old": old, "new": renewed(admin, old), "free": free}

    def tries(turn: tuple[str, int]) -> str:
        name, shade = turn
        try:
            sends(keys[name], shade)
        except Refusal as refusal:
            return f"{name}:{refusal.code}:{refusal.data.get('whose')}"
        finally:
            connection.close()
        return f"{name}:taken"

    with ThreadPoolExecutor(12) as pool:
        turns = [(name, n * 20 + place) for n, name in enumerate(keys) for place in range(10)]
        ends = Counter(pool.map(tries, sorted(turns, key=lambda turn: turn[1] % 20)))
    assert ends["old:taken"] + ends["new:taken"] == 7 and ends["free:taken"] == 10
    assert ends["old:quota_reached:key"] + ends["new:quota_reached:key"] == 13
    assert used() == {old.pk: 7, free.pk: 10}
    assert dict(MonthCount.objects.values_list("service", "used")) == {None: 17, service.pk: 17}
    assert Submission.objects.count() == 17


def test_a_successor_continues_count_and_quota_however_often_it_is_replaced(
    team: Team, admin: Person
) -> None:
    """Also when it is replaced by its own successor and when the number is changed later."""
    first = key_of(admin, ServiceAccountFactory(team=team))
    sends(first, 1)
    second = renewed(admin, first)
    sends(second, 2)
    set_quota(SHELL_ACTOR, second, 3)
    third = renewed(admin, second)
    assert third.counted_as == ApiKey.objects.get(pk=second.pk).counted_as == first
    sends(third, 3)
    for key in (first, second, third):
        with pytest.raises(Refusal, match="quota of the key is reached: 3"):
            sends(key, 4)
    assert used() == {first.pk: 3}
    set_quota(SHELL_ACTOR, first, 4)
    sends(third, 4)


def test_the_database_keeps_a_key_with_its_count(team: Team, admin: Person) -> None:
    """A successor has no quota of its own, belongs to one partner and cannot leave its count."""
    service = ServiceAccountFactory(team=team)
    first, other = key_of(admin, service), key_of(admin, service, "other")
    theirs = key_of(admin, ServiceAccountFactory(team=team))
    second = ApiKey.objects.filter(pk=renewed(admin, first).pk)
    for change in (
        {"quota": 5}, {"counts_with": None}, {"counts_with": other}, {"counts_with": theirs},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            second.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.filter(pk=theirs.pk).update(counts_with=first)


def test_only_a_site_administrator_sets_it(
    team: Team, site_admin: Person, admin: Person, lead: Person
) -> None:
    """On record with the key that holds it; the database refuses what is out of range."""
    first = key_of(admin, ServiceAccountFactory(team=team))
    second = renewed(admin, first)
    for who in (admin, lead):
        with pytest.raises(Refusal, match="Only a site administrator"):
            set_quota(who.actor, first, 9)
    assert set_quota(site_admin.actor, second, 5) is True
    assert set_quota(site_admin.actor, first, 5) is False
    for wrong in (-1, 1_000_000_001):
        with pytest.raises(Refusal, match="from 0 to"):
            set_quota(site_admin.actor, first, wrong)
        with pytest.raises(IntegrityError), transaction.atomic():
            ApiKey.objects.filter(pk=first.pk).update(quota=wrong)
    (event,) = Event.objects.filter(verb="team.quota_changed")
    assert event.content["object"]["id"] == str(first.pk)
    assert event.content["data"] == {"from": None, "to": 5}


def test_the_page_of_limits_sets_it_once_for_keys_that_replaced_each_other(
    team: Team, site_admin: Person, admin: Person
) -> None:
    """Both show it. A test key, whose submissions do not count, has none."""
    service = ServiceAccountFactory(team=team)
    first = key_of(admin, service)
    second, test = renewed(admin, first), key_of(admin, service, "t", test=True)
    page = f"/teams/{team.pk}/weights/"
    field = f"key_{second.pk.hex}_quota"
    form = {"team_weight": 1, field: "1234", f"initial-{field}": ""}
    assert site_admin.client().post(page, form).status_code == 302
    assert ApiKey.objects.get(pk=first.pk).quota == 1234
    html = site_admin.client().get(page).content.decode()
    assert html.count('value="1234"') == 4, "a field and what it was opened with, of each key"
    assert f"key_{test.pk.hex}_read_rate" in html and f"key_{test.pk.hex}_quota" not in html
    assert admin.client().post(page, form).status_code == 403


def test_the_page_of_usage_shows_keys_below_their_partner(
    team: Team, admin: Person, lead: Person
) -> None:
    """Keys that replaced each other are one line, under the newest."""
    one, two = (ServiceAccountFactory(team=team, name=name) for name in ("Acme", "Other"))
    first, other = key_of(admin, one, "photos"), key_of(admin, two, "films")
    second = renewed(admin, first)
    ApiKey.objects.filter(pk=first.pk).update(quota=4)
    sends(first, 1)
    sends(second, 2)
    keys = ApiKey.objects.filter(service__team=team)
    lines = usage.this_month(team, [one, two], keys)
    rows = [(line.owner, line.used, line.quota) for line in lines]
    assert rows == [
        (team, 2, None), (one, 2, None), (second, 2, 4), (two, 0, None), (other, 0, None),
    ]  # fmt: skip
    month = quotas.month_of(timezone.now())
    earlier = month.replace(year=month.year - 1)
    KeyMonthCount.objects.create(key=first, month=earlier, used=3, quota=9)
    MonthCount.objects.create(team=team, month=earlier, used=3)
    MonthCount.objects.create(team=team, service=one, month=earlier, used=3)
    of_then = [(line.owner, line.used, line.quota) for line in usage.earlier_months(team)]
    assert of_then == [(team, 3, None), (one, 3, None), (second, 3, 9)]
    page = lead.client().get(f"/teams/{team.pk}/usage/").content.decode()
    assert page.count(f"{second.prefix}… (photos)") == 2 and first.prefix not in page
    assert page.count("key of Acme") == 2 and 'value="50' in page


def test_another_team_sees_no_key_there(team: Team, charlie: Person, lead: Person) -> None:
    theirs = key_of(charlie, ServiceAccountFactory(team=charlie.team))
    assert theirs.prefix not in lead.client().get(f"/teams/{team.pk}/usage/").content.decode()


def test_the_shell_lists_and_sets_it(team: Team, admin: Person) -> None:
    service = ServiceAccountFactory(team=team, name="Acme")
    first = key_of(admin, service)
    second = renewed(admin, first)
    out = StringIO()
    call_command("quotas", "set", "Newsroom", "acme", second.prefix, "10", stdout=out)
    call_command("quotas", "list", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == f"{second}: quota 10." and lines[1:3] == ["Newsroom: none", "  Acme: none"]
    assert set(lines[3:]) == {f"    {first}: 10", f"    {second}: 10"}
    ApiKey.objects.filter(pk=second.pk).update(revoked_at=timezone.now())
    for wrong in ([second.prefix, "2"], ["tsk_nothing", "2"], [first.prefix, "two"]):
        with pytest.raises(CommandError):
            call_command("quotas", "set", "Newsroom", "Acme", *wrong)
