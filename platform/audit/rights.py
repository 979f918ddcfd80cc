"""Sets what the application's role may do with the record: read it, and write through one function.

Applied after each migration to every role with any right to these tables, whatever its name. A role
that gets rights later, or by `GRANT ALL`, is corrected by the next `migrate`; `manage.py doctor`
reports it before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection

READ, ADD = "SELECT", "SELECT, INSERT"
TABLES = {
    "audit_event": READ,
    "audit_chainhead": READ,
    "audit_leaf": ADD,
    "audit_checkpoint": ADD,
    "audit_comparison": ADD,
    "audit_erasurepermit": READ,
}
_ALL = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
_NEVER = {table: _ALL if rights == READ else _ALL[1:] for table, rights in TABLES.items()}
FUNCTIONS = ("audit_append(uuid, bytea)", "audit_erase(uuid, bytea)")
# Roles that may write to a table of ours, but for the owner and the server's administrators.
_ROLES = """
    SELECT DISTINCT r.rolname FROM pg_class c, aclexplode(c.relacl) a, pg_roles r
    WHERE c.oid = ANY(%s::regclass[]) AND a.grantee = r.oid AND a.grantee <> c.relowner
        AND NOT r.rolsuper
"""
_OWN = """
    SELECT pg_has_role(current_user, c.relowner, 'USAGE')
    FROM pg_class c WHERE c.oid = to_regclass('audit_event')
"""


def apply(**_: Any) -> None:
    """After each migration, as the owner. Says nothing where another role migrates."""
    with connection.cursor() as cursor:
        if not _scalar(cursor, _OWN):
            return
        # A restored backup has no privileges in it, and PostgreSQL lets everybody call a function.
        for function in FUNCTIONS:
            if _scalar(cursor, "SELECT to_regprocedure(%s) IS NOT NULL", function):
                cursor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        for role in roles(cursor):
            _restrict(cursor, role)


def roles(cursor: Any) -> list[str]:
    """The roles of applications: those with rights to our tables that own none of them."""
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [[*TABLES][-1]])
    if not cursor.fetchone()[0]:
        return []  # half way through the migrations
    cursor.execute(_ROLES, [[*TABLES]])
    return [role for (role,) in cursor.fetchall()]


def _restrict(cursor: Any, role: str) -> None:
    name = connection.ops.quote_name(role)
    for table, rights in TABLES.items():
        cursor.execute(f"REVOKE ALL ON {table} FROM {name}")
        cursor.execute(f"GRANT {rights} ON {table} TO {name}")
    cursor.execute(f"REVOKE ALL ON SEQUENCE audit_event_id_seq FROM {name}")
    # pg_dump reads where a sequence stands; nothing can be drawn from it by that.
    cursor.execute(f"GRANT SELECT ON SEQUENCE audit_event_id_seq TO {name}")
    for function in FUNCTIONS:
        cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {name}")


def problems() -> list[str]:
    """What the role in use could do to the record; empty when it can do what it should."""
    with connection.cursor() as cursor:
        role = _scalar(cursor, "SELECT current_user")
        if _scalar(cursor, _OWN):
            return [
                f"The role {role} owns the tables, so it could switch the record's triggers off. "
                "Give web and workers a role of their own (docs/operating.md, Two database roles)."
            ]
        sentences = [
            f"The role {role} may {right} on {table}. Run `manage.py migrate` as the owner: it "
            "takes this right away."
            for table, right in _never()
            if _scalar(cursor, "SELECT has_table_privilege(%s, %s)", table, right)
        ]
        sentences += [
            f"The role {role} may not call {function}: nothing can be "
            f"{'erased' if 'erase' in function else 'recorded'}. Run `manage.py migrate` as the "
            "owner."
            for function in FUNCTIONS
            if not _scalar(cursor, "SELECT has_function_privilege(%s, 'EXECUTE')", function)
        ]
    return sentences


def _never() -> Iterable[tuple[str, str]]:
    return ((table, right) for table, rights in _NEVER.items() for right in rights)


def _scalar(cursor: Any, statement: str, *parameters: Any) -> Any:
    cursor.execute(statement, parameters or None)
    return cursor.fetchone()[0]
