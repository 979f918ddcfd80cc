"""Compares the triggers in the database with those that this code defines.

A trigger with the right name may do nothing if the body of its function was replaced. So the whole
definition of each trigger and of its function is compared by SHA-256 with `guards.json`. After a
migration that changes one, write the file again with `manage.py audit guards`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from django.db import connection

from . import rows

KNOWN = Path(__file__).with_name("guards.json")
TABLES = (
    *("audit_event", "audit_leaf", "audit_checkpoint", "audit_chainhead", "audit_comparison"),
    "audit_erasurepermit",
)
FUNCTIONS = ("audit_append", "audit_rows", "audit_may_erase", "audit_erase")
"""With those of the triggers, and with all that they call."""

_TRIGGERS = """
    SELECT c.relname, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid), p.proname
    FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND c.oid = ANY(%s::regclass[]::oid[])
"""
_FUNCTIONS = """
    SELECT p.proname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        pg_get_functiondef(p.oid)
    FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind = 'f' AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
"""
_NOBODY_PASSES = """
    CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$ SELECT false $$
"""
_TABLES = """
    SELECT name, c.relkind, c.relrowsecurity OR c.relforcerowsecurity,
        EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid)
    FROM unnest(%s::text[]) AS name LEFT JOIN pg_class c ON c.oid = to_regclass(name)
"""


def tables() -> list[str]:
    return sorted({*TABLES, *(name for one in rows.tables() for name in (one.table, *one.parts))})


def found() -> tuple[dict[str, dict[str, str]], list[str]]:
    """The guards as they stand, and those triggers that are switched off."""
    triggers: dict[str, str] = {}
    off, called = [], set(FUNCTIONS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(name) FROM unnest(%s::text[]) AS name "
                       "WHERE to_regclass(name) IS NOT NULL", [tables()])  # fmt: skip
        cursor.execute(_TRIGGERS, [cursor.fetchone()[0]])
        for table, name, enabled, definition, function in cursor.fetchall():
            triggers[f"{table}.{name}"] = _sha256(definition)
            called.add(function)
            if enabled not in ("O", "A"):
                off.append(f"{table}.{name}")
        cursor.execute(_FUNCTIONS)
        functions = _reached(called, cursor.fetchall())
    return {"triggers": triggers, "functions": functions}, sorted(off)


def _reached(called: set[str], defined: list[tuple[str, str, str]]) -> dict[str, str]:
    """The functions of these names, those that they name, and so on, with their digests."""
    reached: dict[str, str] = {}
    while new := [one for one in defined if one[0] in called and one[1] not in reached]:
        for _, signature, definition in new:
            reached[signature] = _sha256(definition)
            words = set(re.findall(r"\w+", definition))
            called |= {name for name, _, _ in defined if name in words}
    return reached


def shut_side_door(**_: object) -> None:
    """After each migration. django-pgtrigger lets whoever sets `pgtrigger.ignore` in their session
    pass its triggers, and any role may set a setting. We never use it, so nobody may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('_pgtrigger_should_ignore')")
        if cursor.fetchone()[0]:
            cursor.execute(_NOBODY_PASSES)


def faults() -> list[str]:
    """A sentence for each guard that is not what this code knows."""
    known: dict[str, dict[str, str]] = json.loads(KNOWN.read_text())
    now, off = found()
    sentences = [f"the trigger {name} is switched off" for name in off]
    for kind, word in (("triggers", "trigger"), ("functions", "function")):
        sentences += _differing(word, known[kind], now[kind])
    return [*sentences, *_tables_that_lie()]


def write() -> None:
    now, _ = found()
    KNOWN.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")


def _differing(word: str, known: dict[str, str], now: dict[str, str]) -> Iterable[str]:
    for name in sorted(known.keys() | now.keys()):
        if name not in now:
            yield f"the {word} {name} is missing"
        elif name not in known:
            yield f"the {word} {name} is not known to this code"
        elif known[name] != now[name]:
            yield f"the {word} {name} was replaced: it is not what this code knows"


def _tables_that_lie() -> Iterable[str]:
    """A view in a table's place, a rule or a row policy would hide or divert what is written."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [tables()])
        for name, kind, policies, rules in cursor.fetchall():
            if kind != "r":
                yield f"the table {name} is missing or no plain table"
            elif policies or rules:
                yield f"the table {name} has a {'rule' if rules else 'row policy'}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
