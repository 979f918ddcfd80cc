"""Which Chromium the browser tests drive, and how it is started: headless, and kept at home."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from playwright.sync_api import Browser, sync_playwright

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
_INSTALL = "apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core"


@cache
def find_or_install() -> str | None:
    """The program's path; installed with apt where that is possible, else None."""
    if path := _find():
        return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for command in ("apt-get update -qq", _INSTALL):
            subprocess.run(command.split(), check=False, stdin=subprocess.DEVNULL)
    return _find()


def _find() -> str | None:
    chosen = os.environ.get("CHROMIUM")
    return next((p for n in ([chosen] if chosen else _NAMES) if (p := shutil.which(n))), None)


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
