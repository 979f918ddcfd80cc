from django.apps import AppConfig


class CareConfig(AppConfig):
    name = "media_analysis.care"
    label = "care"
    verbose_name = "Care for people"

    def ready(self) -> None:
        from accounts import hooks
        from media_analysis.care import erasing, on_record
        from media_analysis.care.services import exposure
        from media_analysis.submissions import hooks as submissions

        hooks.erased.append(exposure.forget)
        submissions.erased_with.append(erasing.rows_of)
        on_record.keep()
