from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ViewingConfig(AppConfig):
    name = "media_analysis.previews"
    label = "viewing"
    verbose_name = _("Playback copies")

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from jobs import bell, registry
        from media_analysis.previews import on_record
        from media_analysis.previews.models import Preview
        from media_analysis.previews.services import copies
        from ml import hooks

        registry.register(Preview, copies.run, wake=bell.ring, moved=copies.moved, background=True)
        hooks.analysis_finished.append(copies.after_analysis)
        post_delete.connect(copies.forget_film, sender=Preview, dispatch_uid="forget_film")
        on_record.keep()
