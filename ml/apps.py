from django.apps import AppConfig


class MlConfig(AppConfig):
    name = "ml"
    label = "ml"
    verbose_name = "Detection engine"
