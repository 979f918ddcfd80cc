from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "audit"
    label = "audit"
    verbose_name = "Audit record"

    def ready(self) -> None:
        from . import guards

        post_migrate.connect(guards.shut_side_door, sender=self, dispatch_uid="shut_side_door")
