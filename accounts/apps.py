from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"
    verbose_name = "People and teams"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from accounts import (
            on_record,
            receivers,  # noqa: F401 - importing connects them
        )

        on_record.keep()
        autodiscover_modules("navigation")
