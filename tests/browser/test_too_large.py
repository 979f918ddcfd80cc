"""A file above the limit is refused before it is sent."""

from __future__ import annotations

from collections.abc import Callable

from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import FilePayload, expect

from tests.browser.watched import Watched
from tests.people import Person, picture

Open = Callable[..., Watched]


def test_a_file_above_the_limit_is_not_sent(open_page: Open, alice: Person) -> None:
    """Its row says the limit at once; a smaller file next to it arrives."""
    with override_settings(MAX_UPLOAD_BYTES=2_000_000):
        page = open_page(user=alice.user).goto(reverse("submissions:submit"))
        sent: list[str] = []
        page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
        page.locator("input[type=file]").set_input_files(
            [
                FilePayload(name="long.mp4", mimeType="video/mp4", buffer=b"x" * 2_000_001),
                FilePayload(name="small.png", mimeType="image/png", buffer=picture()),
            ]
        )
        page.get_by_role("button", name="Submit", exact=True).click()
        expect(page.get_by_role("row", name="long.mp4")).to_contain_text("the limit of 2 MB")
        expect(page.get_by_role("row", name="small.png")).to_contain_text("Received")
        expect(page.locator("[data-counts]")).to_contain_text("1 did not arrive")
        assert len(sent) == 1
