"""Final rows can be deleted only with an event that names them, in the same transaction."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from audit import erasing
from audit.checking import verify_database
from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.review.models import Decision
from tests.audit.helpers import APP
from tests.audit.house import House
from tests.audit.test_rows import Undo


def as_application(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {APP}")
        cursor.execute(statement, parameters)
        cursor.execute("RESET ROLE")


def permitted(house: House, rows: list[erasing.Gone]) -> None:
    erasing.permit(
        chain=house.submission.pk, who=SYSTEM, object_sha256=house.submission.blob_id,
        why="test", rows=rows, parts=[], data={},
    )  # fmt: skip


def test_the_application_may_delete_what_its_event_names_and_nothing_else(house: House) -> None:
    other = "DELETE FROM review_case WHERE id = %s"
    with pytest.raises(Undo), transaction.atomic():
        with pytest.raises(DatabaseError), transaction.atomic():
            as_application("DELETE FROM review_decision WHERE id = %s", house.decision.pk)
        permitted(house, [(Decision, [house.decision.pk])])
        as_application("DELETE FROM review_decision WHERE id = %s", house.decision.pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            as_application(other, house.case.pk)
        raise Undo


def test_what_the_event_names_as_gone_and_is_there_is_a_finding(house: House) -> None:
    with pytest.raises(Undo), transaction.atomic():
        permitted(house, [(Decision, [house.decision.pk])])
        first = verify_database([], None).first_bad_row
        assert first and first.row == str(house.decision.pk) and "is gone" in first.what
        raise Undo


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_erasurepermit (xid, row) VALUES (pg_current_xact_id(), 'x')",
        "UPDATE audit_erasurepermit SET row = 'x'",
        "DELETE FROM audit_erasurepermit",
        "TRUNCATE audit_erasurepermit",
    ],
)
def test_nobody_writes_a_permit_by_hand(house: House, statement: str) -> None:
    with pytest.raises(Undo), transaction.atomic():
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            as_application(statement)
        raise Undo


def test_a_temporary_table_of_that_name_permits_nothing(house: House) -> None:
    with pytest.raises(Undo), transaction.atomic():
        with pytest.raises(DatabaseError, match="final"), transaction.atomic():
            as_application(
                "CREATE TEMP TABLE audit_erasurepermit (id bigint, xid xid8, row text);"
                "INSERT INTO pg_temp.audit_erasurepermit SELECT 1, pg_current_xact_id(), "
                f"'review_decision:{house.decision.pk}';"
                f"DELETE FROM review_decision WHERE id = '{house.decision.pk}'"
            )
        raise Undo


def test_the_door_takes_no_other_verb_and_no_other_chain(house: House) -> None:
    other_verb = {
        "verb": Verb.CASE_REOPENED,
        "object": {"id": str(house.submission.pk)},
        "rows": {},
    }
    wrong_chain = {"verb": Verb.SUBMISSION_DELETED, "object": {"id": "x"}, "rows": {}}
    with pytest.raises(Undo), transaction.atomic():
        for content in (other_verb, wrong_chain):
            with pytest.raises(DatabaseError, match="only the erasure"), transaction.atomic():
                as_application(
                    "SELECT audit_erase(%s, %s)", house.submission.pk,
                    json.dumps(content).encode(),
                )  # fmt: skip
        raise Undo


@pytest.mark.parametrize("taken", ["part", "row", "foreign"])
def test_a_part_takes_no_row_but_pictures_findings_and_words(house: House, taken: str) -> None:
    """Nor the analysis of another submission."""
    decision = f"review_decision:{house.decision.pk}"
    parts = {"part": [decision], "foreign": [f"ml_analysis:{house.first.pk}"]}
    content = {
        "verb": Verb.SUBMISSION_PART_DELETED,
        "object": {"id": str(house.submission.pk)},
        "rows": {decision: None} if taken == "row" else {},
        "data": {"parts": parts.get(taken, [])},
    }
    with pytest.raises(Undo), transaction.atomic():
        with pytest.raises(DatabaseError, match="no other row"), transaction.atomic():
            as_application(
                "SELECT audit_erase(%s, %s)", house.submission.pk, json.dumps(content).encode()
            )
        raise Undo


def test_a_permit_ends_with_its_transaction(house: House) -> None:
    """A permit of another transaction is worth nothing."""
    with pytest.raises(Undo), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audit_erasurepermit (xid, row) VALUES ('3'::xid8, %s)",
                [f"review_decision:{house.decision.pk}"],
            )
        with pytest.raises(DatabaseError), transaction.atomic():
            as_application("DELETE FROM review_decision WHERE id = %s", house.decision.pk)
        raise Undo
