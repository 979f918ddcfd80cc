from django.apps import AppConfig


class ViewingConfig(AppConfig):
    name = "media_analysis.viewing"
    label = "viewing"
    verbose_name = "Copies to look at"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from jobs import bell, registry
        from media_analysis.viewing import on_record, services
        from media_analysis.viewing.models import Preview
        from ml import hooks

        registry.register(
            Preview, services.run, wake=bell.ring, moved=services.moved, background=True
        )
        hooks.analysis_finished.append(services.after_analysis)
        post_delete.connect(services.forget_film, sender=Preview, dispatch_uid="forget_film")
        on_record.keep()
