"""How the tables are emptied after a test that commits.

Django truncates every table, and then lets every app answer as if it had just been migrated, which
writes all content types and permissions anew. Of the two hundred tables a test fills a few. So only
those are emptied, and what migrations made stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations

KEPT = {"django_content_type", "auth_permission"}
"""Written by migrations alone."""


def statements(
    operations: DatabaseOperations, style: Any, tables: list[str], **_: bool
) -> list[str]:
    """One statement that empties what holds rows; none, where nothing does.

    The triggers of the audit record refuse to empty its tables, and they are right to. So the
    statement alone, on the superuser connection that only tests have, runs as a replica, for which
    ordinary triggers stay quiet. SET LOCAL ends with the transaction of this very flush: inside a
    test every trigger stands.
    """
    quoted = {name: operations.quote_name(name) for name in tables if name not in KEPT}
    with operations.connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT FROM {table})"
                for name, table in quoted.items()
            )
        )
        filled = [quoted[name] for (name,) in cursor.fetchall()]
    if not filled:
        return []
    emptied = "; ".join(f"DELETE FROM {table}" for table in filled)
    return [f"SET LOCAL session_replication_role = replica; {emptied}"]


@contextmanager
def only_what_is_filled() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", statements)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
        yield
