"""Erasing one submission: what goes, what others keep, what waits, and how it goes on."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import ForeignKey
from django.db.utils import DatabaseError
from django.urls import reverse
from django.utils import timezone

import blobs.services
from accounts.models import Membership, Role
from audit.beside import beside
from audit.models import Event
from audit.verbs import Verb
from audit.who import SHELL
from blobs import vault
from blobs.models import Blob
from media_analysis.review.models import Case, Decision, DecisionText, DoubleReview
from media_analysis.review.services import cases, known_bytes, routing
from media_analysis.submissions import hooks
from media_analysis.submissions.models import (
    DeletionAnswer,
    Erasure,
    Hold,
    IndexCard,
    RetentionRule,
    Submission,
)
from media_analysis.submissions.services import deletion, erasing, holds, retention
from ml.models import Analysis
from tests.people import Person, Send, checked_at_once
from tests.refusals import forbids, refuses


@pytest.fixture
def send(send: Send) -> Send:
    return checked_at_once(send)


def ordered(submission: Submission) -> Erasure:
    with transaction.atomic():
        return erasing.order(submission, SHELL, "operator")


def erased(submission: Submission) -> bool:
    return erasing.carry_out(ordered(submission).pk)


def verbs(submission: Submission) -> list[str]:
    events = Event.objects.filter(chain=submission.pk).order_by("seq")
    return list(events.values_list("verb", flat=True))


def page(person: Person, submission: Submission) -> Any:
    return person.client().get(reverse("submissions:detail", args=[submission.pk]))


def test_accepting_a_request_erases_and_shows_the_proof(
    lead: Person, admin: Person, alice: Person, charlie: Person, send: Send
) -> None:
    """From the request to the page in the place of the submission; strangers still meet a 404."""
    submission = send(alice, name="canary.png")
    deletion.ask(lead.actor, submission, "a child is shown")
    deletion.answer(admin.actor, submission, DeletionAnswer.ACCEPTED, "the parents agree")
    assert "The submission is erased on" in page(alice, submission).content.decode()
    assert erasing.run_due() == 1
    answer = page(alice, submission)
    html = answer.content.decode()
    assert answer.status_code == 410 and "This submission was erased" in html
    assert "canary.png" not in html and str(submission.pk) in html
    assert "The erasure is complete" in html and str(admin.user) in html
    assert page(charlie, submission).status_code == 404
    listed = lead.client().get(reverse("submissions:deletions")).content.decode()
    assert str(submission.pk) in listed and "erased on" in listed
    assert "canary.png" not in alice.client().get("/").content.decode()
    assert not vault.exists(submission.blob_id)
    assert Verb.SUBMISSION_ERASURE_ORDERED in verbs(submission)
    assert verbs(submission)[-3:] == [
        Verb.SUBMISSION_DELETED, Verb.SUBJECT_ERASED, Verb.SUBMISSION_ERASED,
    ]  # fmt: skip


def test_an_accepted_request_can_be_withdrawn_until_the_erasure_is_due(
    lead: Person, admin: Person, alice: Person, send: Send, settings: Any
) -> None:
    settings.ERASURE_DELAY_SECONDS = 600
    submission = send(alice)
    deletion.ask(lead.actor, submission)
    deletion.answer(admin.actor, submission, DeletionAnswer.ACCEPTED, "why")
    assert erasing.run_due() == 0
    assert deletion.withdraw(lead.actor, submission)
    Erasure.objects.update(due_at=timezone.now() - timedelta(days=1))
    assert erasing.run_due() == 0 and Submission.objects.filter(pk=submission.pk).exists()
    assert Verb.SUBMISSION_ERASURE_CALLED_OFF in verbs(submission)


def test_shared_bytes_stay_for_the_other_submission(alice: Person, bob: Person, send: Send) -> None:
    first, second = send(alice), send(bob)
    assert first.blob_id == second.blob_id
    assert erased(first)
    with blobs.services.opened(second.blob) as file:
        assert file.read()
    assert Erasure.objects.get(submission=first.pk).shared == 1
    assert page(bob, second).status_code == 200
    assert erased(second)
    assert not vault.exists(second.blob_id) and not Blob.objects.filter(pk=second.blob_id).exists()


def test_a_decision_that_was_adopted_stays_as_it_was(
    alice: Person, bob: Person, send: Send
) -> None:
    """The earlier decision goes; the one that took it over is unchanged, and its page works."""
    first, second = send(alice), send(bob)
    for one in (first, second):
        with transaction.atomic():
            routing.after_parking(one.analysis)
    words = DecisionText(outcome="manipulated", reason="the seam along the jaw")
    held = cases.claim(alice.actor, Case.objects.get(submission=first).pk)
    earlier = cases.decide(alice.actor, held.pk, held.fence, words)
    held = cases.claim(bob.actor, Case.objects.get(submission=second).pk)
    assert isinstance(earlier, Decision)
    known_bytes.take_over(bob.actor, held.pk, held.fence, earlier.pk, DecisionText("", ""))
    before = Decision.objects.filter(case__submission=second).values().get()
    assert erased(first)
    assert Decision.objects.filter(case__submission=second).values().get() == before
    case = Case.objects.get(submission=second)
    answer = bob.client().get(reverse("review:case", args=[case.pk]))
    assert answer.status_code == 200 and "the seam along the jaw" in answer.content.decode()


def test_a_hold_wins_over_request_retention_and_operator(
    admin: Person, alice: Person, send: Send
) -> None:
    submission = send(alice)
    holds.place(admin.actor, submission, "needed in court")
    deletion.ask(admin.actor, submission)
    with refuses("submission_held"):
        deletion.answer(admin.actor, submission, DeletionAnswer.ACCEPTED, "why")
    RetentionRule.objects.create(team=alice.team, kind="image", days=1)
    aged(submission, 3)
    assert retention.order_due() == 0
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase", "submission", str(submission.pk), "--yes")
    assert Submission.objects.filter(pk=submission.pk).exists()
    holds.lift(admin.actor, submission, "the court is done")
    assert retention.order_due() == 1 and erasing.run_due() == 1


def aged(submission: Submission, days: int) -> None:
    """As a superuser of a test may: the trigger refuses everybody else."""
    old = timezone.now() - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE submissions_submission SET created_at = %s WHERE id = %s",
                       [old, submission.pk])  # fmt: skip
        cursor.execute("UPDATE submissions_indexcard SET received_at = %s, kind = 'image' "
                       "WHERE submission_id = %s", [old, submission.pk])  # fmt: skip
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_hold_placed_after_the_order_stops_it(admin: Person, send: Send) -> None:
    submission = send(admin)
    order = ordered(submission)
    holds.place(admin.actor, submission, "needed in court")
    assert erasing.run_due() == 0 and not erasing.carry_out(order.pk)
    holds.lift(admin.actor, submission, "done")
    assert erasing.run_due() == 1


def test_a_hold_needs_a_reason_and_an_admin_and_is_on_record(
    admin: Person, lead: Person, alice: Person, charlie: Person, send: Send
) -> None:
    submission = send(alice)
    for person in (lead, alice, charlie):
        with forbids():
            holds.place(person.actor, submission, "why")
    with refuses("hold_reason_missing"):
        holds.place(admin.actor, submission, " \0 ")
    url = reverse("submissions:hold", args=[submission.pk])
    html = admin.client().post(url, {"reason": "canary: the court"}, follow=True).content.decode()
    assert "This submission is under a legal hold" in html and "canary: the court" in html
    with refuses("hold_stands"):
        holds.place(admin.actor, submission, "again")
    seen = page(alice, submission).content.decode()
    assert "canary: the court" in seen and "Lift legal hold" not in seen
    listed = admin.client().get(reverse("submissions:deletions")).content.decode()
    assert "canary: the court" in listed
    admin.client().post(url, {"lift": "1", "reason": "done"})
    with refuses("hold_lifted"):
        holds.lift(admin.actor, submission, "again")
    assert verbs(submission)[-2:] == [Verb.SUBMISSION_HELD, Verb.SUBMISSION_HOLD_LIFTED]
    assert b"canary" not in b"".join(
        bytes(event.payload) for event in Event.objects.filter(chain=submission.pk)
    )


def test_a_standing_hold_cannot_be_removed_in_the_database(admin: Person, send: Send) -> None:
    submission = send(admin)
    hold = holds.place(admin.actor, submission, "needed in court")
    changes = ("DELETE FROM submissions_hold", "UPDATE submissions_hold SET reason = 'x'")
    for statement in changes:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Hold.objects.filter(pk=hold.pk).exists()


def test_an_erasure_that_was_cut_off_between_rows_and_bytes_goes_on(
    alice: Person, send: Send
) -> None:
    """A kill after the rows went: the page says that it is under way, and the next run ends it."""
    submission = send(alice)
    order = ordered(submission)
    assert erasing._delete_rows(order.pk)
    order.refresh_from_db()
    assert order.deleted_at and not order.ended_at and vault.exists(submission.blob_id)
    answer = page(alice, submission)
    assert answer.status_code == 410 and "under way" in answer.content.decode()
    assert erasing.run_due() == 1
    assert not vault.exists(submission.blob_id)
    assert erasing.run_due() == 0


def test_an_outage_of_the_store_makes_an_erasure_wait_and_stops_no_other(
    alice: Person, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = send(alice, 1), send(alice, 2)
    orders = [ordered(first), ordered(second)]
    delete = FileSystemStorage.delete

    def away(place: FileSystemStorage, name: str) -> None:
        if first.blob_id in name:
            raise ConnectionError("no route to the bucket")
        delete(place, name)

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "delete", away)
        assert erasing.run_due() == 1
    assert [Erasure.objects.get(pk=one.pk).waits for one in orders] == ["store", ""]
    assert erasing.run_due() == 1 and not vault.exists(first.blob_id)


def test_bytes_that_came_in_again_meanwhile_stay(alice: Person, bob: Person, send: Send) -> None:
    submission = send(alice)
    order = ordered(submission)
    assert erasing._delete_rows(order.pk)
    again = send(bob)
    assert erasing.run_due() == 1
    with blobs.services.opened(again.blob) as file:
        assert file.read()


def test_the_operator_erases_a_person_with_all_that_they_sent(
    alice: Person, bob: Person, lead: Person, send: Send, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, theirs = [send(alice, n) for n in range(3)], send(bob, 9)
    email = alice.user.email
    call_command("erase", "person", email, "--submissions", "--yes")
    assert "3 submissions are erased" in capsys.readouterr().out
    assert not Submission.objects.filter(pk__in=[one.pk for one in mine]).exists()
    assert Submission.objects.filter(pk=theirs.pk).exists()
    alice.user.refresh_from_db()
    assert alice.user.erased_at and email not in alice.user.email
    assert not Membership.objects.filter(user=alice.user, role=Role.MODERATOR).exists()
    call_command("erase", "list")
    assert str(mine[0].pk) in capsys.readouterr().out
    for wrong in (["submission", "x"], ["person", "nobody@example.org"], ["submission"]):
        with pytest.raises(CommandError):
            call_command("erase", *wrong, "--yes")


def test_retention_counts_and_lists_before_it_is_saved(
    admin: Person, lead: Person, alice: Person, send: Send
) -> None:
    old, held, young = (send(alice, n, name=f"photo{n}.png") for n in range(3))
    aged(old, 40)
    aged(held, 40)
    holds.place(admin.actor, held, "needed in court")
    url = reverse("teams:retention", args=[alice.team.pk])
    assert lead.client().get(url).status_code == 403
    client = admin.client()
    page = client.post(url, {"image": "30", "step": "preview"}).content.decode()
    assert "1 submission would be erased" in page and "1 stays because of a legal hold" in page
    assert "photo0.png" in page and "photo1.png" not in page and "photo2.png" not in page
    assert not RetentionRule.objects.exists()
    assert client.post(url, {"image": "0", "step": "save"}).status_code == 422
    client.post(url, {"image": "30", "step": "save"})
    assert RetentionRule.objects.get().days == 30
    changed = Event.objects.filter(verb=Verb.RETENTION_CHANGED)
    assert changed.count() == 1
    client.post(url, {"image": "30", "step": "save"})
    assert changed.count() == 1
    assert retention.order_due() == 1 and erasing.run_due() == 1
    left = set(Submission.objects.values_list("pk", flat=True))
    assert left == {held.pk, young.pk}
    assert retention.order_due() == 0
    with forbids():
        retention.set_rules(lead.actor, alice.team, {"image": 1})
    client.post(url, {"image": "", "step": "save"})
    assert not RetentionRule.objects.exists()


def difference(submission: Submission) -> str:
    """What verification finds beside the chain of a submission, there or not."""
    events = list(Event.objects.filter(chain=submission.pk).order_by("seq"))
    first = beside(submission.pk, events).first
    return f"{first.row} {first.what}" if first else ""


def test_the_erased_are_known_from_the_altered(alice: Person, send: Send) -> None:
    """An erased row is no finding. The same row, deleted without its event, is."""
    one, other = send(alice, 1), send(alice, 2)
    assert erased(one)
    assert difference(one) == difference(other) == ""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM submissions_submission WHERE id = %s", [other.pk])
        assert f"{other.pk} this row is gone" in difference(other)
        cursor.execute("UPDATE submissions_erasure SET because = 'request'")
        assert "because is" in difference(one)
        cursor.execute("DELETE FROM ml_analysis WHERE chain = %s", [other.pk])


def test_analyses_under_way_are_cancelled_first(alice: Person, send: Send) -> None:
    """One that waits is cancelled at once; its row goes with the rest."""
    submission = send(alice)
    assert Analysis.objects.get(chain=submission.pk).state == "queued"
    assert erased(submission)
    assert not Analysis.objects.filter(chain=submission.pk).exists()
    assert not IndexCard.objects.filter(pk=submission.pk).exists()


def test_no_table_about_a_submission_is_forgotten(db: None) -> None:
    """What points at a submission, its case, its decisions or its analyses is erased with it."""
    pk = uuid.uuid4()
    erased_with = {found.model for hook in hooks.erased_with for found in hook(pk)}
    erased_with |= {model for model, _ in erasing._rows_of(Submission(pk=pk))}
    about = {Submission, Analysis, Case, Decision, DoubleReview}
    pointing = {
        model
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and field.related_model in about
    }
    assert pointing - erased_with - {Erasure} == set()
