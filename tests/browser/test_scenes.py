"""A real analysis of a video with three shots: its scenes on the page, visible and for screen
readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from media_analysis.submissions.models import Submission
from tests.browser.screenshots import FOLDER
from tests.browser.walked import a_film_of_three_shots
from tests.browser.watched import Watched
from tests.people import Person

Open = Callable[..., Watched]


@pytest.fixture
def analysed(alice: Person, tmp_path: Path) -> Submission:
    return a_film_of_three_shots(alice, tmp_path)


def test_scenes_on_the_result_page(open_page: Open, alice: Person, analysed: Submission) -> None:
    """Light, dark and on a phone: a lane with two cuts, a table of words that the keyboard
    reaches, nothing that axe minds, nothing wider than the page."""
    path = reverse("submissions:detail", args=[analysed.pk])
    looks: dict[str, dict[str, Any]] = {
        "light": {},
        "dark": {"scheme": "dark"},
        "phone": {"width": 360},
        "dark-phone": {"scheme": "dark", "width": 360},
    }
    for name, how in looks.items():
        watched = open_page(user=alice.user, **how)
        page = watched.goto(path)
        assert page.locator(".lane .cut").count() == 2
        assert page.locator(".lane .speech").count() == 2
        assert page.locator(".lane .in-view").count() == 1
        if not page.locator("#timeline details[open]").count():
            page.locator("#timeline summary").click()
        table = page.get_by_role("region", name="What applies to which part")
        table.focus()
        assert table.evaluate("e => e === document.activeElement")
        text = table.inner_text()
        assert "Speech without a face in view: lip sync does not apply." in text
        assert "Face checks, voice, lip sync" in text
        assert watched.axe() == []
        assert watched.overflow() == []
        FOLDER.mkdir(parents=True, exist_ok=True)
        page.locator("section", has=page.locator("#timeline-heading")).screenshot(
            path=FOLDER / f"scenes-{name}.png"
        )
