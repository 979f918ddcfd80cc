from django.apps import AppConfig


class LabConfig(AppConfig):
    """It has no models; it brings the commands that train, compare and release."""

    name = "lab"
    label = "lab"
    verbose_name = "Laboratory"
