from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from blobs import vault
from blobs.models import Blob
from jobs.claims import Claim
from jobs.errors import LeaseLost
from jobs.models import State
from jobs.runner import execute
from jobs.services import claim_one
from jobs.timing import InSeconds
from ml import hooks, services
from ml.engine.contract import Outcome, Verdict
from ml.models import Analysis, FindingRow, Thumbnail
from sandbox.types import Code, Rejected, SandboxFailed
from tests.ml_store.conftest import ALICE, a_result

pytestmark = pytest.mark.django_db(transaction=True)


def verbs(analysis: Analysis) -> list[str]:
    events = Event.objects.filter(chain=analysis.chain).order_by("seq")
    return [str(e.verb) for e in events]


def answer(value: Any) -> Any:
    """An analyser that gives or raises this."""

    def analyse(file: Any, **how: Any) -> Any:
        if isinstance(value, BaseException):
            raise value
        return value

    return analyse


def test_queue_writes_the_order_and_its_event(analysis: Analysis) -> None:
    """A queued row, due at once, with one event in the submission's chain."""
    assert (analysis.state, analysis.outcome) == (State.QUEUED, None)
    assert verbs(analysis) == ["analysis.queued"]


def test_queue_belongs_into_a_transaction(blob: Blob) -> None:
    """An order that could stand without what it is for is refused."""
    with pytest.raises(transaction.TransactionManagementError):
        services.queue(blob, uuid.uuid4(), ALICE)


def test_run_opens_the_blob_and_writes_all_of_the_result(
    claimed: Claim, analysis: Analysis
) -> None:
    """The analyser gets the bytes; verdict, findings, thumbnails and event stand together."""
    seen: dict[str, Any] = {}

    def analyse(file: Any, **how: Any) -> Any:
        seen.update(how, bytes=file.read(), number=file.fileno())
        how["progress"](0.5, "looking")
        return a_result(how["sha256"])

    services.run(claimed, analyse)
    assert seen["bytes"] == b"some bytes" and seen["size"] == 10 and seen["number"] > 0
    assert claimed.fraction == 0.5
    analysis.refresh_from_db()
    assert (analysis.state, analysis.outcome) == (State.DONE, "manipulation_found")
    assert analysis.probability_manipulated == 0.97
    assert analysis.reason == "the file says that it was generated"
    assert analysis.media["width"] == 4
    assert analysis.result["verdict"]["interval"] == [0.9, 0.99]
    found = {f.detector: f for f in analysis.findings.all()}
    assert found["provenance"].score == 4.0
    assert "\x00" not in found["provenance"].evidence[0]["text"]
    assert found["faces"].status == "not_applicable"
    assert Thumbnail.objects.get(analysis=analysis, name="frame").png is None
    assert verbs(analysis) == ["analysis.queued", "analysis.started", "analysis.finished"]


def test_the_record_keeps_a_digest_of_the_result(claimed: Claim, analysis: Analysis) -> None:
    """Read back from the database the result has the digest that the event holds; edited, not."""
    services.run(claimed, answer(a_result()))
    analysis.refresh_from_db()
    assert analysis.digest_now() == analysis.result_sha256
    event = Event.objects.get(chain=analysis.chain, verb="analysis.finished")
    assert analysis.result_sha256 in str(event.payload)
    analysis.result["verdict"]["outcome"] = "no_manipulation_found"
    assert analysis.digest_now() != analysis.result_sha256


def test_a_finished_result_cannot_be_changed(claimed: Claim, analysis: Analysis) -> None:
    """Verdict and findings are final in the database itself."""
    services.run(claimed, answer(a_result()))
    for change in ({"outcome": "inconclusive"}, {"probability_manipulated": 0.1}, {"media": None}):
        with pytest.raises(IntegrityError, match="final"):
            Analysis.objects.filter(pk=analysis.pk).update(**change)
    with pytest.raises(Exception, match="final"):
        FindingRow.objects.update(score=0.0)


def test_refused_input_is_done_with_its_reason(claimed: Claim, analysis: Analysis) -> None:
    """Rejected is an outcome with a sentence, not a failure: no retry, its own event."""
    services.run(claimed, answer(Rejected(Code.CORRUPT)))
    analysis.refresh_from_db()
    assert (analysis.state, analysis.outcome) == (State.DONE, "rejected")
    assert analysis.reason_code == "corrupt" and analysis.reason
    assert verbs(analysis)[-1] == "analysis.rejected"


@pytest.mark.parametrize("code", ["crashed", "killed", "timeout", "protocol"])
def test_what_brings_the_decoder_down_is_poison_in_the_end(
    analysis: Analysis, running_as: Any, code: str
) -> None:
    """Three dead children: parked, shown as inconclusive, with an event for every move."""
    running_as(answer(SandboxFailed(code, "SIGSEGV")))
    for _ in range(3):
        Analysis.objects.update(available_at=InSeconds(-1))
        got = claim_one(Analysis, analysis.pk, worker="w")
        assert got is not None
        execute(got)
    analysis.refresh_from_db()
    assert (analysis.state, analysis.reason_code) == (State.PARKED, "poison")
    assert analysis.displayed_outcome == "inconclusive" and analysis.outcome is None
    assert verbs(analysis) == ["analysis.queued", *["analysis.started", "analysis.retried"] * 2,
                               "analysis.started", "analysis.parked"]  # fmt: skip


@pytest.mark.parametrize("error", [SandboxFailed("unavailable"), OSError("disk"), KeyError("x")])
def test_our_own_trouble_is_tried_again(
    claimed: Claim, analysis: Analysis, running_as: Any, error: Exception
) -> None:
    """What is not the file's doing goes back with a pause and counts no crash."""
    running_as(answer(error))
    execute(claimed)
    analysis.refresh_from_db()
    assert (analysis.state, analysis.attempt, analysis.crashes) == (State.QUEUED, 1, 0)
    assert verbs(analysis)[-1] == "analysis.retried"


def test_damaged_bytes_are_parked_at_once(
    claimed: Claim, analysis: Analysis, running_as: Any
) -> None:
    """The store lost the bytes: no retry can help, a person must look."""
    vault.storage().delete(vault.name_of(analysis.blob_id))
    running_as(answer(a_result()))
    execute(claimed)
    analysis.refresh_from_db()
    assert (analysis.state, analysis.reason_code) == (State.PARKED, "blob_damaged")


def test_hooks_live_and_die_with_the_transaction(
    claimed: Claim, analysis: Analysis, running_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook sees the stored analysis; when one breaks, nothing of the result stays."""
    seen: list[Any] = []

    def breaks(stored: Analysis, result: Any) -> None:
        seen.append((stored.outcome, result.engine_version, stored.findings.count()))
        raise RuntimeError("the case could not be opened")

    monkeypatch.setattr(hooks, "analysis_finished", [breaks])
    running_as(answer(a_result()))
    execute(claimed)
    assert seen == [("manipulation_found", "0.1.0+abc", 2)]
    analysis.refresh_from_db()
    assert (analysis.state, analysis.outcome) == (State.QUEUED, None)
    assert not FindingRow.objects.exists() and not Thumbnail.objects.exists()
    assert "analysis.finished" not in verbs(analysis)


def test_parking_tells_its_hooks(
    claimed: Claim, analysis: Analysis, running_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever routes cases hears of what was set aside."""
    calls: list[Any] = []
    monkeypatch.setattr(hooks, "analysis_parked", [lambda a: calls.append(a.state)])
    vault.storage().delete(vault.name_of(analysis.blob_id))
    running_as(answer(a_result()))
    execute(claimed)
    assert calls == [State.PARKED]


def test_a_zombie_writes_no_finding(claimed: Claim, analysis: Analysis) -> None:
    """The lease went to another worker: the late result is refused as a whole."""
    from jobs.reconciling import reconcile

    Analysis.objects.update(lease_until=InSeconds(-1))
    reconcile()
    second = claim_one(Analysis, analysis.pk, worker="w2")
    assert second is not None
    with pytest.raises(LeaseLost):
        services.run(claimed, answer(a_result()))
    assert not FindingRow.objects.exists()
    services.run(second, answer(a_result()))
    assert FindingRow.objects.count() == 2
    assert verbs(analysis).count("analysis.finished") == 1


def test_nan_never_reaches_the_database(claimed: Claim, analysis: Analysis) -> None:
    """A verdict with a probability that is not a number is stored without one."""
    verdict = Verdict(Outcome.INCONCLUSIVE, "the model said nothing", float("nan"))
    services.run(claimed, answer(a_result(verdict=verdict)))
    analysis.refresh_from_db()
    assert analysis.probability_manipulated is None


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "inconclusive"},
        {"state": "done"},
        {"probability_manipulated": 1.01},
        {"probability_manipulated": -0.01},
        {"probability_manipulated": float("nan")},
    ],
)
def test_a_row_that_contradicts_itself_is_refused(blob: Blob, fields: dict[str, Any]) -> None:
    """Done means an outcome, an outcome means done, and a probability is one."""
    with pytest.raises(IntegrityError):
        Analysis.objects.create(blob=blob, chain=uuid.uuid4(), **fields)


def test_two_findings_of_one_detector_are_refused(claimed: Claim, analysis: Analysis) -> None:
    """One detector speaks once in one analysis."""
    services.run(claimed, answer(a_result()))
    with pytest.raises(IntegrityError):
        FindingRow.objects.create(
            analysis=analysis, detector="faces", version="2", status="failed", reason="again"
        )


def test_cancel_and_retry_say_who_asked(analysis: Analysis, running_as: Any) -> None:
    """Both leave an event with the person's id, and nothing happens twice."""
    vault.storage().delete(vault.name_of(analysis.blob_id))
    running_as(answer(a_result()))
    got = claim_one(Analysis, analysis.pk, worker="w")
    assert got is not None
    assert services.cancel(analysis.pk, ALICE) is State.RUNNING
    Analysis.objects.update(cancel_requested=False)
    execute(got)
    assert services.retry_parked(analysis.pk, ALICE)
    assert not services.retry_parked(analysis.pk, ALICE)
    assert services.cancel(analysis.pk, ALICE) is State.CANCELLED
    events = Event.objects.filter(chain=analysis.chain).order_by("seq")
    assert [(str(e.verb), e.who) for e in events][2:] == [
        ("analysis.cancel_requested", "user:alice"),
        ("analysis.parked", "system:worker:w"),
        ("analysis.requeued", "user:alice"),
        ("analysis.cancelled", "user:alice"),
    ]
