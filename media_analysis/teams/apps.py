from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """It has no models; it brings the pages that run a team."""

    name = "media_analysis.teams"
    label = "teams"
    verbose_name = "Teams"
