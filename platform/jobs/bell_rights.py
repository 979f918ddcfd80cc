"""Grants every role of an application the right to send and receive wake-ups, whatever its name."""

from __future__ import annotations

from typing import Any

from django.db import connection

from audit.rights import roles
from jobs.queues import QUEUES

_OWN = """
    SELECT pg_has_role(current_user, n.nspowner, 'USAGE') FROM pg_namespace n
    WHERE n.nspname = 'pgmq'
"""
_GRANTS = """
    GRANT USAGE ON SCHEMA pgmq TO {role};
    GRANT SELECT ON ALL TABLES IN SCHEMA pgmq TO {role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON {tables}, pgmq.notify_insert_throttle TO {role};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA pgmq TO {role};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgmq TO {role};
"""


def apply(**_: Any) -> None:
    """After each migration, as the owner."""
    with connection.cursor() as cursor:
        cursor.execute(_OWN)
        if cursor.fetchone() != (True,):
            return
        tables = ", ".join(f"pgmq.q_{queue}, pgmq.a_{queue}" for queue in QUEUES)
        for role in roles(cursor):
            name = connection.ops.quote_name(role)
            cursor.execute(_GRANTS.format(role=name, tables=tables))
