"""Twenty submissions are erased and five are held: no trace of the twenty, nothing of the five
touched, and the record verifies."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

import blobs.services
from accounts.actors import SHELL_ACTOR
from accounts.models import Role, Team
from accounts.refusals import Refusal
from accounts.roles import Scope
from accounts.services import keys, teams
from audit import sealer
from audit.checking import verify_database
from audit.models import Event, Subject
from audit.verbs import Verb
from audit.who import SHELL
from blobs import vault
from blobs.models import Blob
from jobs.services import claim_one
from media_analysis.partners.models import IdempotentRequest
from media_analysis.previews.models import Preview
from media_analysis.previews.services import copies
from media_analysis.previews.services.rendering import Made
from media_analysis.reports.services import issuing
from media_analysis.review.models import Case, Decision, DecisionText
from media_analysis.review.services import cases, rules
from media_analysis.submissions.models import DeletionAnswer, Erasure, IndexCard, Submission
from media_analysis.submissions.services import deletion, erasing, holds
from media_analysis.submissions.services.intake import submit
from media_analysis.webhooks.models import EventType
from media_analysis.webhooks.services import endpoints
from ml.engine.contract import Outcome
from ml.models import Look, Thumbnail
from operations.backups.database import _environment, program
from tests.audit.house import actor, analysed, person
from tests.people import picture

ERASED, HELD = 20, 5
FILM = "a film of canary{n:03}q to look at"


def canary(n: int) -> str:
    return f"canary{n:03}q"


class Newsroom:
    def __init__(self) -> None:
        self.alice = person("alice@example.org")
        self.team: Team = teams.create_team(SHELL_ACTOR, "Newsroom")
        teams.add_member(SHELL_ACTOR, self.team, self.alice, Role.ADMIN)
        self.actor = actor(self.alice)
        rules.route(self.actor, self.team, ["manipulation_found"])
        service = keys.create_service_account(self.actor, self.team, "Partner")
        keys.issue_key(self.actor, service, "live", [Scope.SUBMISSIONS_READ])
        endpoints.add(self.actor, self.team, "https://news.example/hook", EventType.values)
        self.submissions = [self.worked_on(n) for n in range(ERASED + HELD)]

    def worked_on(self, n: int) -> Submission:
        """Everything that Touchstone can know of one: words, result, film, decision, report."""
        word = canary(n)
        content = picture(n) + word.encode()  # after its end: a picture may carry anything
        sent = submit(
            self.actor, self.team, io.BytesIO(content), f"{word}.png", note=f"note {word}",
            policy_context=f"context {word}", external_id=f"desk-{word}",
        ).submission  # fmt: skip
        sent = analysed(sent, Outcome.MANIPULATION_FOUND, frame=picture(n))
        Look.of(sent.blob, 0.0, 1 << n).save()
        self.film(sent, FILM.format(n=n))
        held = cases.claim(self.actor, Case.objects.get(submission=sent).pk)
        words = DecisionText("manipulated", f"reason {word}", f"remark {word}")
        cases.decide(self.actor, held.pk, held.fence, words)
        issuing.issue(self.actor, Case.objects.get(submission=sent))
        IdempotentRequest.objects.create(
            caller=f"user:{self.alice.pk}", key=f"key-{word}", fingerprint="0" * 64, submission=sent
        )
        deletion.ask(self.actor, sent, f"wish {word}")
        return sent

    def film(self, sent: Submission, speech: str) -> None:
        with transaction.atomic():
            copies.order(sent.blob)
        preview = Preview.objects.get(source=sent.blob)
        claim = claim_one(Preview, preview.pk, worker="w1")
        assert claim is not None
        made = Made(media_type="video/webm", seconds=1.0, fps=25.0, took=0.1)
        copies._conclude(claim, sent.blob, blobs.services.store(io.BytesIO(speech.encode())), made)


@pytest.fixture
def newsroom(transactional_db: None) -> Iterator[Newsroom]:
    yield Newsroom()


def dump() -> bytes:
    """The whole database as a plain dump; binary columns are hexadecimal in it."""
    done = subprocess.run(
        [program("pg_dump"), "--no-password", "--dbname", connection.settings_dict["NAME"]],
        env=_environment(), capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout


def traces(words: list[bytes], home: Path, log: str) -> list[tuple[str, bytes]]:
    dumped, found = dump(), []
    for word in words:
        if word in dumped or word.hex().encode() in dumped:
            found.append(("dump", word))
        if word.decode("latin1") in log:
            found.append(("log", word))
        for file in (home / "blobs").rglob("*"):
            if file.is_file() and (word in file.read_bytes() or word.decode("latin1") in file.name):
                found.append((str(file), word))
    return found


def of(submission: Submission, n: int) -> dict[str, Any]:
    case = Case.objects.get(submission=submission)
    return {
        "filename": submission.filename,
        "note": submission.note,
        "decisions": list(Decision.objects.filter(case=case).values()),
        "reports": list(case.reports.values("id", "body_sha256")),
        "pictures": Thumbnail.objects.filter(analysis__chain=submission.pk).count(),
        "looks": Look.objects.filter(blob=submission.blob_id).count(),
        "card": IndexCard.objects.filter(pk=submission.pk).values().get(),
        "request": submission.deletion_requests.values().get(),
    }


@pytest.mark.slow
def test_twenty_subjects_leave_no_trace_and_five_holds_stand(
    newsroom: Newsroom, own_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    going, staying = newsroom.submissions[:ERASED], newsroom.submissions[ERASED:]
    words = [canary(n).encode() for n in range(ERASED)]
    hashes = [one.blob_id for one in going]
    films = list(Preview.objects.filter(source__in=hashes).values_list("film", flat=True))
    assert len(set(films)) == ERASED
    theirs = Thumbnail.objects.filter(analysis__blob__in=hashes)
    sheets = list(theirs.values_list("sheet", flat=True))
    assert len(set(sheets)) == ERASED and all(vault.exists(sheet) for sheet in sheets)
    assert len({word for _, word in traces(words, own_home, "")}) == ERASED  # it sees them
    kept = [of(one, n) for n, one in enumerate(staying)]
    for one in staying:
        holds.place(newsroom.actor, one, "needed in court")
        with pytest.raises(Refusal) as refused:
            deletion.answer(newsroom.actor, one, DeletionAnswer.ACCEPTED, "why")
        assert refused.value.code == "submission_held"
        erasing_by_operator(one)
    for one in going:
        deletion.answer(newsroom.actor, one, DeletionAnswer.ACCEPTED, "the parents agree")
    assert erasing.run_due() == ERASED
    assert traces(words, own_home, caplog.text) == []
    assert not IndexCard.objects.filter(pk__in=[one.pk for one in going]).exists()
    assert not Subject.objects.filter(pk__in=[one.pk for one in going]).exists()
    assert not Blob.objects.filter(pk__in=[*hashes, *films, *sheets]).exists()
    assert not any(vault.exists(sheet) for sheet in sheets)
    assert Thumbnail.objects.count() == HELD and Look.objects.count() == HELD
    # The held ones are as they were, whoever ordered what.
    assert [of(one, n) for n, one in enumerate(staying)] == kept
    assert erasing.run_due() == 0
    for one in staying:
        with blobs.services.opened(one.blob) as file:
            assert file.read().endswith(canary(newsroom.submissions.index(one)).encode())
    # The record: whole, with a proof for each of the twenty.
    sealer.seal(everything=True)
    report = verify_database([], None)
    assert report.ok, report.as_text()
    proofs = Event.objects.filter(verb=Verb.SUBMISSION_ERASED)
    assert {str(one.chain) for one in proofs} == {str(one.pk) for one in going}
    assert Erasure.objects.filter(ended_at__isnull=False).count() == ERASED


def erasing_by_operator(submission: Submission) -> None:
    """Ordered past every check: the worker waits, and the database refuses."""
    with transaction.atomic():
        ordered = erasing.order(submission, SHELL, "operator")
    assert not erasing.carry_out(ordered.pk)
    ordered.refresh_from_db()
    assert (ordered.waits, ordered.deleted_at) == ("held", None)
    with pytest.raises(DatabaseError), transaction.atomic():
        submission.holds.all().delete()
