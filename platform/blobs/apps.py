from django.apps import AppConfig


class BlobsConfig(AppConfig):
    name = "blobs"
    label = "blobs"
    verbose_name = "Media store"

    def ready(self) -> None:
        from . import on_record

        on_record.keep()
