"""axe on every page there is: addresses are asked, not listed, so that no new one is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from accounts.models import Role, Team, User
from accounts.services import invitations
from media_analysis.review.models import Case
from media_analysis.submissions.models import SavedFilter
from tests.backfill.analysed import planned
from tests.browser.office import Office, furnish
from tests.browser.watched import OF_COLOURS, Watched
from tests.factories import UserFactory
from tests.people import Person, Send
from tests.urls.office import arguments
from tests.urls.test_matrix import addresses

Open = Callable[..., Watched]
NO_PAGES = {
    # Answers for programs, and parts of pages
    "submissions:progress", "submissions:picture", "submissions:glimpse",
    "submissions:download", "submissions:credentials",
    "submissions:film", "reports:download", "reports:film",
    "reports:certificate", "api:submission-report",
    "reports:film_panel",
    "submissions:film_panel", "submissions:states", "api:submission-list",
    "api:submission-detail", "api:submission-cancel", "api:submission-media",
    "api:submission-thumbnail", "api:submission-hold", "api:submission-hold-lift", "api:hold-list",
    "api:submission-appeal", "api:submission-appeal-withdraw", "api:submission-events",
    "api:batch-events", "api:usage",
    "api:upload-list", "api:upload-detail", "api:direct-upload-list", "api:direct-upload-detail",
    "api:direct-upload-parts", "api:direct-upload-complete", "api:batch-list", "api:batch-detail",
    "api:webhook-list", "api:webhook-detail", "api:webhook-rotate",
    "api:webhook-test", "api:webhook-log", "api:webhook-deliver", "api:schema", "admin:jsi18n",
    "mfa_login_webauthn", "scripts_language",
}  # fmt: skip
WITH_SECRET = {
    # Behind a link in a letter, a second factor just shown, or a provider that is not there
    "account_confirm_email", "account_reset_password_from_key", "mfa_edit_webauthn",
    "mfa_remove_webauthn", "openid_connect_login", "openid_connect_callback",
    "accounts_session_end", "admin:view_on_site", "styleguide:trouble",
}  # fmt: skip


@pytest.fixture
def office(team: Team, alice: Person, bob: Person, send: Send) -> Office:
    return furnish(team, alice, bob, send)


@pytest.fixture
def known(office: Office, team: Team) -> dict[str, list[Any]]:
    """What the addresses with an argument name, by the address's name."""
    case = Case.objects.first()
    assert case is not None
    saved = SavedFilter.objects.create(owner=office.admin.user, name="mine", query="kind=image")
    invitation = invitations.invite(office.admin.actor, team, "gil@example.org", Role.VIEWER)
    found = arguments(team)
    found["submissions:delete_filter"] = [saved.pk]
    found["accounts_invitation"] = [invitation.link.rstrip("/").rpartition("/")[2]]
    found["dashboard:retry"] = [office.parked.pk]
    found["dashboard:retry_copy"] = [office.mute.pk]
    found["backfill:detail"] = found["backfill:switch"] = [planned().pk]
    found["admin:app_list"] = ["review"]
    found["review:take_out_golden"] = [1]
    for model in apps.get_models():
        pk = model._default_manager.values_list("pk", flat=True).first()
        for page in ("change", "history", "delete") if pk is not None else ():
            found[f"admin:{model._meta.label_lower.replace('.', '_')}_{page}"] = [pk]
    for name, _ in addresses(get_resolver()):
        if name.startswith(("review:", "reports:")):
            found.setdefault(name, [case.pk])
        if name.startswith("submissions:"):
            found.setdefault(name, [office.parked.pk])
    return found


class Structure(HTMLParser):
    """What axe could tell apart on a page: its tags with their attributes, and where text stands.
    Texts, ids and addresses are only known to be there or not."""

    ONLY_WHETHER = frozenset({"href", "id", "for", "name", "value", "title", "action", "content"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {
            name: bool(value) if name in self.ONLY_WHETHER else value for name, value in attrs
        }
        attributes = [(name, values[name]) for name in sorted(values)]
        self.parts.append(f"<{tag} {attributes}>")

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.parts.append("text")

    def __str__(self) -> str:
        return "".join(self.parts)


def pages(client: Client, known: dict[str, list[Any]]) -> Iterator[tuple[str, str, str]]:
    """Every address that shows this person a page: its name, itself, and what the page is built
    of."""
    seen = set()
    for name, _ in addresses(get_resolver()):
        if name in NO_PAGES | WITH_SECRET or not name.strip(":") or name == "admin:":
            continue
        if name.startswith("scim:"):  # for identity providers
            continue
        url = _address(name, known)
        if url is None or url in seen:
            continue
        seen.add(url)
        answer = client.get(url)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code == 200 and kind.startswith("text/html"):
            yield name, url, str(Structure(answer.content.decode()))


def _address(name: str, known: dict[str, list[Any]]) -> str | None:
    for args in ([], known.get(name, [])):
        try:
            return reverse(name, args=args)
        except NoReverseMatch:
            continue
    if name.startswith("admin:"):  # nothing of this kind is there
        return None
    raise AssertionError(f"{name}: say what its address names, or that it is no page")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("who", "at_least", "language"),
    [
        ("nobody", 5, "en"), ("admin", 30, "en"), ("site_admin", 30, "en"),
        ("nobody", 5, "de"), ("admin", 30, "de"), ("site_admin", 30, "de"),
    ],
)  # fmt: skip
def test_axe_finds_nothing_serious_anywhere(
    open_page: Open,
    office: Office,
    known: dict[str, list[Any]],
    who: str,
    at_least: int,
    language: str,
) -> None:
    """No serious or critical finding on any page that nobody, a team's admin or a site
    administrator can open, in each language; nor in dark colours, which change only contrast.

    German words change no colours, so colours are looked at in English. Of pages that differ in
    their texts and addresses alone, as many of the administration do, one is looked at."""
    user = {
        "nobody": None,
        "admin": office.admin.user,
        "site_admin": UserFactory(is_staff=True, is_superuser=True),
    }[who]
    if user is not None:
        User.objects.filter(pk=user.pk).update(language=language)
    client = Client() if user is None else Person(user, office.admin.team).client()
    watched = open_page(user=user, scheme="light", locale=f"{language}-{language.upper()}")
    watched.excuse("Applying inline style")  # axe itself does, to read stylesheets with @import
    found: dict[str, list[str]] = {}
    built: set[str] = set()
    for name, url, structure in pages(client, known):
        if name.startswith("admin:") and structure in built:
            continue
        built.add(structure)
        watched.goto(url)
        assert watched.page.locator("html").get_attribute("lang") == language, url
        in_english = language == "en"
        found[name] = watched.axe_in_both_colours() if in_english else watched.axe(but=OF_COLOURS)
    print(f"{who}: {len(found)} pages: {' '.join(found)}")
    assert len(found) >= at_least
    assert not any(found.values()), {
        name: violations for name, violations in found.items() if violations
    }
