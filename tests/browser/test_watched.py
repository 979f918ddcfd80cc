"""The watcher that all browser tests lean on."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.watched import Watched


def test_a_page_that_asks_elsewhere_is_told_of_and_gets_nothing(browser: Browser) -> None:
    """By name or by number: the request is a complaint, and no connection is made."""
    context = browser.new_context()
    watched = Watched(context.new_page(), "")
    for place in ("http://elsewhere.example/a.png", "http://192.0.2.7/b.png"):
        watched.page.set_content(f'<img src="{place}" onerror="document.title = 1">')
        watched.page.wait_for_function("document.title === '1'")
        assert f"left home: {place}" in watched.unexcused()
        assert any("net::ERR_NAME_NOT_RESOLVED" in c for c in watched.unexcused() if place in c)
        watched.page.set_content("<title>0</title>")
    context.close()
