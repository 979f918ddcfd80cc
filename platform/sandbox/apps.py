from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "sandbox"
    label = "sandbox"
    verbose_name = "Sandbox"

    def ready(self) -> None:
        from django.conf import settings
        from django.core.checks import Tags, register

        from sandbox import services
        from sandbox.checks import check_before_serving, check_the_wall

        services.REQUIRE_WALLS = settings.REQUIRE_SANDBOX
        register(check_the_wall, Tags.security, deploy=True)
        register(check_before_serving, Tags.security)
