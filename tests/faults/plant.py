"""A side effect in the finishing transaction, with no unique key to hide a second one."""

from __future__ import annotations

from django.apps import AppConfig


def note(analysis, result) -> None:  # type: ignore[no-untyped-def]
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO faults_effect VALUES (%s, %s)", [analysis.pk, analysis.fence])


class PlantConfig(AppConfig):
    name = "tests.faults"
    label = "faults"

    def ready(self) -> None:
        from ml import hooks

        hooks.analysis_finished.append(note)
