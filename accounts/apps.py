from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"
    verbose_name = _("People and teams")

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from accounts import (
            on_record,
            receivers,  # noqa: F401 - importing connects them
        )

        on_record.keep()
        autodiscover_modules("navigation")
