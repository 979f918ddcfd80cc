from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "media_analysis.partners"
    label = "partners"
    verbose_name = "Partners"

    def ready(self) -> None:
        from media_analysis.partners import schema  # noqa: F401 - registers itself
