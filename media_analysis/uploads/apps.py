from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "media_analysis.uploads"
    label = "uploads"
    verbose_name = "Uploads"

    def ready(self) -> None:
        from media_analysis.submissions import hooks as submissions
        from media_analysis.uploads import erasing

        submissions.erased_with.append(erasing.rows_of)
