"""Reading a history that stays as it is: filters, orders, and what stands in cursors."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role
from media_analysis.submissions.models import IndexCard, Submission
from media_analysis.submissions.search import cursors, history
from media_analysis.submissions.services.intake import submit
from tests.factories import MembershipFactory, TeamFactory
from tests.people import Person, member, picture


@dataclass(frozen=True)
class Office:
    alice: Person
    submission: Submission


def sent(who: Person, shade: int, name: str, **words: Any) -> Submission:
    return submit(who.actor, who.team, BytesIO(picture(shade)), name, **words).submission


@pytest.fixture(scope="module")
def office(shared_home: Path) -> Office:
    """Two submissions of Alice's."""
    alice = member(TeamFactory(), Role.MODERATOR)
    alice.user.email, alice.user.name = "alice@example.org", "Alice Wonderly"
    alice.user.save()
    sent(alice, 1, "holiday_2031.png")
    words = {"note": "see case 7, die Größe", "policy_context": "Election policy"}
    return Office(alice, sent(alice, 2, "other.png", external_id="Ticket-4411", **words))


@pytest.fixture(scope="module")
def rows(shared_home: Path) -> dict[int, Person]:
    """By the number of their teams, two people whose teams sent eleven files; five of them at the
    same moment."""
    found = {}
    for teams in (1, 3):
        alice = member(TeamFactory(), Role.MODERATOR)
        people = [alice]
        for _ in range(teams - 1):
            membership = MembershipFactory(user=alice.user, team=TeamFactory(), role=Role.MODERATOR)
            people.append(Person(alice.user, membership.team))
        files = [
            sent(people[n % teams], n % 2, ["b.png", "A.png", "a.png"][n % 3]) for n in range(11)
        ]
        cards = IndexCard.objects.filter(pk__in=[one.pk for one in files[:5]])
        cards.update(received_at=files[0].created_at)
        found[teams] = alice
    return found


@pytest.mark.parametrize("sort", history.ORDERS)
@pytest.mark.parametrize("teams", [1, 3])
def test_every_order_is_whole_and_exact(
    db: None, rows: dict[int, Person], monkeypatch: pytest.MonkeyPatch, sort: str, teams: int
) -> None:
    """Whole and in order, across teams, with many equal names, sizes and moments."""
    alice, field = rows[teams], history.ORDERS[sort].field
    theirs = IndexCard.objects.filter(team__in=alice.user.memberships.values("team"))
    keys = dict(theirs.values_list("pk", field))
    assert len(keys) == 11
    expected = sorted(keys, key=lambda pk: (keys[pk], pk), reverse=history.ORDERS[sort].descending)
    monkeypatch.setattr(history, "BATCH", 2)
    assert [row.pk for row in history.walk(alice.actor, {"sort": sort})] == expected
    backwards: list[UUID] = []
    cursor = None
    while (page := history.page(alice.actor, {"sort": sort}, cursor, 2)).older:
        cursor = page.older
    while True:
        backwards = [row.pk for row in page.rows] + backwards
        if page.newer is None:
            break
        page = history.page(alice.actor, {"sort": sort}, page.newer, 2)
    assert backwards == expected


@given(
    st.one_of(st.text(max_size=80), st.binary(max_size=60).map(lambda b: b.hex())),
    st.sampled_from(list(history.ORDERS)),
)
def test_a_foreign_cursor_is_no_cursor(cursor: str, order: str) -> None:
    """Whatever stands in the address, it is read or ignored, never an error."""
    cursors.read(cursor, order)


@pytest.mark.parametrize("order", history.ORDERS)
@pytest.mark.parametrize(
    "value",
    ["x\x00", "\ud800", 2**63, -1, True, None, [], {}, "0001-01-01T00:00:00+14:00", "2026-02-30"],
)
def test_a_forged_value_never_reaches_the_database_as_an_error(
    db: None, office: Office, order: str, value: Any
) -> None:
    """A cursor of the right shape with a wrong value answers with some page, never an error."""
    try:
        cursor = cursors.write(order, value, office.submission.pk, towards_first=False)
    except UnicodeEncodeError:
        return
    history.page(office.alice.actor, {"sort": order}, cursor)


HOLIDAY, OTHER = {"holiday_2031.png"}, {"other.png"}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"q": "holiday"}, HOLIDAY),
        ({"q": "HOLI"}, HOLIDAY),
        ({"q": "olida"}, HOLIDAY),
        ({"q": "20"}, HOLIDAY),
        ({"q": "31"}, set()),
        ({"q": "2031 png"}, HOLIDAY),
        ({"q": "20 png"}, HOLIDAY),
        ({"q": "holiday 20"}, HOLIDAY),
        ({"q": "holiday 31"}, set()),
        ({"q": "case 7 di"}, OTHER),
        ({"q": "größe d-gr"}, OTHER),
        ({"q": "2031 case"}, set()),
        ({"q": "case 7"}, OTHER),
        ({"q": "ticket-4411"}, OTHER),
        ({"q": "election"}, OTHER),
        ({"q": "größe"}, OTHER),
        ({"q": "alice@"}, HOLIDAY | OTHER),
        ({"q": "wonder holiday"}, HOLIDAY),
        ({"q": "%"}, set()),
        ({"q": "___"}, set()),
        ({"q": "' | 'a:*"}, set()),
        ({"q": "\x00holiday"}, HOLIDAY),
        ({"kind": "image"}, HOLIDAY | OTHER),
        ({"kind": "video"}, set()),
        ({"state": "queued"}, HOLIDAY | OTHER),
        ({"outcome": "inconclusive"}, set()),
    ],
)
def test_filters_narrow(db: None, office: Office, wanted: dict[str, str], names: set[str]) -> None:
    """By name, note, context, external id, sender, kind, state, verdict; wildcards are letters."""
    assert {row.filename for row in history.walk(office.alice.actor, wanted)} == names
