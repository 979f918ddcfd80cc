from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "media_analysis.uploads"
    label = "uploads"
    verbose_name = "Uploads"
