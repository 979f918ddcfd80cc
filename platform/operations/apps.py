from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"
    label = "operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        from django.conf import settings

        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            from operations import tracing

            tracing.start()
