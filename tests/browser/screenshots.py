"""Pictures of the main pages, light and dark, for people to look at: `make screenshots`.

Run by pytest for the sake of its fixtures; not collected by default, because it asserts nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse

from accounts.models import Team
from media_analysis.review.services import cases
from tests.browser import office as offices
from tests.browser.walked import a_case, a_film_of_three_shots, addresses, walk
from tests.browser.watched import Watched
from tests.factories import UserFactory
from tests.people import Person, Send

FOLDER = Path(__file__).resolve().parents[2] / ".touchstone" / "screenshots"
PAGES = {
    "login": "/accounts/login/",
    "password-reset": "/accounts/password/reset/",
    "signup-closed": "/accounts/signup/",
    "not-found": "/there/is/no/such/page",
    "styleguide": "/styleguide/",
}
OWN_PAGES = {
    "account-email": "/accounts/email/",
    "account-security": "/accounts/2fa/",
    "account-password": "/accounts/password/change/",
    "account-sessions": "/accounts/sessions/",
    "sign-out": "/accounts/logout/",
}
WIDTHS = {"": 1280, "-phone": 390}
PAPER = 688
"""What is printed on of an A4 page, in pixels."""

pytestmark = [pytest.mark.urls("tests.browser.urls"), pytest.mark.timeout(900)]


@pytest.fixture
def shoot(open_page: Callable[..., Watched]) -> Callable[..., None]:
    FOLDER.mkdir(parents=True, exist_ok=True)

    def shoot(name: str, path: str, *, paper: bool = False, **how: object) -> None:
        watched = open_page(**how)
        watched.excuse("the server responded with a status of")
        page = watched.goto(path)
        page.evaluate("document.querySelectorAll('img').forEach(i => (i.loading = 'eager'))")
        page.wait_for_load_state("networkidle")
        if paper:
            page.emulate_media(media="print")
        page.screenshot(path=FOLDER / f"{name}.png", full_page=True)

    return shoot


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("suffix", WIDTHS)
def test_pages_of_everybody(shoot: Callable[..., None], scheme: str, suffix: str) -> None:
    """Pages that need no account."""
    for name, path in PAGES.items():
        shoot(f"{name}-{scheme}{suffix}", path, scheme=scheme, width=WIDTHS[suffix])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("suffix", WIDTHS)
def test_pages_of_an_account(
    shoot: Callable[..., None], django_user_model: type, scheme: str, suffix: str
) -> None:
    """The pages of one's own account."""
    user = django_user_model.objects.create_user(  # type: ignore[attr-defined]
        email="ada@example.org", password="a long enough pass phrase"
    )
    for name, path in OWN_PAGES.items():
        shoot(f"{name}-{scheme}{suffix}", path, scheme=scheme, width=WIDTHS[suffix], user=user)


def test_pages_of_the_walk(shoot: Callable[..., None], alice: Person, tmp_path: Path) -> None:
    """From intake to decision, with every sample really analysed; the case is in her hands."""
    for name in ("submissions:history", "review:queue"):
        shoot(f"{name.partition(':')[2]}-empty-light", reverse(name), user=alice.user)
    walked = walk(alice)
    walked.analysed["three-shots.mp4"] = a_film_of_three_shots(alice, tmp_path)
    cases.claim(alice.actor, a_case(walked).pk)
    for name, path in addresses(walked).items():
        if name.startswith("result"):
            shoot(f"{name}-paper", path, user=alice.user, width=PAPER, paper=True)
        for suffix, width in WIDTHS.items():
            for scheme in ("light", "dark"):
                where = {"scheme": scheme, "width": width}
                shoot(f"{name}-{scheme}{suffix}", path, user=alice.user, **where)


def test_pages_of_the_office(
    shoot: Callable[..., None], team: Team, alice: Person, bob: Person, send: Send
) -> None:
    """What leads and admins see of a team at work."""
    office = offices.furnish(team, alice, bob, send)
    for name, path in offices.addresses(office).items():
        for suffix, width in WIDTHS.items():
            for scheme in ("light", "dark"):
                where = {"scheme": scheme, "width": width}
                shoot(f"{name}-{scheme}{suffix}", path, user=office.admin.user, **where)
    root = UserFactory(is_staff=True, is_superuser=True)
    for name, path in offices.administration().items():
        for scheme in ("light", "dark"):
            shoot(f"{name}-{scheme}", path, user=root, scheme=scheme)
