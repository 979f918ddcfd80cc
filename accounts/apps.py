from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"
    verbose_name = "People and teams"

    def ready(self) -> None:
        from accounts import (
            on_record,
            receivers,  # noqa: F401 - importing connects them
        )

        on_record.keep()
