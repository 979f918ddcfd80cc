"""Every address of the product, in one place."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

# One login: the administration sends people to the same page, with its lock-out and second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("media_analysis.partners.urls")),
    path("dashboard/", include("media_analysis.dashboard.urls")),
    path("reports/", include("media_analysis.reports.urls")),
    path("review/", include("media_analysis.review.urls")),
    path("teams/", include("media_analysis.teams.urls")),
    path("", include("media_analysis.submissions.urls")),
]

if settings.DEBUG:
    urlpatterns += [path("styleguide/", include("config.styleguide.urls"))]
