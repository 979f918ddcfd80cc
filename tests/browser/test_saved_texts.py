"""Saved texts in a real browser: from the menu, by their name, and without a script."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import expect

from media_analysis.review.models import Case, Decision, Policy, RoutingRule, SavedText
from media_analysis.review.services import cases
from tests.browser.watched import Watched
from tests.people import Person, Send
from tests.review.test_services import opened

Open = Callable[..., Watched]


def test_a_text_is_inserted_from_the_menu_and_by_its_name(
    open_page: Open, alice: Person, send: Send
) -> None:
    """Where the cursor is, with policy and file filled in; a slash that names nothing stays."""
    RoutingRule.objects.update_or_create(team=alice.team, defaults={"grace_seconds": 0})
    policy = Policy.objects.create(team=alice.team, name="Faces")
    for name, text in (("seam", "A seam in {file}, against {policy}."), ("old", "Old footage.")):
        SavedText.objects.create(team=alice.team, name=name, text=text)
    case: Case = opened(alice, send)
    cases.claim(alice.actor, case.pk)
    watched = open_page(user=alice.user)
    page = watched.goto(reverse("review:case", args=[case.pk]))
    reason = page.get_by_label("Reason", exact=True)
    page.get_by_label("Policy", exact=True).select_option(str(policy.pk))
    reason.focus()
    page.keyboard.type("Look: /seam and/or /nothing ")
    expect(reason).to_have_value("Look: A seam in photo.png, against Faces. and/or /nothing ")
    note = page.get_by_label("Note for the team")
    note.focus()
    page.get_by_text("Saved texts").click()
    page.get_by_label("Text", exact=True).select_option(label="/old: Old footage.")
    page.get_by_role("button", name="Insert").click()
    expect(note).to_have_value("Old footage.")
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    page.get_by_label("Manipulated", exact=True).check()
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Decided.")
    made = Decision.objects.get()
    assert made.note == "Old footage." and made.reason.startswith("Look: A seam in photo.png")
