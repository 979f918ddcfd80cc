from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "media_analysis.reports"
    label = "reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from audit import fingerprints
        from media_analysis.reports import keys, on_record

        fingerprints.KEYS["report"] = keys.REPORT
        on_record.keep()
