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
        submissions.copies_removed.append(erasing.copies_removed)
        submissions.keeps_media.append(erasing.being_made)
        submissions.needs_bytes.append(erasing.needs_bytes)
        on_record.keep()
