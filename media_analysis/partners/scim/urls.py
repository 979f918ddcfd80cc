from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt


@cache
def _view(module: str, name: str) -> Callable[..., HttpResponse]:
    found: Any = getattr(import_module(f"media_analysis.partners.scim.{module}"), name)
    view: Callable[..., HttpResponse] = found.as_view()
    return view


def lazy(module: str, name: str) -> Callable[..., HttpResponse]:
    """The view, imported with its first request. The library of SCIM takes seconds to import, and
    every command and most web processes answer no SCIM."""

    @csrf_exempt  # like every view of REST; a key authenticates, not a cookie
    def view(request: HttpRequest, **named: Any) -> HttpResponse:
        return _view(module, name)(request, **named)

    return view


def both(route: str, module: str, view: str, name: str) -> list[URLPattern]:
    """Identity providers leave the trailing slash out; a redirect would lose the body."""
    found = lazy(module, view)
    return [path(f"{route}/", found, name=name), path(route, found, name=name)]


app_name = "scim"
urlpatterns = [
    *both("Users", "views", "Users", "users"),
    *both("Users/.search", "views", "UserSearch", "user-search"),
    *both("Groups/.search", "views", "GroupSearch", "group-search"),
    *both(".search", "views", "Search", "search"),
    *both("Users/<uuid:pk>", "views", "User", "user"),
    *both("Groups", "views", "Groups", "groups"),
    *both("Groups/<uuid:pk>", "views", "Group", "group"),
    *both("ServiceProviderConfig", "discovery", "Config", "config"),
    *both("ResourceTypes", "discovery", "ResourceTypes", "resource-types"),
    *both("ResourceTypes/<str:key>", "discovery", "ResourceTypes", "resource-type"),
    *both("Schemas", "discovery", "Schemas", "schemas"),
    *both("Schemas/<str:key>", "discovery", "Schemas", "schema"),
    path("", lazy("views", "Root"), name="root"),
    re_path(r"^[\s\S]*$", lazy("views", "Root"), name="nothing-here"),
]
