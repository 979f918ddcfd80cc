from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "media_analysis.uploads"
    label = "uploads"
    verbose_name = "Uploads"

    def ready(self) -> None:
        from jobs import registry
        from media_analysis.submissions import hooks as submissions
        from media_analysis.uploads import erasing
        from media_analysis.uploads.models import DirectUpload
        from media_analysis.uploads.services import receiving

        registry.register(DirectUpload, receiving.run, courier=True, background=True)
        submissions.erased_with.append(erasing.rows_of)
        submissions.text_removed.append(erasing.remove_text)
