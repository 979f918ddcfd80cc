"""Which Chromium the browser tests drive, and how it is started: headless, and kept at home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.browser import programs

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever a page asks for elsewhere is not found; the tests also say that it asked.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_or_install() -> str | None:
    return programs.find_or_install("CHROMIUM", _NAMES, "chromium")


@contextmanager
def launched(executable: str) -> Iterator[Browser]:
    # Playwright's sync API runs an event loop in this thread, and Django refuses the database
    # to a thread with a running loop unless told that this is meant.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, headless=True, args=FLAGS, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()
