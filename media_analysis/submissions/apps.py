from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "media_analysis.submissions"
    label = "submissions"
    verbose_name = "Submissions"
