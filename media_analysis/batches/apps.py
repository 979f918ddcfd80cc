from django.apps import AppConfig


class BatchesConfig(AppConfig):
    name = "media_analysis.batches"
    label = "batches"
    verbose_name = "Batches"

    def ready(self) -> None:
        from jobs import registry
        from media_analysis.batches import erasing, on_record
        from media_analysis.batches.models import BatchItem
        from media_analysis.batches.services import completing, fetching
        from media_analysis.submissions import hooks as submissions
        from ml import hooks as ml

        registry.register(
            BatchItem, fetching.run, moved=completing.after_move, courier=True, background=True
        )
        ml.analysis_finished.append(completing.after_analysis)
        ml.analysis_parked.append(completing.after_analysis)
        ml.analysis_cancelled.append(completing.after_analysis)
        submissions.erased_with.append(erasing.rows_of)
        submissions.text_removed.append(erasing.remove_text)
        on_record.keep()
