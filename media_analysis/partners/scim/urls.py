from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path, re_path

from media_analysis.partners.scim import discovery, views


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    """Identity providers leave the trailing slash out; a redirect would lose the body."""
    return [path(f"{route}/", view, name=name), path(route, view, name=name)]


app_name = "scim"
urlpatterns = [
    *both("Users", views.Users.as_view(), "users"),
    *both("Users/.search", views.UserSearch.as_view(), "user-search"),
    *both("Groups/.search", views.GroupSearch.as_view(), "group-search"),
    *both(".search", views.Search.as_view(), "search"),
    *both("Users/<uuid:pk>", views.User.as_view(), "user"),
    *both("Groups", views.Groups.as_view(), "groups"),
    *both("Groups/<uuid:pk>", views.Group.as_view(), "group"),
    *both("ServiceProviderConfig", discovery.Config.as_view(), "config"),
    *both("ResourceTypes", discovery.ResourceTypes.as_view(), "resource-types"),
    *both("ResourceTypes/<str:key>", discovery.ResourceTypes.as_view(), "resource-type"),
    *both("Schemas", discovery.Schemas.as_view(), "schemas"),
    *both("Schemas/<str:key>", discovery.Schemas.as_view(), "schema"),
    path("", views.Root.as_view(), name="root"),
    re_path(r"^[\s\S]*$", views.Root.as_view(), name="nothing-here"),
]
