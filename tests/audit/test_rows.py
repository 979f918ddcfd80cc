"""Working rows changed behind the record's back: refused by the database, or seen and named.

Each change is tried as the application's own role, which a thief of the web server has, and as the
database's owner with every trigger switched off.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import DatabaseError, connection, transaction

from audit.checking import verify_database
from audit.reporting import Report
from ml.models import Analysis
from tests.audit.helpers import APP, triggers_off
from tests.audit.house import House, sql

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Change:
    name: str
    table: str
    """Whose row must be named."""
    row: Callable[[House], object]
    do: Callable[[House], None]


CHANGES: list[Change] = []


def change(table: str, row: Callable[[House], object]) -> Callable[..., Callable[[House], None]]:
    def add(do: Callable[[House], None]) -> Callable[[House], None]:
        CHANGES.append(Change(do.__name__, table, row, do))
        return do

    return add


ANALYSIS = ("ml_analysis", lambda h: h.submission.analysis_id)
SUBMISSION = ("submissions_submission", lambda h: h.submission.pk)
DECISION = ("review_decision", lambda h: h.decision.pk)
CASE = ("review_case", lambda h: h.case.pk)
REQUEST = ("submissions_deletionrequest", lambda h: h.request.pk)
KEY = ("accounts_apikey", lambda h: h.key.pk)
FORGED = uuid.UUID(int=0xF0F0)


@change(*ANALYSIS)
def finding_score(h: House) -> None:
    sql("UPDATE ml_findingrow SET score = 0 WHERE analysis_id = %s", h.submission.analysis_id)


@change(*ANALYSIS)
def outcome(h: House) -> None:
    sql(
        "UPDATE ml_analysis SET outcome = 'no_manipulation_found' WHERE id = %s",
        h.submission.analysis_id,
    )


@change(*ANALYSIS)
def result_with_its_digest(h: House) -> None:
    """Everything fits together again, as our own code computes it."""
    analysis = h.submission.analysis
    analysis.result["verdict"]["outcome"] = "no_manipulation_found"
    digest = analysis.digest_now()
    sql(
        "UPDATE ml_analysis SET outcome = 'no_manipulation_found', result_sha256 = %s, "
        "result = jsonb_set(result, '{verdict,outcome}', '\"no_manipulation_found\"') "
        "WHERE id = %s",
        digest, analysis.pk,
    )  # fmt: skip


@change(*DECISION)
def decision_altered(h: House) -> None:
    sql("UPDATE review_decision SET outcome = 'not_manipulated' WHERE id = %s", h.decision.pk)


@change(*DECISION)
def decision_deleted(h: House) -> None:
    sql("DELETE FROM review_decision WHERE id = %s", h.decision.pk)


@change(*DECISION)
def decision_note_altered(h: House) -> None:
    sql("UPDATE review_decision SET note = 'nothing to see' WHERE id = %s", h.decision.pk)


@change(*SUBMISSION)
def file_name(h: House) -> None:
    sql("UPDATE submissions_submission SET filename = 'party.png' WHERE id = %s", h.submission.pk)


@change(*SUBMISSION)
def media_pointer(h: House) -> None:
    sql(
        "UPDATE submissions_submission SET blob_id = %s WHERE id = %s",
        h.again.blob_id, h.submission.pk,
    )  # fmt: skip


@change(*SUBMISSION)
def team_of_a_submission(h: House) -> None:
    sql("UPDATE submissions_submission SET team_id = %s WHERE id = %s", h.other.pk, h.submission.pk)


@change("accounts_membership", lambda h: None)
def membership_inserted(h: House) -> None:
    sql(
        "INSERT INTO accounts_membership (team_id, user_id, role) VALUES (%s, %s, 'lead')",
        h.other.pk, h.alice.pk,
    )  # fmt: skip


@change("accounts_membership", lambda h: h.membership.pk)
def membership_role(h: House) -> None:
    sql("UPDATE accounts_membership SET role = 'lead' WHERE id = %s", h.membership.pk)


@change("accounts_membership", lambda h: None)
def membership_deleted(h: House) -> None:
    sql("DELETE FROM accounts_membership WHERE team_id = %s AND role = 'moderator'", h.team.pk)


@change("blobs_blob", lambda h: h.submission.blob_id)
def blob_size(h: House) -> None:
    sql("UPDATE blobs_blob SET size = size + 1 WHERE sha256 = %s", h.submission.blob_id)


@change(*REQUEST)
def deletion_request_deleted(h: House) -> None:
    sql("DELETE FROM submissions_deletionrequest WHERE id = %s", h.request.pk)


@change(*REQUEST)
def deletion_request_withdrawn(h: House) -> None:
    sql("UPDATE submissions_deletionrequest SET withdrawn_at = now() WHERE id = %s", h.request.pk)


def forge_an_analysis(h: House, state: str = "done") -> None:
    """A copy of the finished one, with another outcome."""
    sql(
        "CREATE TEMP TABLE forged ON COMMIT DROP AS SELECT * FROM ml_analysis WHERE id = %s",
        h.submission.analysis_id,
    )
    sql("UPDATE forged SET id = %s", FORGED)
    if state == "done":
        sql("UPDATE forged SET outcome = 'no_manipulation_found'")
    else:
        sql("UPDATE forged SET outcome = NULL, state = %s", state)
    own = ", ".join(
        f'"{field.column}"' for field in Analysis._meta.concrete_fields if not field.generated
    )
    sql(f"INSERT INTO ml_analysis ({own}) SELECT {own} FROM forged")


@change("ml_analysis", lambda h: FORGED)
def finished_analysis_inserted(h: House) -> None:
    forge_an_analysis(h)


@change("ml_analysis", lambda h: FORGED)
def finished_analysis_inserted_and_pointed_at(h: House) -> None:
    forge_an_analysis(h)
    sql("UPDATE submissions_submission SET analysis_id = %s WHERE id = %s",
        FORGED, h.submission.pk)  # fmt: skip


@change("submissions_submission", lambda h: h.again.pk)
def pointer_moved_back_to_an_earlier_analysis(h: House) -> None:
    sql("UPDATE submissions_submission SET analysis_id = %s WHERE id = %s",
        h.first.pk, h.again.pk)  # fmt: skip


# --- and more of our own ---


@change("review_policy", lambda h: h.policy.pk)
def policy_text(h: House) -> None:
    sql("UPDATE review_policy SET text = 'Fakes are fine.' WHERE id = %s", h.policy.pk)


@change("review_routingrule", lambda h: h.rule.pk)
def routing_rule(h: House) -> None:
    sql("UPDATE review_routingrule SET manipulation_found = false WHERE id = %s", h.rule.pk)


@change(*KEY)
def key_scopes(h: House) -> None:
    sql(
        "UPDATE accounts_apikey SET scopes = ARRAY['submissions:read', 'submissions:write'] "
        "WHERE id = %s",
        h.key.pk,
    )


@change(*KEY)
def key_secret(h: House) -> None:
    sql("UPDATE accounts_apikey SET key_sha256 = repeat('0', 64) WHERE id = %s", h.key.pk)


@change("accounts_user", lambda h: h.alice.pk)
def user_made_site_administrator(h: House) -> None:
    sql("UPDATE accounts_user SET is_superuser = true WHERE id = %s", h.alice.pk)


@change("accounts_user", lambda h: None)
def user_inserted(h: House) -> None:
    sql(
        "INSERT INTO accounts_user (id, email, name, password, is_active, is_staff, "
        "is_superuser, language) "
        "VALUES (gen_random_uuid(), 'mallory@example.org', '', '', true, true, true, '')"
    )


@change(*CASE)
def case_state(h: House) -> None:
    sql("UPDATE review_case SET state = 'open', decided_at = NULL WHERE id = %s", h.case.pk)


@change(*SUBMISSION)
def time_of_a_submission(h: House) -> None:
    sql(
        "UPDATE submissions_submission SET created_at = created_at - interval '1 year' "
        "WHERE id = %s",
        h.submission.pk,
    )


@change(*SUBMISSION)
def note_of_a_submission(h: House) -> None:
    sql("UPDATE submissions_submission SET note = 'mine' WHERE id = %s", h.submission.pk)


@change(*ANALYSIS)
def engine_version(h: House) -> None:
    sql("UPDATE ml_analysis SET engine_version = '9.9' WHERE id = %s", h.submission.analysis_id)


@change(*ANALYSIS)
def finding_added(h: House) -> None:
    sql(
        "INSERT INTO ml_findingrow (analysis_id, detector, version, status, reason, evidence, "
        "segments, parameters, counts, seconds) VALUES (%s, 'forged', '1', 'ran', 'clean', '[]', "
        "'[]', '{}', '{}', 0)",
        h.submission.analysis_id,
    )


@change(*ANALYSIS)
def picture_of_a_finding(h: House) -> None:
    sql(
        "UPDATE ml_thumbnail SET sha256 = repeat('0', 64) WHERE analysis_id = %s",
        h.submission.analysis_id,
    )


@change(*ANALYSIS)
def picture_of_a_finding_put_into_its_row(h: House) -> None:
    """As earlier versions kept it."""
    sql(
        "UPDATE ml_thumbnail SET png = 'x', sheet_id = NULL, \"offset\" = NULL, size = NULL, "
        "sha256 = NULL WHERE analysis_id = %s",
        h.submission.analysis_id,
    )


@change(*SUBMISSION)
def outcome_on_the_index_card(h: House) -> None:
    """The list of the history reads it there."""
    sql(
        "UPDATE submissions_indexcard SET outcome = 'no_manipulation_found' "
        "WHERE submission_id = %s",
        h.submission.pk,
    )


@change("ml_analysis", lambda h: FORGED)
def cancelled_analysis_inserted(h: House) -> None:
    forge_an_analysis(h, "cancelled")


@change("viewing_preview", lambda h: h.preview.pk)
def preview_pointer(h: House) -> None:
    sql("UPDATE viewing_preview SET film_id = %s WHERE id = %s", h.again.blob_id, h.preview.pk)


@change("accounts_team", lambda h: h.team.pk)
def team_name(h: House) -> None:
    sql("UPDATE accounts_team SET name = 'Nobody' WHERE id = %s", h.team.pk)


@change("accounts_serviceaccount", lambda h: h.service.pk)
def service_moved_to_another_team(h: House) -> None:
    sql("UPDATE accounts_serviceaccount SET team_id = %s WHERE id = %s", h.other.pk, h.service.pk)


@change("review_decision", lambda h: None)
def decision_inserted(h: House) -> None:
    sql(
        "INSERT INTO review_decision (id, team_id, case_id, fence, outcome, policy_text, reason, "
        "note, seconds_on_case) SELECT gen_random_uuid(), team_id, case_id, fence + 1, "
        "'not_manipulated', '', 'on second thoughts', '', 1 FROM review_decision"
    )


class Undo(Exception):
    pass


def named(report: Report, h: House, change: Change) -> None:
    assert not report.ok, f"{change.name} was not seen"
    first = report.first_bad_row
    assert first is not None, report.as_text()
    row = change.row(h)
    assert first.table == change.table, report.as_text()
    assert row is None or first.row == str(row), report.as_text()


def test_a_house_at_work_differs_nowhere(house: House) -> None:
    """What the product's verbs wrote is what their events say, row by row."""
    report = verify_database([], None)
    assert report.ok and not report.warnings, report.as_text()
    assert report.rows > 20


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.name)
def test_as_the_application_it_is_refused_or_seen(house: House, change: Change) -> None:
    try:
        with transaction.atomic():
            sql_quietly(f"SET LOCAL ROLE {APP}")
            change.do(house)
            sql_quietly("SET CONSTRAINTS ALL IMMEDIATE")
            sql_quietly("RESET ROLE")
            named(verify_database([], None), house, change)
            raise Undo
    except Undo:
        pass
    except DatabaseError as refused:
        cause = refused.__cause__
        assert getattr(cause, "sqlstate", "") in ("23514", "42501"), refused
    assert verify_database([], None).ok


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.name)
def test_with_the_triggers_off_it_is_seen(house: House, change: Change) -> None:
    with pytest.raises(Undo), transaction.atomic(), triggers_off():
        change.do(house)
        named(verify_database([], None), house, change)
        raise Undo
    assert verify_database([], None).ok


def sql_quietly(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
