from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "media_analysis.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from jobs import registry
        from media_analysis.batches import hooks as batches
        from media_analysis.review import hooks as review
        from media_analysis.submissions import hooks as submissions
        from media_analysis.webhooks import erasing, on_record
        from media_analysis.webhooks.models import Delivery
        from media_analysis.webhooks.services import delivering, emitting
        from ml import hooks as ml

        registry.register(Delivery, delivering.run, courier=True)
        ml.analysis_finished.append(emitting.after_analysis)
        ml.analysis_parked.append(emitting.after_parking)
        ml.analysis_cancelled.append(emitting.after_cancelling)
        review.decided.append(emitting.after_decision)
        review.reopened.append(emitting.after_reopening)
        review.appeal_changed.append(emitting.after_appeal)
        submissions.deletion_changed.append(emitting.after_deletion_request)
        batches.completed.append(emitting.after_batch)
        submissions.quota_noticed.append(emitting.after_quota)
        submissions.erased_with.append(erasing.rows_of)
        submissions.text_removed.append(erasing.remove_text)
        on_record.keep()
