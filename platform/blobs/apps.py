from django.apps import AppConfig


class BlobsConfig(AppConfig):
    name = "blobs"
    label = "blobs"
    verbose_name = "Media store"
