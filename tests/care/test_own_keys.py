"""A person's own keys: kept in the account, one meaning each, and back to the usual ones."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.refusals import Refusal
from media_analysis.care.keys import ACTIONS, USUAL
from media_analysis.care.models import OwnKey
from media_analysis.care.services import own_keys
from media_analysis.review.models import ReasonCode
from media_analysis.review.services import cases
from tests.people import Person, Send
from tests.review.test_services import opened

PAGE = "care:keys"


def test_keys_are_kept_for_one_person_alone(alice: Person, bob: Person) -> None:
    answer = alice.client().post(reverse(PAGE), USUAL | {"decide": "W", "release": "ö"})
    assert answer.status_code == 302
    assert own_keys.of(alice.user.pk) == USUAL | {"decide": "w", "release": "ö"}
    assert own_keys.of(bob.user.pk) == USUAL
    assert alice.client().post(reverse("care:reset_keys")).status_code == 302
    assert own_keys.of(alice.user.pk) == USUAL


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"decide": "r"}, "Two actions have this key"),
        ({"decide": "R"}, "Two actions have this key"),
        ({"look": "m"}, "belongs to an outcome or to the player"),
        ({"claim": "1"}, "belongs to an outcome or to the player"),
        ({"down": "?"}, "shows the list of keys"),
        ({"down": ""}, "required"),
        ({"down": " "}, "required"),
        ({"down": "ab"}, "at most 1 character"),
    ],
)
def test_a_key_has_one_meaning(alice: Person, wanted: dict[str, str], sentence: str) -> None:
    """What stands against it is said beside the field, and nothing is kept."""
    answer = alice.client().post(reverse(PAGE), USUAL | wanted)
    assert answer.status_code == 422 and sentence in answer.content.decode()
    assert not OwnKey.objects.exists()


def test_two_may_change_places(alice: Person) -> None:
    own_keys.choose(alice.user, USUAL | {"decide": "r", "release": "s"})
    own_keys.choose(alice.user, USUAL | {"decide": "s", "release": "r"})
    assert own_keys.of(alice.user.pk) == USUAL


@pytest.mark.parametrize("wanted", [{"decide": "x"}, USUAL | {"decide": "r"}, USUAL | {"a": "b"}])
def test_the_verb_refuses_what_the_form_would(alice: Person, wanted: dict[str, str]) -> None:
    with pytest.raises(Refusal, match="its own key"):
        own_keys.choose(alice.user, wanted)


@pytest.mark.parametrize("row", [("decide", "w"), ("release", "q"), ("claim", "?"), ("up", " ")])
def test_the_database_keeps_keys_apart(alice: Person, row: tuple[str, str]) -> None:
    OwnKey.objects.create(person=alice.user, action="decide", key="q")
    with pytest.raises(IntegrityError), transaction.atomic():
        OwnKey.objects.create(person=alice.user, action=row[0], key=row[1])


def test_pages_show_the_persons_own_keys(
    alice: Person, bob: Person, send: Send, django_assert_max_num_queries: Any
) -> None:
    """In place and on the list of keys; a reason code gives way."""
    ReasonCode.objects.create(team=alice.team, name="Seam")
    case = opened(alice, send)
    own_keys.choose(alice.user, USUAL | {"decide": "a", "next": "ä"})
    queue = alice.client().get(reverse("review:queue")).content.decode()
    assert 'data-key="ä" aria-keyshortcuts="ä"' in queue and "<td><kbd>ä</kbd></td>" in queue
    assert 'data-key="n"' in bob.client().get(reverse("review:queue")).content.decode()
    cases.claim(alice.actor, case.pk)
    page = alice.client().get(reverse("review:case", args=[case.pk])).content.decode()
    assert 'data-key="a" aria-keyshortcuts="a Control+Enter"' in page
    assert page.count('data-key="a"') == 1 and 'data-key="b"' in page


def test_the_usual_keys_have_one_meaning_each() -> None:
    assert len({action.key for action in ACTIONS}) == len(ACTIONS) == len(USUAL)
