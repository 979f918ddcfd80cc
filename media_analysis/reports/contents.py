"""What a report says, as plain values: facts from the record, and nothing that it does not hold.

Sentences are in the active language. report.json is always in English; the PDF is drawn from the
same values in the report's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import Case, Decision
from media_analysis.review.presenters.decisions import reviewer
from media_analysis.review.search import reopenings
from media_analysis.submissions.presenters import bench
from media_analysis.submissions.presenters.custody import custody
from media_analysis.submissions.presenters.result import whole_result
from media_analysis.submissions.services import parts, pictures
from ml.engine.manifest import card_of, manifest_of
from ml.language import check_name
from ml.models import Thumbnail

FORMAT = "touchstone-report-1"
NOT_PROOF = gettext_noop(
    "That no manipulation was found does not prove that the media is authentic. It says that the "
    "checks named here, within their limits, found nothing."
)
PROPOSITIONS = {
    "manipulated": gettext_noop(
        "The media was manipulated in the way that the named check looks for."
    ),
    "genuine": gettext_noop("The media was not manipulated in that way."),
}
LIMITS = (
    NOT_PROOF,
    gettext_noop(
        "A probability is given at even odds beforehand: it says how much better the observation "
        "fits one proposition than the other, on data like that on which the check was calibrated."
    ),
    gettext_noop("A raw score is no probability."),
    gettext_noop(
        "What a file declares about itself can be written by anyone, unless a trusted signature "
        "stands behind it."
    ),
)
ERROR_RATES = ("split", "clean", "test_split", "leave_one_source_out", "network", "all")
FRAMES = 6
MAP_NEAR = 0.5
"""Seconds between a frame and the look of a check whose map is drawn in it; as in the player."""
STEPS = (Verb.CASE_REOPENED, *reopenings.APPEALS)
"""The parts of a case's history other than its decisions."""
ERASED = gettext_noop("reviewer erased")
Json = dict[str, Any]


def contents(
    case: Case, decision: Decision, head: Json, film: Json | None = None
) -> tuple[Json, list[tuple[Json, bytes]]]:
    """The report, and its key frames with their bytes. `film` is what it says of the evidence
    film."""
    submission = case.submission
    analysis = submission.analysis
    result = whole_result(analysis)
    frames = key_frames(analysis.pk, result)
    chain = custody(submission)
    body = {
        "format": FORMAT,
        "report": head,
        "media": _media(case, result),
        "propositions": {name: gettext(text) for name, text in PROPOSITIONS.items()},
        "verdict": _plain(result.get("verdict") or {"outcome": analysis.displayed_outcome}),
        "findings": [_finding(finding) for finding in result["findings"]],
        "limits": [gettext(limit) for limit in LIMITS],
        "decision": _decision(decision),
        "history": _history(case),
        "custody": {
            "intact": chain["intact"],
            "summary": chain["summary"],
            "events": _events(submission.pk),
        },
        "frames": [frame for frame, _ in frames],
        "evidence_film": film,
        "versions": {"engine": analysis.engine_version, "result_sha256": analysis.result_sha256},
    }
    return body, frames


def _media(case: Case, result: Mapping[str, Any]) -> Json:
    submission, media = case.submission, result.get("media") or {}
    removed = parts.sentences(submission)
    names = ("kind", "format", "width", "height", "duration", "fps", "frames_decoded",
            "frames_expected", "sample_rate", "channels")  # fmt: skip
    return {
        "sha256": submission.blob_id,
        "size": submission.blob.size,
        "type": submission.blob.media_type,
        "name": submission.filename,
        "received_at": submission.created_at.isoformat(),
        **({"removed": " ".join(removed.values())} if removed else {}),
        **{name: media[name] for name in names if media.get(name) is not None},
    }


def _finding(finding: Mapping[str, Any]) -> Json:
    known = card_of(finding["detector"])
    measured = known.get("measured") or {}
    return {
        "check": check_name(finding["detector"]),
        "detector": finding["detector"],
        "version": finding["version"],
        "weights_sha256": finding.get("weights_sha256"),
        "status": finding["status"],
        "says": finding["reason"],
        "score": finding.get("score"),
        "probability_manipulated": finding.get("probability_manipulated"),
        "log10_likelihood_ratio": finding.get("log10_lr"),
        "bounds": {
            name: value
            for name, value in (finding.get("parameters") or {}).items()
            if name in ("found_at", "clear_at")
        },
        "evidence": [
            {"code": one["code"], "text": one["text"], "strength": one["strength"]}
            for one in finding.get("evidence") or []
        ],
        "limits": [gettext(limit) for limit in manifest_of(finding["detector"]).limits],
        "error_rates": {
            "measured_on": known.get("made", ""),
            **{name: _flat(measured[name]) for name in ERROR_RATES if name in measured},
        },
    }


def _flat(value: Any) -> Any:
    """Figures of one set. The card has the details."""
    if not isinstance(value, Mapping):
        return gettext(value) if isinstance(value, str) and value else value
    return {name: one for name, one in value.items() if not isinstance(one, Mapping | list)}


def _decision(decision: Decision) -> Json:
    return {
        "outcome": decision.outcome,
        "outcome_text": decision.get_outcome_display(),
        "reason": decision.reason,
        "reason_codes": list(decision.codes),
        "confidence": decision.confidence,
        "policy": decision.policy.name if decision.policy else "",
        "policy_text": decision.policy_text,
        "decided_by": reviewer(decision.team_id, decision.decided_by_id) or gettext(ERASED),
        "decided_at": decision.created_at.isoformat(),
    }


def _answers(decision: Decision) -> Json:
    """That it answered an appeal, and how."""
    appeal = getattr(decision, "answered_appeal", None)
    return {"answers_appeal": appeal.outcome} if appeal else {}


def _history(case: Case) -> list[Json]:
    """Every decision, every opening again and every appeal, in the order of time. Questions to a
    lead and their answers stay out: they are talk within the team."""
    made = case.decisions.select_related("policy", "answered_appeal")
    steps = [
        {"when": one.created_at.isoformat(), "what": "decided", **_decision(one), **_answers(one)}
        for one in made
    ]
    steps += [_step(one) for one in reopenings.of(case) if one.verb in STEPS]
    return sorted(steps, key=lambda step: str(step["when"]))


def _step(one: reopenings.Reopening) -> Json:
    """No words: the text of an appeal and the reason for reopening were written for the team."""
    return {"when": one.when.isoformat(), "what": str(one.verb).partition(".")[2], "reason": ""}


def _events(chain: UUID) -> list[Json]:
    """Without names: actors are given by kind."""
    return [
        {
            "number": event.seq,
            "when": event.recorded_at.isoformat(),
            "what": event.verb,
            "who": event.who.partition(":")[0],
            "hash": bytes(event.hash).hex(),
        }
        for event in Event.objects.filter(chain=chain).order_by("seq")
    ]


def key_frames(analysis: UUID, result: Mapping[str, Any]) -> list[tuple[Json, bytes]]:
    """Small pictures that the engine made from clean pixels, with the boxes of faces in them."""
    media, tracks = result.get("media") or {}, result.get("tracks") or []
    maps = (bench.overlay(result) or {}).get("maps", [])
    seen = Thumbnail.objects.exclude(name__in=pictures.DRAWN)
    found = list(seen.filter(analysis=analysis).order_by("id")[:FRAMES])
    return [
        (_frame(one.name, picture.content, media, tracks, maps), picture.content)
        for one, picture in zip(found, pictures.read_all(found), strict=True)
    ]


def _frame(
    name: str,
    content: bytes,
    media: Mapping[str, Any],
    tracks: Sequence[Mapping[str, Any]],
    maps: Sequence[Mapping[str, Any]],
) -> Json:
    description = pictures.described(name, media, tracks)
    return {
        "name": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "caption": description["caption"],
        "width": description["width"],
        "height": description["height"],
        "faces": [
            {name: face[name] for name in ("track", "left", "top", "width", "height")}
            for face in description["faces"]
        ],
        "maps": [
            _map(one)
            for one in maps
            if description["faces"] and _is_near(one, description["moment"])
        ],
    }


def _is_near(drawn: Mapping[str, Any], moment: float | None) -> bool:
    """The check looked at this very picture, or at the video close to this moment."""
    return moment is None or abs(drawn["seconds"] - moment) <= MAP_NEAR


def _map(drawn: Mapping[str, Any]) -> Json:
    place = ("left", "top", "width", "height", "side")
    return {**{name: drawn[name] for name in place}, "cells": list(drawn["cells"])}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
