from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "media_analysis.review"
    label = "review"
    verbose_name = _("Review")

    def ready(self) -> None:
        from media_analysis.review import erasing, on_record
        from media_analysis.review.presenters import appeals
        from media_analysis.review.services import golden, routing
        from media_analysis.submissions import hooks as submission_hooks
        from ml import hooks

        hooks.analysis_finished.append(routing.after_analysis)
        hooks.analysis_parked.append(routing.after_parking)
        submission_hooks.beside_result.append(appeals.beside_result)
        submission_hooks.erased_with.append(erasing.rows_of)
        submission_hooks.keeps_media.append(erasing.needed_here)
        submission_hooks.erasure_begins.append(golden.erase_copies)
        on_record.keep()
