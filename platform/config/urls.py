"""Every address of the product, in one place."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

# One login: the administration sends people to the same page, with its lock-out and second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# What the scripts of pages say, in the language of the page; cached by its address.
scripts_language = cache_control(private=True, max_age=3600)(
    JavaScriptCatalog.as_view(packages=["accounts"])
)

handler500 = "media_analysis.partners.failures.server_error"

urlpatterns = [
    path("scripts-language.js", scripts_language, name="scripts_language"),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/scim/v2/", include("media_analysis.partners.scim.urls")),
    path("api/v1/", include("media_analysis.partners.urls")),
    path("backfills/", include("media_analysis.backfill.urls")),
    path("care/", include("media_analysis.care.urls")),
    path("dashboard/", include("media_analysis.dashboard.urls")),
    path("reports/", include("media_analysis.reports.urls")),
    path("review/", include("media_analysis.review.urls")),
    path("teams/", include("media_analysis.teams.urls")),
    path("", include("media_analysis.submissions.urls")),
]

if settings.DEBUG:
    urlpatterns += [path("styleguide/", include("config.styleguide.urls"))]
