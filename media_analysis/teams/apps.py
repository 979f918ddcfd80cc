from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """It has no models; it brings the pages that run a team."""

    name = "media_analysis.teams"
    label = "teams"
    verbose_name = "Teams"

    def ready(self) -> None:
        from media_analysis.teams import admin_pages

        admin_pages.register()
