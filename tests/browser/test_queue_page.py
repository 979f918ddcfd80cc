"""The queue's table fits its window, and a form says when a text does not fit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from media_analysis.review.services import cases
from ml.models import Look
from tests.browser.watched import Watched
from tests.people import Person, Send
from tests.review.test_services import opened
from tests.teams.queueing import made, rule

Open = Callable[..., Watched]
BITS = 0x0F0F_0F0F_0F0F_0F0F


@pytest.mark.parametrize(("width", "least"), [(1280, 1200), (1440, 1300), (1920, 1650)])
def test_no_column_of_the_queue_is_cut(
    open_page: Open, alice: Person, lead: Person, send: Send, width: int, least: int
) -> None:
    """With a long name, several of the same file, look-alikes, a queue with a time, and cases in
    hand. A wide screen is used."""
    rule(lead, "All", queue=made(lead, "Breaking news", 2))
    for shade, name in ((1, "a name that goes on " * 8 + ".png"), (1, "again.png"), (2, "b.png")):
        sent = send(alice, shade, name)
        case = opened(alice, lambda *_, sent=sent: sent)
        Look.objects.get_or_create(
            blob=sent.blob, method=Look.of(sent.blob, 0.0, BITS).method, seconds=0.0,
            defaults={"bits": BITS ^ shade, **dict.fromkeys(
                (f"quarter_{place}" for place in range(4)), 0)},
        )  # fmt: skip
        cases.claim(alice.actor, case.pk)
    watched = open_page(user=alice.user, width=width, height=900)
    page = watched.goto(reverse("review:queue"))
    table = page.locator(".table-scroll")
    cut, wide = table.evaluate("e => [e.scrollWidth - e.clientWidth, e.clientWidth]")
    assert (cut, wide >= least) == (0, True)
    row = page.locator("tr[data-row]").first
    for name in ("+1 same", "+1 similar"):
        button = row.get_by_role("button", name=name)
        box, cell = button.bounding_box(), row.locator("td.name").bounding_box()
        assert box is not None and cell is not None
        assert box["x"] + box["width"] <= cell["x"] + cell["width"] + 1
    assert watched.axe_in_both_colours() == []


def test_a_form_says_when_a_text_does_not_fit(open_page: Open, alice: Person, send: Send) -> None:
    """Near the end the room that is left; of what was pasted that it was cut; nothing before."""
    case = cases.claim(alice.actor, opened(alice, send).pk)
    page = open_page(user=alice.user).goto(reverse("review:case", args=[case.pk]))
    field = page.get_by_label("Reason", exact=True)
    field.fill("short")
    counter = page.locator("[data-room]")
    expect(counter).to_have_count(0)
    field.fill("x" * 495)
    expect(counter).to_have_text("5 characters are left.")
    field.fill("short")
    expect(counter).to_be_hidden()
    page.evaluate(
        """text => {
      const data = new DataTransfer();
      data.setData("text", text);
      document.querySelector("[name=reason]").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }""",
        "long words " * 100,
    )
    expect(counter).to_have_text("The text was cut: 500 characters fit here.")


def test_the_key_of_the_next_case_continues_the_own_one(
    open_page: Open, alice: Person, send: Send
) -> None:
    """The button that stands there has the key, whether a case is claimed already or not."""
    case = cases.claim(alice.actor, opened(alice, send).pk)
    page = open_page(user=alice.user).goto(reverse("review:queue"))
    page.keyboard.press("n")
    page.wait_for_url(f"**{reverse('review:case', args=[case.pk])}")
