"""The process that `parallel` starts. It imports Django's parts only after setting Django up."""

from __future__ import annotations

from typing import Any

from .ranges import Part, Range

_snapshot = ""


def begin(database: dict[str, Any], snapshot: str) -> None:
    global _snapshot
    import django

    django.setup()
    from django.db import connection

    connection.settings_dict.update(database)
    _snapshot = snapshot


def examine(task: tuple[Range, str]) -> Part | None:
    from django.db import connection, transaction

    from . import parallel

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET TRANSACTION SNAPSHOT %s", [_snapshot])
        return parallel.examine(task)
