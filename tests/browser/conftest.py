"""A real Chromium against a live server: no mocks, nothing from outside this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.browser.chromium import find_or_install, launched
from tests.browser.watched import Watched
from tests.people import *  # noqa: F403 - the people are fixtures

Open = Callable[..., Watched]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            if not item.get_closest_marker("main_path"):
                item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_or_install()
    if executable is None:
        pytest.skip("No Chromium was found and none could be installed; set CHROMIUM to its path.")
    with launched(executable) as browser:
        yield browser


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    """`open_page(scheme="dark", width=320)` gives a watched page in a browser of its own.

    At the end the test fails if any of its pages logged an error, threw, or left this machine.
    """
    opened: list[Watched] = []

    def open_it(
        *,
        scheme: str = "light",
        width: int = 1280,
        height: int = 800,
        user: Any = None,
        **more: Any,
    ) -> Watched:
        context = browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            viewport={"width": width, "height": height},
            **more,
        )
        if user is not None:
            context.add_cookies([session_cookie(user, live_server.url)])
        watched = Watched(context.new_page(), live_server.url)
        opened.append(watched)
        return watched

    yield open_it
    complaints = [c for watched in opened for c in watched.unexcused()]
    for watched in opened:
        watched.page.context.close()
    assert complaints == []


def session_cookie(user: Any, url: str) -> Any:
    """Signed in without the form: most tests are not about signing in."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }
