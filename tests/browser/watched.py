"""Watches a page for console errors and for requests to other servers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
HOME = ("localhost", "127.0.0.1", "::1")
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""Axe's slowest rules: they draw what lies behind each text."""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Watched:
    """Wraps a playwright page. `complaints` must be empty when a test ends."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.complaints: list[str] = []
        self.excused: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.on("requestfailed", self._failed)
        # Listened to, not routed: a route would send every request through this process and turn
        # the browser's cache off. That nothing outside is reached, `chromium.py` sees to.
        page.context.on("request", self._at_home)

    def goto(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def loaded(self) -> None:
        """Waits for style sheets. After a click a page can be read before it has its layout."""
        self.page.wait_for_load_state()

    def excuse(self, part: str) -> None:
        """A complaint that the test provokes on purpose (the browser logs every 4xx answer)."""
        self.excused.append(part)

    def unexcused(self) -> list[str]:
        return [c for c in self.complaints if not any(part in c for part in self.excused)]

    def axe(
        self, *, minor_too: bool = False, rules: Sequence[str] = (), but: Sequence[str] = ()
    ) -> list[str]:
        """What axe-core finds serious or critical on the page as it stands, one line each; by
        some rules, or by all of the usual standards but some."""
        self.loaded()
        if self.page.evaluate("typeof axe") == "undefined":  # half a megabyte: once a page
            self.page.evaluate(AXE)
        result: dict[str, Any] = self.page.evaluate(
            # Without `preload` axe reads no stylesheets of its own: our policy would refuse it.
            "([only, rules]) => axe.run(document,"
            " {runOnly: only, rules, resultTypes: ['violations'], preload: false})",
            [
                {"type": "rule", "values": list(rules)} if rules else _TAGS,
                {rule: {"enabled": False} for rule in but},
            ],
        )
        return [
            f"{v['impact']} {v['id']}: {node['target']} {node.get('failureSummary', '')}"
            for v in result["violations"]
            if minor_too or v["impact"] in ("serious", "critical")
            for node in v["nodes"]
        ]

    def axe_in_both_colours(self) -> list[str]:
        """The same of an open page in light, then only its contrast in dark: colours are all that
        changes. Costs half of what two visits do."""
        self._coloured("light")
        found = self.axe()
        self._coloured("dark")
        found += self.axe(rules=OF_COLOURS)
        self._coloured("light")
        return found

    def _coloured(self, scheme: Literal["light", "dark"]) -> None:
        """Once whatever fades from one colour to the other has arrived."""
        self.page.emulate_media(color_scheme=scheme)
        self.page.evaluate(
            "() => Promise.allSettled(document.getAnimations()"
            ".filter(one => one instanceof CSSTransition).map(fade => fade.finished))"
        )

    def overflow(self) -> list[str]:
        """What makes the page scroll sideways; scrolling boxes of their own are fine."""
        self.loaded()
        found: list[str] = self.page.evaluate(
            """() => {
              const wide = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= wide) return [];
              return [...document.querySelectorAll('body *')]
                .filter(e => e.getBoundingClientRect().right > wide + 1
                          && !e.closest('.table-scroll, pre, svg'))
                .map(e => e.tagName + '.' + e.className);
            }"""
        )
        return found

    def _at_home(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in HOME:
            self.complaints.append(f"left home: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} {message.location}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a page that is left aborts what it still loads
            self.complaints.append(f"failed: {request.url} {request.failure}")
