"""The guards themselves: none can be passed by, switched off or replaced unnoticed."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, connection, transaction

from audit import guards
from audit.checking import verify_database
from tests.audit.house import House

pytestmark = pytest.mark.django_db


class Undo(Exception):
    pass


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_guards_are_those_that_this_code_knows() -> None:
    """After a migration that changes one: `manage.py audit guards` writes the file anew."""
    assert guards.found()[0] == json.loads(guards.KNOWN.read_text())
    assert guards.faults() == []


SIDE_DOORS = (
    "SET LOCAL pgtrigger.ignore = '{%s}'",
    "SET LOCAL touchstone.erasing = 'on'",
)


@pytest.mark.parametrize("door", SIDE_DOORS)
def test_no_setting_of_a_session_passes_a_guard(house: House, door: str) -> None:
    """Anybody may set a setting; django-pgtrigger would let its triggers be ignored by one."""
    names = [name.split(".")[1] for name in json.loads(guards.KNOWN.read_text())["triggers"]]
    with pytest.raises(DatabaseError, match="final"), transaction.atomic():
        sql(door % ",".join(names) if "%s" in door else door)
        sql("UPDATE review_decision SET outcome = 'unclear'")


HARMLESS = {
    "audit_refuse": "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql "
    "AS $$ BEGIN RETURN NEW; END $$",
    "audit_may_erase": "CREATE OR REPLACE FUNCTION audit_may_erase(in_table text, in_row text) "
    "RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT true $$",
    "audit_head_moves_forward": "CREATE OR REPLACE FUNCTION audit_head_moves_forward() "
    "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "submissions_file_card": "CREATE OR REPLACE FUNCTION submissions_file_card(wanted uuid) "
    "RETURNS void LANGUAGE sql AS $$ SELECT $$",
}
CHANGES = {
    **{f"the body of {name}": (name, body) for name, body in HARMLESS.items()},
    "the body of audit_append": (
        "audit_append",
        """DO $$ BEGIN EXECUTE replace(
            pg_get_functiondef('audit_append(uuid,bytea)'::regprocedure),
            'clock_timestamp()', 'now()'); END $$""",
    ),
    "its rights": ("audit_append", "ALTER FUNCTION audit_append(uuid, bytea) SECURITY INVOKER"),
    "a trigger switched off": (
        "audit_event.audit_event_keeps_rows is switched off",
        "ALTER TABLE audit_event DISABLE TRIGGER audit_event_keeps_rows",
    ),
    "a trigger dropped": (
        "audit_leaf.audit_leaf_keeps_all is missing",
        "DROP TRIGGER audit_leaf_keeps_all ON audit_leaf",
    ),
    "a trigger that asks another function": (
        "audit_event.audit_event_keeps_rows was replaced",
        """DROP TRIGGER audit_event_keeps_rows ON audit_event;
        CREATE TRIGGER audit_event_keeps_rows BEFORE UPDATE OR DELETE ON audit_event
        FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()""",
    ),
    "a trigger that fires for less": (
        "audit_event.audit_event_keeps_rows was replaced",
        """DROP TRIGGER audit_event_keeps_rows ON audit_event;
        CREATE TRIGGER audit_event_keeps_rows BEFORE DELETE ON audit_event
        FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    ),
    "a trigger of their own": (
        "review_decision.mine is not known",
        "CREATE TRIGGER mine BEFORE INSERT ON review_decision "
        "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ),
    "a guard of a working row switched off": (
        "review_decision.pgtrigger_decision_is_final",
        "ALTER TABLE review_decision DISABLE TRIGGER USER",
    ),
    "a rule": (
        "table audit_leaf has a rule",
        "CREATE RULE gone AS ON INSERT TO audit_leaf DO ALSO NOTHING",
    ),
    "a row policy": (
        "table audit_event has a row policy",
        "ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY",
    ),
}


@pytest.mark.parametrize(("named", "change"), CHANGES.values(), ids=CHANGES.keys())
def test_a_guard_that_was_changed_is_named(house: House, named: str, change: str) -> None:
    """By its whole definition, not by its name."""
    with pytest.raises(Undo), transaction.atomic():
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql(change)
        report = verify_database([], None)
        assert not report.ok and named in report.as_text(), report.as_text()
        raise Undo
    assert verify_database([], None).ok
