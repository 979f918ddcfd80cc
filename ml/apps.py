from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MlConfig(AppConfig):
    name = "ml"
    label = "ml"
    verbose_name = _("Detection engine")

    def ready(self) -> None:
        from django.core.checks import register

        from blobs import place
        from jobs import bell, claiming, registry
        from ml import checks, on_record, services
        from ml.engine.contract import Kind
        from ml.models import MEDIA_KINDS, Analysis

        registry.register(
            Analysis, services.run, wake=bell.ring, moved=services.moved,
            kinds=MEDIA_KINDS, long_kinds=(Kind.VIDEO.value,),
        )  # fmt: skip
        claiming.register_probe("store_unavailable", place.probe)
        on_record.keep()
        register(checks.plugins_are_whole)
