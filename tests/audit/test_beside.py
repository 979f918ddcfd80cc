"""Other comparisons of rows with the record: the page, an export, the duties."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import checking
from audit.beside import last_about
from audit.checking import compare_all_rows, compare_new_rows, verify_database
from audit.keys import public_key_file
from audit.models import Comparison
from audit.rows import key
from audit.subjects import erase_subject
from audit.who import SYSTEM
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters.custody import custody
from media_analysis.submissions.services.intake import analyse_again
from ml.engine.contract import Outcome
from ml.models import Analysis
from tests.audit.helpers import triggers_off
from tests.audit.house import House, actor, analysed, sql
from tests.audit.test_command import PLATFORM
from tests.audit.test_rows import CHANGES, Change

pytestmark = pytest.mark.django_db
ON_THE_PAGE = {
    "ml_analysis", "submissions_submission", "review_decision", "review_case",
    "submissions_deletionrequest", "blobs_blob",
}  # fmt: skip


class Undo(Exception):
    pass


def test_the_page_of_a_whole_submission_says_so(house: House) -> None:
    for submission in (house.submission, house.again):
        history = custody(submission)
        assert history["intact"] and "rows that they describe match" in history["summary"]


@pytest.mark.parametrize(
    "change", [c for c in CHANGES if c.table in ON_THE_PAGE], ids=lambda c: c.name
)
def test_the_page_names_the_row_that_differs(house: House, change: Change) -> None:
    """With the triggers off, as somebody at the database would do it."""
    with pytest.raises(Undo), transaction.atomic(), triggers_off():
        change.do(house)
        histories = [custody(s) for s in Submission.objects.filter(pk__in=[house.submission.pk,
                                                                      house.again.pk])]  # fmt: skip
        bad = [one for one in histories if not one["intact"]]
        assert bad and any(change.table in one["summary"] for one in bad), histories
        raise Undo
    assert custody(house.submission)["intact"]


def test_the_page_asks_a_fixed_number_of_times(house: House) -> None:
    """With one analysis as often as with six."""
    counts = []
    with pytest.raises(Undo), transaction.atomic():
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                assert custody(house.again)["intact"]
            counts.append(len(queries))
            for _ in range(4):
                analysed(analyse_again(actor(house.alice), house.again), Outcome.INCONCLUSIVE)
        raise Undo
    assert counts[0] == counts[1] <= 24, counts  # one for each kind of row, and a few


def test_an_event_about_a_row_is_found_by_the_index(house: House) -> None:
    """However many events there are: no reading of all of them."""
    [event] = last_about([key("ml_analysis", house.submission.analysis_id)])
    assert event.verb == "analysis.finished"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM audit_event WHERE audit_rows(payload) && ARRAY['a'] "
            "AND position('\"rows\":'::bytea in payload) > 0"
        )
        assert "audit_event_rows" in str(cursor.fetchall())


def exported(tmp_path: Path) -> Path:
    export = tmp_path / "record.jsonl.gz"
    call_command("audit", "export", str(export), stdout=StringIO())
    return export


def alone(export: Path) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "audit.verifying", str(export), "--json",
         "--public-key", str(public_key_file())],
        env={"PYTHONPATH": str(PLATFORM)}, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


NAMES = ("finding_score", "decision_deleted", "file_name", "finished_analysis_inserted",
         "membership_role")  # fmt: skip


@pytest.mark.parametrize("change", [c for c in CHANGES if c.name in NAMES], ids=lambda c: c.name)
def test_an_export_carries_the_rows_and_a_stranger_compares(
    house: House, tmp_path: Path, change: Change
) -> None:
    """Exit status 1, table and row named, without Django or a database."""
    with pytest.raises(Undo), transaction.atomic(), triggers_off():
        change.do(house)
        status, report = alone(exported(tmp_path))
        assert status == 1
        first = report["first_bad_row"]
        assert first["table"] == change.table and first["row"] == str(change.row(house))
        raise Undo


def test_an_export_of_a_house_at_work_is_whole_and_names_nobody(
    house: House, tmp_path: Path
) -> None:
    import gzip

    export = exported(tmp_path)
    status, report = alone(export)
    assert status == 0 and report["rows"] > 20, report
    export_bytes = gzip.decompress(export.read_bytes())
    for words in (b"protest.png", b"from a reader", b"two lights", b"asked by the family"):
        assert words not in export_bytes


def test_words_of_an_erased_subject_are_compared_no_more(house: House) -> None:
    """Their key is gone, and an event says so; without that event it is a finding."""
    with pytest.raises(Undo), transaction.atomic():
        erase_subject(house.submission.pk, who=SYSTEM, why="test", chain=house.submission.pk)
        assert verify_database([], None).ok
        raise Undo
    with pytest.raises(Undo), transaction.atomic():
        sql("DELETE FROM audit_subjectnote WHERE subject_id = %s", house.submission.pk)
        sql("DELETE FROM audit_subject WHERE id = %s", house.submission.pk)
        first = verify_database([], None).first_bad_row
        assert first and first.table == "submissions_submission" and "filename" in first.what
        raise Undo


def test_all_rows_are_compared_once_a_day(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """What is found is kept and logged; a second worker does not do it again."""
    with pytest.raises(Undo), transaction.atomic(), triggers_off():
        sql("UPDATE review_decision SET outcome = 'unclear' WHERE id = %s", house.decision.pk)
        report = compare_all_rows()
        assert report and not report.ok
        assert str(house.decision.pk) in Comparison.objects.get().said
        assert "do not agree" in caplog.text
        assert compare_all_rows() is None
        raise Undo


def test_new_rows_are_compared_in_between(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that this transaction wrote, whether or not an event speaks of them."""
    monkeypatch.setattr(checking, "_horizon", None)
    assert compare_new_rows() is None and not Comparison.objects.exists()
    assert compare_new_rows() is None  # all rows of the house are as new as this test
    kept = Comparison.objects.get()
    assert kept.ok and kept.rows > 20
    with pytest.raises(Undo), transaction.atomic(), triggers_off():
        sql("UPDATE ml_findingrow SET score = 0")
        found = compare_new_rows()
        assert found and found.table == "ml_analysis" and "result" in found.what
        raise Undo


def test_rows_from_before_the_upgrade_are_adopted_once(house: House) -> None:
    """They are a finding until somebody adopts them, and it is told that they were adopted."""
    with pytest.raises(Undo), transaction.atomic(), triggers_off():
        sql("INSERT INTO accounts_team (id, name) VALUES (gen_random_uuid(), 'Old')")
        assert not verify_database([], None).ok
        out = StringIO()
        call_command("audit", "adopt", stdout=out)
        assert out.getvalue().startswith("1 rows")
        report = verify_database([], None)
        assert report.ok and "1 rows were adopted" in report.as_text()
        with pytest.raises(CommandError, match="before"):
            call_command("audit", "adopt")
        raise Undo


def test_an_analysis_that_waits_again_is_on_record(house: House) -> None:
    """Every move of a job that verification could trip over: parked, tried again, cancelled."""
    from audit.who import SHELL
    from jobs.services import claim_one, park
    from ml import services

    with pytest.raises(Undo), transaction.atomic():
        again = analyse_again(actor(house.alice), house.submission)
        claim = claim_one(Analysis, again.analysis_id, worker="w1")
        assert claim is not None
        park(claim, "poison", "it broke")
        assert verify_database([], None).ok
        assert services.retry_parked(again.analysis_id, SHELL)
        assert verify_database([], None).ok
        services.cancel(again.analysis_id, SHELL)
        assert verify_database([], None).ok
        assert custody(again)["intact"]
        raise Undo


def test_every_verb_leaves_rows_that_verify(house: House) -> None:
    """Each verb that changes a row on record says so in its event; after each, nothing differs."""
    from accounts.actors import SHELL_ACTOR
    from accounts.models import ApiKey, Membership, Role, Scope
    from accounts.services import invitations, keys, people, proofs, teams
    from blobs import scrubbing
    from blobs.models import Blob
    from media_analysis.review.services import cases, rules
    from media_analysis.submissions.services import deletion
    from tests.audit.house import person
    from tests.factories import PASSWORD

    alice, team = actor(house.alice), house.team
    bob = Membership.objects.get(team=team, role=Role.MODERATOR).user
    carol = person("carol@example.org")
    made: dict[str, object] = {}

    def again_claimed() -> None:
        cases.reopen(alice, house.case.pk, why="once more")
        teams.add_member(alice, team, bob, Role.MODERATOR)  # not who decided it before
        made["case"] = cases.claim(actor(bob), house.case.pk)

    def joined() -> None:
        invitation = invitations.invite(alice, team, "dora@example.org", Role.VIEWER)
        invitations.accept_as_new_person(
            invitation.link.rstrip("/").rsplit("/", 1)[1], name="Dora", password=PASSWORD
        )

    def damaged() -> None:
        blob = Blob.objects.get(pk=house.submission.blob_id)
        scrubbing._mark(blob, "missing", SYSTEM)
        scrubbing._mark(blob, "", SYSTEM)

    def spare_policy() -> None:
        policy = rules.write_policy(alice, team, "Spare", "")
        rules.edit_policy(alice, policy, "Spare wheel", "text")
        rules.delete_policy(alice, policy)

    verbs = [
        lambda: teams.rename_team(alice, team, "Newsdesk"),
        lambda: teams.add_member(SHELL_ACTOR, team, carol, Role.VIEWER),
        lambda: teams.change_role(alice, team, bob, Role.VIEWER),
        lambda: teams.remove_member(alice, team, bob),
        joined,
        lambda: proofs.take_address_over("dora@example.org", name="Dora"),
        lambda: people.deactivate(SHELL_ACTOR, carol),
        lambda: people.reactivate(SHELL_ACTOR, carol),
        lambda: people.create_admin("carol@example.org"),
        lambda: people.create_admin("carol@example.org", reset=True),
        lambda: people.erase(SHELL_ACTOR, carol),
        lambda: keys.revoke_key(alice, house.key),
        lambda: keys.replace_key(
            alice,
            keys.issue_key(alice, house.service, "two", [Scope.SUBMISSIONS_READ]).key,
            overlap=timedelta(days=1),
        ),
        lambda: keys.key_behind(  # its use is noted, and is nothing for the record
            keys.issue_key(alice, house.service, "three", [Scope.SUBMISSIONS_READ]).secret,
            ip=None,
        ),
        lambda: keys.disable_service_account(alice, house.service),
        lambda: rules.work_in_order(alice, team, "newest"),
        lambda: rules.retire_policy(alice, house.policy),
        lambda: rules.restore_policy(alice, house.policy),
        spare_policy,
        again_claimed,
        lambda: cases.renew(actor(bob), house.case.pk, made["case"].fence),  # type: ignore[attr-defined]
        lambda: cases.release(actor(bob), house.case.pk, made["case"].fence),  # type: ignore[attr-defined]
        lambda: deletion.withdraw(alice, house.again),
        lambda: deletion.ask(alice, house.again, "once more"),
        lambda: deletion.answer(alice, house.again, "declined", "still needed"),
        damaged,
    ]
    with pytest.raises(Undo), transaction.atomic():
        for verb in verbs:
            verb()
            report = verify_database([], None)
            assert report.ok, report.as_text()
        assert not ApiKey.objects.filter(revoked_at__isnull=True).exists()
        raise Undo
