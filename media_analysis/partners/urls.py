from django.urls import path, re_path

from media_analysis.partners.api import Submissions
from media_analysis.partners.astray import NothingHere
from media_analysis.partners.docs import Schema, reference

app_name = "api"
urlpatterns = [
    path(
        "submissions/",
        Submissions.as_view({"get": "list", "post": "create"}),
        name="submission-list",
    ),
    path(
        "submissions/<uuid:pk>/",
        Submissions.as_view({"get": "retrieve", "delete": "destroy"}),
        name="submission-detail",
    ),
    path(
        "submissions/<uuid:pk>/cancel/",
        Submissions.as_view({"post": "cancel"}),
        name="submission-cancel",
    ),
    path(
        "schema/",
        Schema.as_view(authentication_classes=[], permission_classes=[]),
        name="schema",
    ),
    path("docs/", reference, name="docs"),
    # With its slash only, so that an address that lacks one is still sent on to where it is right.
    re_path(r"^[\s\S]*/$", NothingHere.as_view(), name="nothing-here"),
]
