from django.apps import AppConfig
from django.db.models.signals import post_migrate


class JobsConfig(AppConfig):
    name = "jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        from jobs import bell_rights

        post_migrate.connect(bell_rights.apply, sender=self, dispatch_uid="bell_rights")
