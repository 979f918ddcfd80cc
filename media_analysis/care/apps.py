from django.apps import AppConfig


class CareConfig(AppConfig):
    name = "media_analysis.care"
    label = "care"
    verbose_name = "Care for people"

    def ready(self) -> None:
        from accounts import hooks
        from media_analysis.care import on_record
        from media_analysis.care.services import exposure

        hooks.erased.append(exposure.forget)
        on_record.keep()
