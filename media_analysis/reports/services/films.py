"""Evidence films: asked for, made by a worker, handed out. Each is an event of the submission.

The row is a job in the background, as for playback copies: bytes first, row second.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.db import transaction

import blobs.services
from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from audit.rows import Row
from audit.services import record
from audit.verbs import Verb
from audit.who import Who, worker
from jobs.bell import ring_on_commit
from jobs.claims import Claim
from jobs.errors import Interrupted, Why
from jobs.models import State
from jobs.registry import Move
from jobs.runner import through_outage
from jobs.services import finish, requeue_parked
from media_analysis.previews.models import PRIORITY, Preview
from media_analysis.previews.yield_timer import should_stop
from media_analysis.reports.film.making import FASTEST, Made, Stopped, make
from media_analysis.reports.film.scenes import scene
from media_analysis.reports.film_models import EvidenceFilm
from media_analysis.reports.verifying import FILM
from media_analysis.review.models import Case
from media_analysis.submissions.models import Part, Submission
from media_analysis.submissions.services.pictures import looked
from ml.failures import classify_failures
from ml.language import reason
from sandbox.types import Rejected

TYPE = "video/webm"


def copy_of(case: Case) -> Preview | None:
    """What a film of this case is made from; None where there can be none, or not yet."""
    if not _may_have_one(case) or case.submission.analysis.state != State.DONE:
        return None
    done = Preview.objects.filter(source=case.submission.blob_id, state=State.DONE)
    return done.select_related("film").first()


def _may_have_one(case: Case) -> bool:
    media = case.submission.analysis.media or {}
    is_video = media.get("kind") == "video" and not case.submission.planted
    if case.submission.removed_parts.keys() & {Part.COPIES, Part.FINDINGS}:
        return False
    return is_video and bool(settings.EVIDENCE_FILM_SECONDS)


def of_case(case: Case) -> EvidenceFilm | None:
    """The video of the analysis that the case shows."""
    found = EvidenceFilm.objects.filter(case=case, analysis=case.submission.analysis_id)
    film: EvidenceFilm | None = found.select_related("film").first()
    return film


@transaction.atomic
def ask(actor: Actor, case: Case) -> EvidenceFilm:
    """Asked for again it is the same; one that failed is tried again."""
    require(actor, Permission.DECIDE_CASES, case.team_id)
    require(actor, Permission.VIEW_MEDIA, case.team_id)
    Submission.objects.select_for_update(no_key=True).get(pk=case.submission_id)
    if copy_of(case) is None:
        raise Refusal("film_needs_copy")
    who = actor.who_in(case.team_id)
    known = of_case(case)
    if known is None:
        known = EvidenceFilm.objects.create(
            team_id=case.team_id, case=case, analysis_id=case.submission.analysis_id,
            priority=PRIORITY,
        )  # fmt: skip
    elif not requeue_parked(EvidenceFilm, known.pk, by=who):
        return known
    _event(known, Verb.EVIDENCE_FILM_ASKED, who)
    ring_on_commit(known)
    return known


def run(claim: Claim) -> None:
    """Make the film that was claimed. Registered with `jobs` as the runner."""
    about = EvidenceFilm.objects.select_related("case__submission__analysis", "analysis")
    row = about.get(pk=claim.pk)
    with TemporaryDirectory(prefix="touchstone-film-") as folder:
        path = Path(folder) / FILM
        try:
            made = _make(claim, row, path)
        except Rejected as refusal:
            reason = refusal
            through_outage(lambda: _refused(claim, row, reason), claim.lease_seconds)
            return
        with classify_failures(claim, "the film"), path.open("rb") as file:
            stored = blobs.services.store(file)
    through_outage(lambda: _conclude(claim, row, stored, made), claim.lease_seconds)


def _make(claim: Claim, row: EvidenceFilm, path: Path) -> Made:
    copy = copy_of(row.case)
    if copy is None or copy.film is None or row.analysis_id != row.case.submission.analysis_id:
        raise Rejected("no_media", "the playback copy is gone, or the media was analysed again")
    try:
        with classify_failures(claim, "the film"), blobs.services.opened(copy.film) as file:
            return make(
                file,
                path,
                scene(row.case, copy.seconds or 0.0, settings.EVIDENCE_FILM_SECONDS),
                fps=copy.fps or FASTEST,
                progress=lambda share: claim.progress(share, "making the evidence film"),
                should_stop=should_stop(claim, EvidenceFilm),
            )
    except Stopped as error:
        raise Interrupted(Why.SHUTDOWN) from error


@transaction.atomic
def _conclude(claim: Claim, row: EvidenceFilm, stored: blobs.services.Stored, made: Made) -> None:
    film = blobs.services.register(stored, TYPE, who=worker(claim.worker))
    finish(claim, State.DONE, film=film, seconds=made.seconds, made_in=made.took)
    _event(row, Verb.EVIDENCE_FILM_MADE, worker(claim.worker), sha256=film.pk,
           rows=[(EvidenceFilm, claim.pk)], size=film.size)  # fmt: skip


@transaction.atomic
def _refused(claim: Claim, row: EvidenceFilm, refusal: Rejected) -> None:
    finish(claim, State.REJECTED, reason_code=refusal.code, reason=refusal.sentence)
    _event(row, Verb.EVIDENCE_FILM_NOT_MADE, worker(claim.worker), why=refusal.code)


def moved(move: Move) -> None:
    """Set aside: on record. The other moves change nothing that is kept."""
    if move.state is State.PARKED:
        row = EvidenceFilm.objects.select_related("case").get(pk=move.pk)
        _event(row, Verb.EVIDENCE_FILM_NOT_MADE, worker(str(move.by)), why=move.code)


@transaction.atomic
def handed_out(actor: Actor, film: EvidenceFilm) -> None:
    """On record before a byte of it leaves; it shows the media, so it counts as a look at it."""
    require(actor, Permission.VIEW_MEDIA, film.team_id)
    assert film.film_id is not None
    Submission.objects.select_for_update(no_key=True).get(pk=film.case.submission_id)
    looked(actor, film.case.submission)
    _event(film, Verb.EVIDENCE_FILM_DOWNLOADED, actor.who_in(film.team_id), sha256=film.film_id)


def page_data(actor: Actor, case: Case) -> dict[str, Any] | None:
    """For `reports/_film.html`; None where there is nothing to make a film of, or nothing that the
    actor may see."""
    if not actor.can(Permission.VIEW_MEDIA, case.team_id) or not _may_have_one(case):
        return None
    media = case.submission.analysis.media or {}
    film = of_case(case)
    has_copy = copy_of(case) is not None
    may_make = actor.can(Permission.DECIDE_CASES, case.team_id) and has_copy
    return {
        "row": film,
        "file": film.film if film else None,
        "running": film is not None and film.state == State.RUNNING,
        "percent": round(100 * film.progress) if film else 0,
        "failed": film is not None and film.state == State.PARKED,
        "why_not": _why_not(film),
        "has_copy": has_copy,
        "may_make": may_make and (film is None or film.state == State.PARKED),
        "most": settings.EVIDENCE_FILM_SECONDS,
        "is_cut": ((media.get("duration") or 0.0) > settings.EVIDENCE_FILM_SECONDS),
    }


def _why_not(film: EvidenceFilm | None) -> str:
    if film is None or film.state not in (State.REJECTED, State.CANCELLED):
        return ""
    return reason(film.state, film.reason_code, film.reason)


def report_data(case: Case) -> dict[str, Any] | None:
    """What a report says of the film, where there is one when it is issued."""
    film = of_case(case)
    if film is None or film.film is None:
        return None
    return {
        "name": FILM,
        "sha256": film.film_id,
        "size": film.film.size,
        "type": TYPE,
        "seconds": film.seconds,
    }


def _event(
    film: EvidenceFilm, verb: Verb, who: Who, *, sha256: str = "", why: str = "",
    rows: Sequence[Row] = (), **data: Any,
) -> None:  # fmt: skip
    record(
        chain=film.case.submission_id,
        verb=verb,
        who=who,
        object_type="evidence_film",
        object_id=film.pk,
        object_sha256=sha256,
        why=why,
        data=data,
        rows=rows,
    )
