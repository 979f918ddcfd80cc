"""Tables where there is little room: on a phone, and in the narrow column of one's account."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse

from accounts.models import User
from tests.browser.watched import Watched
from tests.people import Person, Send

Open = Callable[..., Watched]
TOO_HIGH = """() => [...document.querySelectorAll('.table--cards [data-label]')].filter(
  (cell) => parseFloat(getComputedStyle(cell, '::before').height) > cell.clientHeight
).map((cell) => cell.dataset.label)"""
OUT_OF_SIGHT = """() => [...document.querySelectorAll('.table-scroll')].map(
  (region) => region.scrollWidth - region.clientWidth)"""


def test_no_label_of_a_card_runs_into_the_next(open_page: Open, alice: Person, send: Send) -> None:
    """In German, whose words are long."""
    send(alice)
    User.objects.filter(pk=alice.user.pk).update(language="de")
    page = open_page(user=alice.user, width=390).goto(reverse("submissions:history"))
    assert page.locator("[data-label='Wahrscheinlichkeit']").count() == 1
    page.evaluate("document.querySelector('[data-label=Wahrscheinlichkeit]').textContent = '0,94'")
    assert page.evaluate(TOO_HIGH) == []


def test_every_column_of_the_sessions_is_in_sight(open_page: Open, alice: Person) -> None:
    """With the button that ends one, which stands in the last."""
    User.objects.filter(pk=alice.user.pk).update(language="de")
    page = open_page(user=alice.user, width=1440).goto(reverse("usersessions_list"))
    assert page.locator(".table-scroll tbody tr").count() >= 1
    assert page.evaluate(OUT_OF_SIGHT) == [0]
    end = page.get_by_text("Diese Sitzung").bounding_box()
    assert end is not None and end["width"] >= 45, "a word of it is broken"
