from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    label = "audit"
    verbose_name = _("Audit record")

    def ready(self) -> None:
        from . import guards, rights

        post_migrate.connect(guards.shut_side_door, sender=self, dispatch_uid="shut_side_door")
        post_migrate.connect(rights.apply, sender=self, dispatch_uid="audit_rights")
