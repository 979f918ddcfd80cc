"""The bar at the top of every page. Each app registers its own items in its `navigation.py`.

An item is shown when its URL name resolves, so that an app that is not installed leaves no dead
link, and when the person may enter. Hiding a link protects nothing: each view checks for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor, actor_of
from accounts.roles import Permission


@dataclass(frozen=True)
class NavItem:
    label: Any
    """Lazily translated."""
    icon: str
    url_name: str
    may_enter: Callable[[Actor], bool]
    order: int
    """The position in the bar; lower comes first."""


@dataclass(frozen=True)
class Link:
    label: str
    icon: str
    url: str
    is_current: bool


_items: dict[str, NavItem] = {}


def register(item: NavItem) -> None:
    """Called while the app's `navigation` module is imported; twice changes nothing."""
    _items[item.url_name] = item


def in_some_team(permission: Permission) -> Callable[[Actor], bool]:
    return lambda actor: bool(actor.team_ids(permission))


def links(request: HttpRequest) -> list[Link]:
    """What the bar shows this person on this page."""
    if not request.user.is_authenticated:
        return []
    actor = actor_of(request)
    items = sorted(_items.values(), key=lambda item: item.order)
    open_to_them = [
        (item, url) for item in items if (url := _address(item)) and item.may_enter(actor)
    ]
    room = request.resolver_match.namespace if request.resolver_match else None
    in_room = [url for item, url in open_to_them if item.url_name.split(":")[0] == room]
    here = _current(request.path, in_room)
    return [Link(str(i.label), i.icon, url, is_current=url == here) for i, url in open_to_them]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context processor; asks the database only when a template really draws the bar."""
    return {"nav_links": lazy(links, list)(request)}


def _address(item: NavItem) -> str | None:
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        return None


def _current(path: str, urls: Sequence[str]) -> str | None:
    """The item whose address is the longest beginning of this page's address."""
    return max((url for url in urls if path.startswith(url)), key=len, default=None)


register(NavItem(_("Admin"), "admin", "admin:index", lambda actor: actor.is_site_admin, 60))
