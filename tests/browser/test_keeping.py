"""Holds, retention and erasure in a browser: the pages pass axe, and the steps work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse

from media_analysis.submissions.models import RetentionRule
from media_analysis.submissions.services import deletion, erasing, holds
from tests.browser.watched import Watched
from tests.people import Person, Send

Open = Callable[..., Watched]
FOLDER = os.environ.get("SCREENSHOTS", "")
"""Where pictures of the pages go, if anywhere."""


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_holds_retention_and_erasure_from_page_to_page(
    open_page: Open, admin: Person, lead: Person, send: Send, scheme: str, width: int
) -> None:
    held, going, gone = (send(lead, n, name=f"protest-{n}.png") for n in range(3))
    for one in (going, gone):
        deletion.ask(lead.actor, one, "a child is shown")
    watched = open_page(user=admin.user, scheme=scheme, width=width)
    watched.excuse("the server responded with a status of")  # 410 for what was erased
    watched.excuse("Applying inline style")  # axe itself does

    def seen(name: str) -> None:
        assert watched.axe() == [] and watched.overflow() == [], name
        if FOLDER:
            path = Path(FOLDER) / f"{name}-{scheme}-{width}.png"
            watched.page.screenshot(path=path, full_page=True)

    page = watched.goto(reverse("submissions:detail", args=[held.pk]))
    page.get_by_text("Place legal hold").first.click()
    seen("hold-form")
    page.get_by_label("Reason for the hold").fill("needed in court")
    page.get_by_role("button", name="Place legal hold").click()
    page.get_by_text("This submission is under a legal hold", exact=True).wait_for()
    seen("held")
    page = watched.goto(reverse("submissions:detail", args=[going.pk]))
    page.get_by_label("Reason for your answer").fill("the parents agree")
    seen("answer")
    page.get_by_role("button", name="Accept request").click()
    page.get_by_text("The submission is erased on").wait_for()
    seen("accepted")
    deletion.answer(admin.actor, gone, "accepted", "the parents agree")
    assert erasing.run_due() == 2
    page = watched.goto(reverse("submissions:detail", args=[gone.pk]))
    page.get_by_text("Proof of erasure").wait_for()
    seen("erased")
    watched.goto(reverse("submissions:deletions"))
    seen("deletions")
    page = watched.goto(reverse("teams:retention", args=[admin.team.pk]))
    seen("retention")
    page.get_by_label("Images: days until erasure").fill("30")
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("0 submissions would be erased").wait_for()
    seen("preview")
    page.get_by_role("button", name="Save rules").click()
    page.get_by_text("The retention rules apply from now on.").wait_for()
    assert RetentionRule.objects.get().days == 30
    assert holds.in_force(held)
