"""Finding again: filters narrow, paging neither repeats nor loses, strangers see nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_analysis.submissions import history
from media_analysis.submissions.models import Submission
from tests.people import Person, Send


def test_paging_shows_each_row_once_in_both_directions(alice: Person, send: Send) -> None:
    """Newest first to the end and back again, while new rows arrive at the front."""
    sent = [send(alice, shade=n, name=f"{n}.png") for n in range(7)]
    found = Submission.objects.for_actor(alice.actor)
    first = history.page(found, size=3)
    send(alice, shade=99)
    second = history.page(found, first.older, size=3)
    third = history.page(found, second.older, size=3)
    shown = [*first.rows, *second.rows, *third.rows]
    assert shown == sent[::-1]
    assert third.older is None
    assert history.page(found, third.newer, size=3).rows == second.rows


@given(st.one_of(st.text(max_size=80), st.binary(max_size=60).map(lambda b: b.hex())))
def test_a_foreign_cursor_is_no_cursor(cursor: str) -> None:
    """Whatever stands in the address, it is read or ignored, never an error."""
    history._decoded(cursor)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"q": "holiday"}, {"holiday.png"}),
        ({"q": "case 7"}, {"other.png"}),
        ({"q": "%"}, set()),
        ({"kind": "image"}, {"holiday.png", "other.png"}),
        ({"kind": "video"}, set()),
        ({"state": "queued"}, {"holiday.png", "other.png"}),
        ({"outcome": "inconclusive"}, set()),
    ],
)
def test_filters_narrow(alice: Person, send: Send, wanted: dict[str, str], names: set[str]) -> None:
    """By name, note, kind, state and verdict; wildcards are letters."""
    send(alice, 1, "holiday.png")
    send(alice, 2, "other.png", note="see case 7")
    assert {s.filename for s in history.matching(alice.actor, wanted)} == names


def test_a_hash_finds_its_submissions(alice: Person, charlie: Person, send: Send) -> None:
    """The beginning of a SHA-256 is enough, for those who may look."""
    mine = send(alice)
    wanted = {"q": mine.blob_id[:12].upper()}
    assert list(history.matching(alice.actor, wanted)) == [mine]
    assert not history.matching(charlie.actor, wanted).exists()
