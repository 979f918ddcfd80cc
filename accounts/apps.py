from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"
    verbose_name = "People and teams"

    def ready(self) -> None:
        from accounts import receivers  # noqa: F401 - importing connects them
