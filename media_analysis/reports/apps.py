from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "media_analysis.reports"
    label = "reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from audit import fingerprints
        from media_analysis.reports import erasing, keys, on_record
        from media_analysis.submissions import hooks as submissions

        fingerprints.KEYS["report"] = keys.REPORT
        submissions.erased_with.append(erasing.rows_of)
        on_record.keep()
