from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "media_analysis.submissions"
    label = "submissions"
    verbose_name = "Submissions"

    def ready(self) -> None:
        from media_analysis.submissions import on_record

        on_record.keep()
