from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path, re_path

from media_analysis.partners import docs
from media_analysis.partners.api import Submissions
from media_analysis.partners.appeals import Appeals
from media_analysis.partners.batches import Batches
from media_analysis.partners.direct import DirectUploads
from media_analysis.partners.docs import reference
from media_analysis.partners.holds import Holds
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.media import Media
from media_analysis.partners.not_found import NothingHere
from media_analysis.partners.reports import Reports
from media_analysis.partners.uploads import Uploads
from media_analysis.partners.usage import Usage
from media_analysis.partners.webhooks import Webhooks


class Schema(TellsItsLimits, docs.Schema):
    authentication_classes = []
    permission_classes = []


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    """With and without its trailing slash: a redirect would lose the body of a POST. The one with
    the slash comes last, so it is the address that answers name."""
    return [path(route, view, name=name), path(f"{route}/", view, name=name)]


app_name = "api"
urlpatterns = [
    *both("submissions", Submissions.as_view({"get": "list", "post": "create"}), "submission-list"),
    *both(
        "submissions/<uuid:pk>",
        Submissions.as_view({"get": "retrieve", "delete": "destroy"}),
        "submission-detail",
    ),
    *both(
        "submissions/<uuid:pk>/cancel", Submissions.as_view({"post": "cancel"}), "submission-cancel"
    ),
    *both(
        "submissions/<uuid:pk>/events", Submissions.as_view({"get": "events"}), "submission-events"
    ),
    *both("submissions/<uuid:pk>/media", Media.as_view({"get": "media"}), "submission-media"),
    *both(
        "submissions/<uuid:pk>/thumbnails/<slug:name>",
        Media.as_view({"get": "thumbnail"}),
        "submission-thumbnail",
    ),
    *both(
        "submissions/<uuid:pk>/reports/<uuid:report>/<str:name>",
        Reports.as_view({"get": "download"}),
        "submission-report",
    ),
    *both("submissions/<uuid:pk>/hold", Holds.as_view({"post": "place"}), "submission-hold"),
    *both(
        "submissions/<uuid:pk>/hold/lift", Holds.as_view({"post": "lift"}), "submission-hold-lift"
    ),
    *both("submissions/<uuid:pk>/appeal", Appeals.as_view({"post": "make"}), "submission-appeal"),
    *both(
        "submissions/<uuid:pk>/appeal/withdraw",
        Appeals.as_view({"post": "withdraw"}),
        "submission-appeal-withdraw",
    ),
    *both("holds", Holds.as_view({"get": "list"}), "hold-list"),
    *both("uploads", Uploads.as_view({"post": "create"}), "upload-list"),
    *both(
        "uploads/<uuid:pk>",
        Uploads.as_view({"head": "head", "patch": "partial_update", "delete": "destroy"}),
        "upload-detail",
    ),
    *both("uploads/direct", DirectUploads.as_view({"post": "create"}), "direct-upload-list"),
    *both(
        "uploads/direct/<uuid:pk>",
        DirectUploads.as_view({"get": "retrieve", "delete": "destroy"}),
        "direct-upload-detail",
    ),
    *both(
        "uploads/direct/<uuid:pk>/parts",
        DirectUploads.as_view({"post": "parts"}),
        "direct-upload-parts",
    ),
    *both(
        "uploads/direct/<uuid:pk>/complete",
        DirectUploads.as_view({"post": "complete"}),
        "direct-upload-complete",
    ),
    *both("batches", Batches.as_view({"post": "create"}), "batch-list"),
    *both("batches/<uuid:pk>", Batches.as_view({"get": "retrieve"}), "batch-detail"),
    *both("batches/<uuid:pk>/events", Batches.as_view({"get": "events"}), "batch-events"),
    *both("webhooks", Webhooks.as_view({"get": "list", "post": "create"}), "webhook-list"),
    *both(
        "webhooks/<uuid:pk>",
        Webhooks.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        "webhook-detail",
    ),
    *both("webhooks/<uuid:pk>/rotate", Webhooks.as_view({"post": "rotate"}), "webhook-rotate"),
    *both("webhooks/<uuid:pk>/test", Webhooks.as_view({"post": "test"}), "webhook-test"),
    *both("webhooks/<uuid:pk>/deliveries", Webhooks.as_view({"get": "log"}), "webhook-log"),
    *both("webhooks/<uuid:pk>/deliver", Webhooks.as_view({"post": "deliver"}), "webhook-deliver"),
    *both("usage", Usage.as_view({"get": "retrieve"}), "usage"),
    *both("schema", Schema.as_view(), "schema"),
    *both("docs", reference, "docs"),
    re_path(r"^[\s\S]*$", NothingHere.as_view(), name="nothing-here"),
]
