"""The bar at the top of every page: places that exist, and that this person may enter.

A place is shown when its URL name resolves, so that a part that is not installed leaves no dead
link, and when the person holds its permission in at least one team. Hiding a link protects
nothing: each view asks for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import lazy

from accounts.actors import Actor, actor_of
from accounts.roles import Permission


@dataclass(frozen=True)
class Place:
    label: str
    icon: str
    url_name: str
    may_enter: Callable[[Actor], bool]


@dataclass(frozen=True)
class Link:
    label: str
    icon: str
    url: str
    is_current: bool


def _in_some_team(permission: Permission) -> Callable[[Actor], bool]:
    return lambda actor: bool(actor.team_ids(permission))


def _runs_something(actor: Actor) -> bool:
    """Whoever runs the house makes the first team, when there is none to run yet."""
    return actor.is_site_admin or bool(actor.team_ids(Permission.MANAGE_MEMBERS))


PLACES = (
    Place("Submit", "upload", "submissions:submit", _in_some_team(Permission.SUBMIT_MEDIA)),
    Place("History", "history", "submissions:history", _in_some_team(Permission.VIEW_SUBMISSIONS)),
    Place("Review", "review", "review:queue", _in_some_team(Permission.VIEW_CASES)),
    Place("Dashboard", "dashboard", "dashboard:overview", _in_some_team(Permission.VIEW_DASHBOARD)),
    Place("Teams", "user", "teams:index", _runs_something),
    Place("Admin", "admin", "admin:index", lambda actor: actor.is_site_admin),
)


def links(request: HttpRequest) -> list[Link]:
    """What the bar shows this person on this page."""
    if not request.user.is_authenticated:
        return []
    actor = actor_of(request)
    open_to_them = [
        (place, url) for place in PLACES if (url := _address(place)) and place.may_enter(actor)
    ]
    room = request.resolver_match.namespace if request.resolver_match else None
    in_room = [url for place, url in open_to_them if place.url_name.split(":")[0] == room]
    here = _current(request.path, in_room)
    return [Link(p.label, p.icon, url, is_current=url == here) for p, url in open_to_them]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context processor; asks the database only when a template really draws the bar."""
    return {"nav_links": lazy(links, list)(request)}


def _address(place: Place) -> str | None:
    try:
        return reverse(place.url_name)
    except NoReverseMatch:
        return None


def _current(path: str, urls: Sequence[str]) -> str | None:
    """The place whose address is the longest beginning of this page's address."""
    return max((url for url in urls if path.startswith(url)), key=len, default=None)
