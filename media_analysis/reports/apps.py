from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "media_analysis.reports"
    label = "reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from media_analysis.reports import on_record

        on_record.keep()
