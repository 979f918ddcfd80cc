"""The verbs of an analysis: queue, run, cancel, try again. Each transaction has its audit event.

`run` is what a worker does with a claim. Bytes are examined outside any transaction; then one
transaction, guarded by the claim's fence, writes verdict, findings, audit event and whatever
`ml.hooks` adds: all of it or nothing, and once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from structlog.contextvars import bind_contextvars

from audit.rows import Row
from audit.services import record
from audit.verbs import Verb
from audit.who import Who, worker
from blobs.models import Blob
from blobs.services import opened
from jobs.bell import ring_on_commit
from jobs.claims import Claim
from jobs.errors import Interrupted, Why
from jobs.failpoints import failpoint
from jobs.models import Priority, State
from jobs.registry import Move
from jobs.runner import through_outage
from jobs.services import EXHAUSTED, claim_one, finish, park, request_cancel, requeue_parked
from jobs.timing import NEVER_SECONDS, InSeconds
from ml import hooks, metadata, pictures, reusing
from ml.engine.conditions import conditions
from ml.engine.contract import Finding, Outcome, Result, Verdict
from ml.engine.results import finding_json, media_json, plain, scenes_json
from ml.engine.sentence import say, stored
from ml.failures import classify_failures
from ml.language import as_text
from ml.models import Analysis, FindingRow, Look
from ml.storing import digest, storable
from sandbox.types import Rejected

Analyse = Callable[..., Result]


def queue(blob: Blob, chain: uuid.UUID, who: Who, priority: int = Priority.INTERACTIVE) -> Analysis:
    """In the caller's transaction: the row is the order, the bell rings once it is committed."""
    analysis = order(blob, chain, priority)
    queued(analysis, who)
    return analysis


def order(
    blob: Blob,
    chain: uuid.UUID,
    priority: int = Priority.INTERACTIVE,
    flow: str = "",
    weight: int = 1,
) -> Analysis:
    """The row alone, so that others can point at it before `queued` puts both on record."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an analysis is queued with what it is for")
    return Analysis.objects.create(
        blob=blob, chain=chain, priority=priority, flow=flow, weight=weight
    )


def queued(analysis: Analysis, who: Who, rows: Sequence[Row] = (), *, ring: bool = True) -> None:
    """The event of an order; `rows` are what points at it since. Without `ring` no worker is woken,
    because the caller ends it in the same transaction."""
    _event(analysis, Verb.ANALYSIS_QUEUED, who, rows=[analysis, *rows],
           priority=int(analysis.priority))  # fmt: skip
    for hook in hooks.analysis_queued:
        hook(analysis)
    if ring:
        ring_on_commit(analysis)


def end_at_once(analysis: Analysis, result: Result | None, by: str) -> None:
    """In the caller's transaction: an end that needs no worker, with the same rows, events and
    hooks as any other, and without pictures. Without a result it fails permanently."""
    claim = claim_one(Analysis, analysis.pk, worker=by)
    assert claim is not None, "nobody else can see it yet"
    if result is None:
        park(claim, EXHAUSTED, f"{by}: it was asked to fail")
    else:
        _conclude(claim, result, Stored())


@dataclass(frozen=True)
class Stored:
    """What of a result lies in the store, or may, before its rows are written."""

    pictures: pictures.Sheet | None = None
    metadata: metadata.Packed | None = None


def store(result: Result) -> Stored:
    """Outside any transaction."""
    return Stored(pictures.store(result.thumbnails), metadata.store(result.metadata))


def record_beside(
    blob: Blob, chain: uuid.UUID, result: Result, beside: Stored, *, worker_name: str, why: str
) -> Analysis:
    """In the caller's transaction: a further analysis of what has one already, ordered and ended
    at once, with the rows and events of any other. Nobody waits for it: no hook is called."""
    analysis = order(blob, chain, Priority.BATCH)
    _event(analysis, Verb.ANALYSIS_QUEUED, worker(worker_name), why, rows=[analysis],
           priority=int(analysis.priority))  # fmt: skip
    claim = claim_one(Analysis, analysis.pk, worker=worker_name)
    assert claim is not None, "nobody else can see it yet"
    _conclude(claim, result, beside, tell=False)
    return analysis


def never_due(analysis: Analysis) -> None:
    """In the caller's transaction: it waits until somebody cancels or erases it."""
    Analysis.objects.filter(pk=analysis.pk).update(available_at=InSeconds(NEVER_SECONDS))


def cancel(analysis_id: uuid.UUID, who: Who) -> State:
    """At once when nobody works on it; else the worker stops within seconds."""
    with transaction.atomic():
        state = request_cancel(Analysis, analysis_id, by=who)
        if state is State.RUNNING:
            analysis = Analysis.objects.get(pk=analysis_id)
            _event(analysis, Verb.ANALYSIS_CANCEL_REQUESTED, who)
    return state


def retry_parked(analysis_id: uuid.UUID, who: Who) -> bool:
    """A person wants another try of what was set aside. False when it was not parked."""
    with transaction.atomic():
        again = requeue_parked(Analysis, analysis_id, by=who)
        if again:
            ring_on_commit(Analysis.objects.only("kind").get(pk=analysis_id))
    return again


def run(claim: Claim, analyse: Analyse | None = None) -> None:
    """Examine what was claimed and conclude. Registered with `jobs` as the runner."""
    analysis = Analysis.objects.select_related("blob").get(pk=claim.pk)
    bind_contextvars(submission=str(analysis.chain))
    if analyse is None and reusing.is_wanted(analysis):
        version = reusing.conditions_now()
        if through_outage(lambda: _take_over(claim, analysis, version), claim.lease_seconds):
            return
    result = examine(claim, analysis.blob, analyse)
    if claim.why in (Why.LOST, Why.CANCELLED):
        raise Interrupted(claim.why)
    with classify_failures(claim, "the analysis"):
        beside = store(result)
    failpoint("before_conclude")
    through_outage(lambda: _conclude(claim, result, beside), claim.lease_seconds)


def examine(
    claim: Claim,
    blob: Blob,
    analyse: Analyse | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Result:
    """Outside any transaction. A file that is refused has a result too."""
    analyse = analyse or import_string(settings.ML_ANALYSE)
    try:
        with classify_failures(claim, "the analysis"), opened(blob) as file:
            return analyse(
                file,
                sha256=blob.sha256,
                size=blob.size,
                progress=claim.progress,
                should_stop=should_stop or claim.should_stop,
            )
    except Rejected as refusal:
        return _rejected(refusal)


def _rejected(refusal: Rejected) -> Result:
    return Result(
        media=None, verdict=Verdict(Outcome.REJECTED, say(f"file.{refusal.code}")), findings=(),
        engine_version="none", seconds=0.0, rejection=refusal.code,
    )  # fmt: skip


def _finding(finding: Finding) -> dict[str, Any]:
    """As its row keeps it: sentences as codes, also in the column that holds text."""
    row: dict[str, Any] = storable(stored(finding_json(finding)))
    return {**row, "reason": as_text(row["reason"])}


@transaction.atomic
def _conclude(claim: Claim, result: Result, beside: Stored, *, tell: bool = True) -> None:
    media = storable(stored(media_json(result.media))) if result.media else None
    body = storable(stored(
        {"verdict": plain(result.verdict), "tracks": plain(result.tracks),
         "scenes": scenes_json(result.scenes), "rejection": result.rejection}
    ))  # fmt: skip
    findings = [_finding(f) for f in result.findings]
    findings.sort(key=lambda f: str(f["detector"]))
    finish(
        claim,
        State.DONE,
        reason_code=result.rejection or "",
        reason=as_text(storable(stored(result.verdict.reason))),
        outcome=result.verdict.outcome.value,
        probability_manipulated=plain(result.verdict.probability_manipulated),
        engine_version=result.engine_version,
        media=media,
        result=body,
        result_sha256=digest({"media": media, "result": body, "findings": findings}),
        conditions=conditions(result.engine_version),
        incomplete=bool(result.media and result.media.incomplete),
        seconds=result.seconds,
    )
    failpoint("after_verdict")
    analysis = Analysis.objects.select_related("blob").get(pk=claim.pk)
    FindingRow.objects.bulk_create(FindingRow(analysis=analysis, **f) for f in findings)
    pictures.register(beside.pictures, analysis.pk)
    metadata.register(beside.metadata, analysis.pk, analysis.chain)
    Look.objects.bulk_create(
        (Look.of(analysis.blob, seconds, bits) for seconds, bits in result.looks),
        ignore_conflicts=True,  # another analysis of the same bytes has seen the same
    )
    failpoint("after_findings")
    rejected = result.verdict.outcome is Outcome.REJECTED
    verb = Verb.ANALYSIS_REJECTED if rejected else Verb.ANALYSIS_FINISHED
    _record_end(analysis, verb, claim, why=analysis.reason_code)
    for hook in hooks.analysis_finished if tell else ():
        hook(analysis, result)
    failpoint("before_commit")


@transaction.atomic
def _take_over(claim: Claim, analysis: Analysis, version: str) -> bool:
    """Ends it with copies of an earlier result of the same bytes. False where there is none: then
    nothing was written."""
    earlier = reusing.earlier_of(analysis, version)
    if earlier is None:
        return False
    finish(claim, State.DONE, **reusing.columns_of(earlier))
    failpoint("after_verdict")
    mine = Analysis.objects.select_related("blob").get(pk=claim.pk)
    reusing.copy_rows(earlier, mine)
    failpoint("after_findings")
    examined_at = mine.examined_at
    assert examined_at is not None
    _record_end(mine, Verb.ANALYSIS_FINISHED, claim, reused_from=examined_at.isoformat())
    for hook in hooks.analysis_finished:
        hook(mine, reusing.result_for_hooks(mine))
    failpoint("before_commit")
    return True


def _record_end(analysis: Analysis, verb: Verb, claim: Claim, why: str = "", **more: Any) -> None:
    _event(
        analysis,
        verb,
        worker(claim.worker),
        why=why,
        rows=[analysis],
        outcome=analysis.outcome,
        probability_manipulated=analysis.probability_manipulated,
        engine_version=analysis.engine_version,
        result_sha256=analysis.result_sha256,
        incomplete=analysis.incomplete,
        attempt=claim.attempt,
        fence=claim.fence,
        **more,
    )


VERBS = {
    State.RUNNING: Verb.ANALYSIS_STARTED,
    State.QUEUED: Verb.ANALYSIS_RETRIED,
    State.PARKED: Verb.ANALYSIS_PARKED,
    State.CANCELLED: Verb.ANALYSIS_CANCELLED,
}


def moved(move: Move) -> None:
    """The job layer changed an analysis' state: one event, in the same transaction."""
    analysis = Analysis.objects.select_related("blob").get(pk=move.pk)
    verb = Verb.ANALYSIS_REQUEUED if move.code == "requeued" else VERBS[move.state]
    who = move.by if isinstance(move.by, Who) else worker(str(move.by))
    # A claim changes nothing that an event holds.
    rows = [] if move.state is State.RUNNING else [analysis]
    _event(analysis, verb, who, why=move.code, rows=rows,
           attempt=move.attempt, reason=move.reason)  # fmt: skip
    ended = {
        State.PARKED: hooks.analysis_parked,
        State.CANCELLED: hooks.analysis_cancelled,
    }
    for hook in ended.get(move.state, ()):
        hook(analysis)


def _event(
    analysis: Analysis, verb: Verb, who: Who, why: str = "", rows: Sequence[Row] = (), **data: Any
) -> None:
    record(
        chain=analysis.chain,
        verb=verb,
        who=who,
        object_type="analysis",
        object_id=str(analysis.pk),
        object_sha256=analysis.blob.sha256,
        why=why,
        data=data,
        rows=rows,
    )
