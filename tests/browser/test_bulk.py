"""Several cases are chosen in the queue, looked at once more, and decided or assigned together."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import expect

from media_analysis.review.models import Case, Decision, PendingDecision
from tests.browser.keystrokes import Keyboard
from tests.browser.watched import Watched
from tests.people import Person, Send
from tests.review.test_services import opened

Open = Callable[..., Watched]


def waiting(alice: Person, send: Send, count: int) -> list[Case]:
    """Cases of different files, in the order of the queue."""
    made = []
    for number in range(count):
        sent = send(alice, number + 1, f"photo{number}.png")
        made.append(opened(alice, lambda *_, sent=sent: sent))
    return made


def test_chosen_cases_are_decided_together_by_keys(
    open_page: Open, alice: Person, send: Send
) -> None:
    """Two of three rows are chosen by keys. The preview lists both; one is taken out there, and
    only the other is decided."""
    first, second, third = waiting(alice, send, 3)
    watched = open_page(user=alice.user)
    page = watched.goto(reverse("review:queue"))
    keys = Keyboard(page)
    for key in "jxjx":
        keys.press(key)
    page.get_by_role("button", name="Decide the chosen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 cases are chosen")
    assert watched.axe_in_both_colours() == []
    boxes = page.locator('input[name="case"]')
    assert [box.get_attribute("value") for box in boxes.all()] == [str(first.pk), str(second.pk)]
    boxes.nth(1).uncheck()
    page.locator('input[name="outcome"][value="not_manipulated"]').check(force=True)
    page.get_by_label("Reason", exact=True).fill("All from one event.")
    page.get_by_role("button", name="Decide all of them").click()
    page.wait_for_url(f"**{reverse('review:queue')}*")
    expect(page.get_by_role("link", name="photo1.png")).to_be_visible()
    written = {*PendingDecision.objects.values_list("case", flat=True)}
    written |= {*Decision.objects.values_list("case", flat=True)}
    assert written == {first.pk} and third.pk not in written


def test_chosen_cases_are_assigned_together(
    open_page: Open, alice: Person, lead: Person, send: Send
) -> None:
    """A lead gives both to a person, who then holds them."""
    both = waiting(alice, send, 2)
    page = open_page(user=lead.user).goto(reverse("review:queue"))
    for box in page.locator('tr[data-row] input[name="case"]').all():
        box.check()
    page.get_by_role("button", name="Assign the chosen").click()
    page.get_by_label("Assign to").select_option(str(alice.user.pk))
    page.get_by_role("button", name="Assign all of them").click()
    page.wait_for_url(f"**{reverse('review:queue')}*")
    assert {case.holder_id for case in Case.objects.filter(pk__in=[one.pk for one in both])} == {
        alice.user.pk
    }
