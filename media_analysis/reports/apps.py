from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "media_analysis.reports"
    label = "reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from audit import fingerprints
        from jobs import bell, registry
        from media_analysis.reports import erasing, keys, on_record
        from media_analysis.reports.models import EvidenceFilm
        from media_analysis.reports.services import films
        from media_analysis.submissions import hooks as submissions

        fingerprints.KEYS["report"] = keys.REPORT
        registry.register(
            EvidenceFilm, films.run, wake=bell.ring, moved=films.moved, background=True
        )
        submissions.erased_with.append(erasing.rows_of)
        submissions.blobs_erased_with.append(erasing.blobs_of)
        on_record.keep()
