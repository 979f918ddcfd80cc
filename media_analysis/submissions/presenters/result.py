"""A submission in words and numbers for the pages: plain dicts, no HTML and no decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.urls import reverse

from accounts.actors import Actor
from accounts.roles import Permission
from audit.beside import beside
from audit.exporting import one_snapshot
from audit.models import Event
from audit.walking import first_bad_event
from blobs.models import Blob
from media_analysis.submissions.models import Submission
from media_analysis.submissions.ownership import may
from media_analysis.submissions.presenters import bench, deletion_rows
from media_analysis.submissions.presenters.audit_trail import story
from media_analysis.submissions.presenters.face_map import face_map
from media_analysis.submissions.presenters.statements import decision, declared, face_link
from media_analysis.submissions.presenters.timeline import timeline
from media_analysis.submissions.search import similar
from media_analysis.submissions.services import films, pictures
from media_analysis.submissions.services.intake import Received
from ml.engine.cards import card
from ml.engine.media.stated import PARTS_FAILED, sentence
from ml.engine.naming import DETECTORS, LABELS, clock, detector_name
from ml.models import Analysis

Json = Mapping[str, Any]
UNFINISHED = ("queued", "running")


def told(received: Received) -> str:
    """The answer to an upload; a duplicate is told, never refused."""
    name = received.submission.filename or "The file"
    if received.earlier is None:
        return f"{name} was received and is being analysed."
    when = received.earlier.created_at.strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"{name} was received. These bytes were already submitted on {when}; "
        "that result is linked, and a fresh analysis is running."
    )


def page(submission: Submission, actor: Actor) -> dict[str, Any]:
    analysis = submission.analysis
    result = whole_result(analysis)
    frames = pictures.shown(submission, actor, result)
    anchors = {frame["anchor"] for frame in frames}
    findings = [finding(f, anchors) for f in result["findings"]]
    is_still = bool(frames) and (result["media"] or {}).get("kind") == "image"
    return {
        "submission": submission,
        "analysis": analysis,
        "unfinished": analysis.state in UNFINISHED,
        "work": work(submission),
        "announcement": announcement(analysis),
        "verdict": verdict(analysis, result),
        "decision": decision(submission, actor),
        "findings": findings,
        "coverage": [coverage_line(f) for f in findings],
        "coverage_summary": coverage_summary(findings),
        "lines": bench.lines(findings, result["findings"]),
        "aside": bench.aside(findings),
        "timeline": timeline(result),
        "still": frames[0] if is_still else None,
        "frames": frames[1:] if is_still else frames,
        "overlay": bench.overlay(result),
        "player": (player := films.shown(submission, actor, frames)),
        "seekable": bool(player and player["url"]),
        "veiled": True,
        "facts": media_facts(submission, result),
        "custody": custody(submission),
        **similar.same_bytes(actor, submission),
        "alike": similar.others(actor, submission),
        "may_submit": may(actor, Permission.SUBMIT_MEDIA, submission),
        "deletion": deletion_rows.newest(actor, submission),
        "may_ask_for_deletion": may(actor, Permission.REQUEST_DELETION, submission),
        "may_cancel": may(actor, Permission.CANCEL_ANALYSES, submission),
    }


def whole_result(analysis: Analysis) -> dict[str, Any]:
    """Verdict, tracks, media and findings together, as the engine said them."""
    return {
        **(analysis.result or {}),
        "media": analysis.media,
        "findings": [row.as_json() for row in analysis.findings.all()],
    }


def work(submission: Submission) -> dict[str, Any]:
    analysis = submission.analysis
    url = reverse("submissions:progress", args=[submission.pk])
    return {
        "state": analysis.state,
        "percent": round(100 * analysis.progress) if analysis.state == "running" else None,
        "stage": analysis.stage or ("waiting for a worker" if analysis.state == "queued" else ""),
        "status_url": url if analysis.state in UNFINISHED else None,
    }


def in_a_word(analysis: Analysis) -> dict[str, Any]:
    """State or verdict in a few words, for a list that renews itself."""
    ended = analysis.state not in UNFINISHED
    outcome = analysis.shown_outcome if ended else None
    if outcome:
        said = outcome.replace("_", " ").capitalize()
    else:
        said = {"queued": "Waiting for a worker", "running": "Being analysed"}.get(
            analysis.state, analysis.state.capitalize()
        )
        if analysis.state == "running":
            said += f", {round(100 * analysis.progress)} %"
    return {"words": said, "ended": ended}


def announcement(analysis: Analysis) -> str:
    """Said aloud when the result takes the place of its progress."""
    if analysis.shown_outcome is None:
        return f"The analysis has ended: {analysis.state}."
    return f"The analysis has ended: {analysis.shown_outcome.replace('_', ' ')}."


def verdict(analysis: Analysis, result: Json) -> dict[str, Any] | None:
    if analysis.shown_outcome is None:
        return None
    said: Json = result.get("verdict") or {}
    media: Json = result.get("media") or {}
    reason = said.get("reason") or analysis.reason
    return {
        "outcome": analysis.shown_outcome,
        "reason": reason,
        "short": bench.in_short(analysis.shown_outcome, reason),
        "declared": declared(said.get("declared")),
        "probability": probability(said),
        "incomplete": incomplete(media),
    }


def probability(said: Json) -> dict[str, Any] | None:
    value = said.get("probability_manipulated")
    if value is None:
        return None
    low, high = said.get("interval") or (value, value)
    ends = f"{low:.2f}", f"{high:.2f}"
    return {
        "percent": round(100 * value, 1),
        "text": f"{value:.2f}",
        "low_percent": round(100 * low, 1),
        "width_percent": round(100 * (high - low), 1),
        "interval": f"95 % interval {' to '.join(ends)}" if ends[0] != ends[1] else "",
    }


def incomplete(media: Json) -> str:
    failed = [PARTS_FAILED[flag] for flag in PARTS_FAILED if flag in media.get("flags", ())]
    if failed:
        return " ".join(failed)
    if not media.get("incomplete"):
        return ""
    decoded, expected = media.get("frames_decoded"), media.get("frames_expected")
    if decoded is None or expected is None or decoded == expected:
        return "The checks speak of the part that could be decoded."
    return f"{decoded} of {expected} promised frames could be decoded; the checks speak of those."


def finding(said: Json, anchors: Collection[str] = ()) -> dict[str, Any]:
    measures = DETECTORS.get(said["detector"], ("", ""))[1]
    value, score = said.get("probability_manipulated"), said.get("score")
    return {
        "anchor": f"check-{said['detector'].replace('_', '-')}",
        "name": detector_name(said["detector"]),
        "measures": measures,
        "status": said["status"],
        "reason": said["reason"],
        "probability_text": "" if value is None else f"{value:.2f}",
        "score_text": "" if score is None else f"{score:.3f}",
        "evidence": [
            {
                "text": evidence["text"],
                "strength": evidence["strength"],
                "details": details(evidence.get("data") or {}),
                "map": face_map(evidence.get("data") or {}),
                "face": face_link(evidence.get("data") or {}, anchors),
            }
            for evidence in said.get("evidence", [])
        ],
        "score_meaning": card(said["detector"]).get("score") or "",
        "limits": card(said["detector"]).get("limits") or [],
        "version": said.get("version", ""),
        "weights_sha256": said.get("weights_sha256"),
        "facts": details(said.get("counts") or {}) + details(said.get("parameters") or {}),
    }


def details(data: Json) -> list[dict[str, Any]]:
    """Small values that have words; what is nested, long or internal stays in the JSON download."""
    return [
        {"label": LABELS[label], "value": shown(value)}
        for label, value in data.items()
        if label in LABELS and shown(value)
    ]


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return value if len(value) <= 300 else value[:299] + "…"
    if isinstance(value, Sequence) and all(isinstance(v, str | int | float) for v in value):
        text = ", ".join(shown(v) for v in value[:16])
        return text + (", …" if len(value) > 16 else "")
    return ""


def coverage_line(shown_finding: Json) -> dict[str, Any]:
    return {
        "name": shown_finding["name"],
        "status": shown_finding["status"],
        "reason": shown_finding["reason"] if shown_finding["status"] != "ran" else "",
        "anchor": shown_finding["anchor"],
    }


def coverage_summary(findings: Sequence[Json]) -> str:
    ran = sum(f["status"] == "ran" for f in findings)
    return f"{ran} of {len(findings)} checks ran"


def media_facts(submission: Submission, result: Json) -> list[dict[str, Any]]:
    media: Json = result.get("media") or {}
    facts: list[dict[str, Any]] = [
        {"label": "SHA-256", "value": submission.blob_id, "code": True},
        {"label": "Size", "value": f"{submission.blob.size:,} bytes".replace(",", " ")},
        {"label": "Type", "value": submission.blob.media_type},
    ]
    if media.get("width"):
        facts.append({"label": "Picture", "value": f"{media['width']} × {media['height']} pixels"})
    if media.get("duration"):
        facts.append({"label": "Duration", "value": clock(media["duration"])})
    if media.get("frames_decoded") and media.get("kind") == "video":
        expected = media.get("frames_expected")
        of = f" of {expected} promised" if expected else ""
        facts.append({"label": "Frames decoded", "value": f"{media['frames_decoded']}{of}"})
    if media.get("sample_rate"):
        facts.append({"label": "Sound", "value": f"{media['sample_rate']} Hz"})
    flags = media.get("flags") or ()
    said = media.get("stated") or [{"text": sentence(flag)} for flag in flags]
    facts += [{"label": "Noticed while reading", "value": fact["text"]} for fact in said]
    facts.append({"label": "Engine", "value": submission.analysis.engine_version or "not yet run"})
    return facts


def custody(submission: Submission) -> dict[str, Any]:
    """The whole chain, hashed again while the page is made, and the rows beside it: it is short."""
    with one_snapshot():  # what is written meanwhile is no damage
        events = list(Event.objects.filter(chain=submission.pk).order_by("seq"))
        wrong, summary = _checked(submission, events)
    return {"intact": not wrong, "summary": summary, "events": story(events, submission.team_id)}


DO_NOT_RELY = "Do not rely on this page; ask an administrator to run the audit verification."


def _checked(submission: Submission, events: Sequence[Event]) -> tuple[bool, str]:
    if bad := first_bad_event(submission.pk, events):
        return True, f"Event {bad} does not follow from the one before it. {DO_NOT_RELY}"
    found = beside(submission.pk, events, also=[(Blob, submission.blob_id)])
    if wrong := found.first:
        return True, (
            f"What is kept says something else than the record: {wrong.table}, {wrong.row}: "
            f"{wrong.what}. {DO_NOT_RELY}"
        )
    return False, (
        f"All {len(events)} events of this submission follow from one another without a gap, and "
        f"the {found.rows} rows that they speak of say the same."
    )


def export(submission: Submission) -> dict[str, Any]:
    """All of it, for machines and for the archive."""
    analysis = submission.analysis
    return {
        "submission": {
            "id": str(submission.pk),
            "team": str(submission.team_id),
            "filename": submission.filename,
            "note": submission.note,
            "policy_context": submission.policy_context,
            "external_id": submission.external_id,
            "received_at": submission.created_at.isoformat(),
            "sha256": submission.blob_id,
            "size": submission.blob.size,
            "media_type": submission.blob.media_type,
        },
        "declared": analysis.declared,
        "analysis": {
            "id": str(analysis.pk),
            "state": analysis.state,
            "outcome": analysis.outcome,
            "attempt": analysis.attempt,
            "engine_version": analysis.engine_version,
            "result_sha256": analysis.result_sha256,
            "result": whole_result(analysis),
        },
        "events": [
            {"seq": e.seq, "hash": bytes(e.hash).hex(), "payload": bytes(e.payload).decode()}
            for e in Event.objects.filter(chain=submission.pk).order_by("seq")
        ],
    }
