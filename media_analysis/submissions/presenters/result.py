"""A submission in words and numbers for the pages: plain dicts, no HTML and no decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext

from accounts.actors import Actor
from accounts.roles import Permission
from jobs.models import UNDER_WAY
from media_analysis.submissions import languages
from media_analysis.submissions.forms import OUTCOMES, STATES
from media_analysis.submissions.keeping import MEDIA_PARTS
from media_analysis.submissions.models import Part, Submission
from media_analysis.submissions.ownership import may
from media_analysis.submissions.presenters import bench, deletion_rows, further, metadata
from media_analysis.submissions.presenters.custody import custody
from media_analysis.submissions.presenters.face_map import face_map
from media_analysis.submissions.presenters.statements import decision, declared, face_link
from media_analysis.submissions.presenters.timeline import timeline
from media_analysis.submissions.presenters.values import details, raw
from media_analysis.submissions.search import blind, similar
from media_analysis.submissions.services import films, parts, pictures
from media_analysis.submissions.services.intake import Received
from ml import language
from ml.engine.manifest import manifest_of
from ml.engine.media.stated import PARTS_FAILED, sentence
from ml.engine.naming import clock
from ml.models import Analysis

Json = Mapping[str, Any]
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


def upload_message(received: Received) -> str:
    """The message after an upload. A duplicate is mentioned, never refused."""
    name = received.submission.filename or gettext("The file")
    if received.earlier is None:
        return gettext("{file} was received and is being analysed.").format(file=name)
    when = date_format(received.earlier.created_at, "SHORT_DATETIME_FORMAT")
    return gettext(
        "{file} was received. The same bytes were already submitted on {when} UTC. That result is "
        "linked, and a new analysis is running."
    ).format(file=name, when=when)


def page(submission: Submission, actor: Actor, *, searched: str = "") -> dict[str, Any]:
    """`searched`: the word that the metadata shown has to contain."""
    analysis = submission.analysis
    result = whole_result(analysis)
    named = pictures.names(submission, actor)
    frames = pictures.frames_for_page(submission, named, result)
    anchors = {frame["anchor"] for frame in frames}
    findings = [finding(f, anchors) for f in result["findings"]]
    is_still = bool(frames) and (result["media"] or {}).get("kind") == "image"
    return {
        "submission": submission,
        "analysis": analysis,
        "unfinished": analysis.state in UNDER_WAY,
        "work": work(submission),
        "announcement": announcement(analysis),
        "verdict": verdict(analysis, result),
        "reason": reason_of(analysis),
        "decision": decision(submission, actor),
        "findings": findings,
        "coverage": [coverage_line(f) for f in findings],
        "coverage_summary": coverage_summary(findings),
        "lines": bench.lines(findings, result["findings"]),
        "aside": bench.aside(findings),
        "timeline": timeline(result, pictures.of_sound(submission, named)),
        "still": frames[0] if is_still else None,
        "aids": pictures.of_aids(submission, named) if is_still else [],
        "frames": frames[1:] if is_still else frames,
        "overlay": bench.overlay(result),
        "player": (player := films.player_data(submission, actor, frames)),
        "seekable": bool(player and player["url"]),
        "veil": pictures.veil(actor, submission),
        "facts": media_facts(submission, result),
        "original_url": reverse("api:submission-media", args=[submission.pk])
        if may(actor, Permission.VIEW_MEDIA, submission)
        and Part.ORIGINAL not in submission.removed_parts
        else "",
        "removed": parts.sentences(submission),
        "metadata": metadata.for_page(submission, actor, searched),
        "custody": custody(submission, blind=blind.is_blind(submission, actor)),
        **similar.same_bytes(actor, submission),
        "alike": similar.others(actor, submission),
        "further": further.analyses(submission),
        "may_mark": analysis.state not in UNDER_WAY
        and not submission.removed_parts
        and not submission.planted
        and actor.can(Permission.MANAGE_QUEUES, submission.team_id),
        "may_submit": may(actor, Permission.SUBMIT_MEDIA, submission)
        and not submission.removed_parts.keys() & set(MEDIA_PARTS),
        "deletion": deletion_rows.newest(actor, submission),
        **deletion_rows.held(actor, submission),
        "may_ask_for_deletion": may(actor, Permission.REQUEST_DELETION, submission),
        "may_cancel": may(actor, Permission.CANCEL_ANALYSES, submission),
    }


def whole_result(analysis: Analysis, *, codes: bool = False) -> dict[str, Any]:
    """Verdict, tracks, media and findings, with sentences in the reader's language and optionally
    their codes."""
    findings = [row.as_json() for row in analysis.findings.all()]
    whole = {
        **(analysis.result or {}),
        "media": analysis.media,
        "findings": [{**row, "reason": language.from_text(row["reason"])} for row in findings],
    }
    return dict(language.tree(whole, codes=codes))


def work(submission: Submission) -> dict[str, Any]:
    analysis = submission.analysis
    url = reverse("submissions:progress", args=[submission.pk])
    return {
        "state": analysis.state,
        "percent": round(100 * analysis.progress) if analysis.state == "running" else None,
        "stage": language.stage(
            analysis.stage or ("waiting for a worker" if analysis.state == "queued" else "")
        ),
        "status_url": url if analysis.state in UNDER_WAY else None,
    }


def short_state(analysis: Analysis) -> dict[str, Any]:
    """State or verdict in a few words, for a list that is updated while it is open."""
    ended = analysis.state not in UNDER_WAY
    outcome = analysis.displayed_outcome if ended else None
    if outcome:
        text = str(dict(OUTCOMES).get(outcome, outcome))
    else:
        text = str(dict(STATES).get(analysis.state, analysis.state))
        if analysis.state == "running":
            text += f", {round(100 * analysis.progress)} %"
    return {"words": text, "ended": ended, "outcome": outcome or ""}


def announcement(analysis: Analysis) -> str:
    """For screen readers, when the result replaces its progress."""
    outcome = analysis.displayed_outcome
    ended = dict(OUTCOMES).get(outcome) if outcome else dict(STATES).get(analysis.state)
    return gettext("The analysis has ended: {result}.").format(result=ended or analysis.state)


def verdict(analysis: Analysis, result: Json) -> dict[str, Any] | None:
    if analysis.displayed_outcome is None:
        return None
    values: Json = result.get("verdict") or {}
    media: Json = result.get("media") or {}
    reason = values.get("reason") or reason_of(analysis)
    return {
        "outcome": analysis.displayed_outcome,
        "reason": reason,
        "short": bench.in_short(analysis.displayed_outcome, reason),
        "declared": declared(values.get("declared")),
        "probability": probability(values),
        "incomplete": incomplete(media),
    }


def reason_of(analysis: Analysis) -> str:
    return language.reason(analysis.state, analysis.reason_code, analysis.reason)


def probability(values: Json) -> dict[str, Any] | None:
    value = values.get("probability_manipulated")
    if value is None:
        return None
    low, high = values.get("interval") or (value, value)
    ends = language.number(low, 2), language.number(high, 2)
    return {
        "percent": round(100 * value, 1),
        "text": language.probability(value),
        "low_percent": round(100 * low, 1),
        "width_percent": round(100 * (high - low), 1),
        "interval": gettext("95 % interval {low} to {high}").format(low=ends[0], high=ends[1])
        if ends[0] != ends[1]
        else "",
    }


def incomplete(media: Json) -> str:
    flags = media.get("flags", ())
    failed = [language.in_words(sentence(flag)) for flag in PARTS_FAILED if flag in flags]
    if failed:
        return " ".join(failed)
    if not media.get("incomplete"):
        return ""
    decoded, expected = media.get("frames_decoded"), media.get("frames_expected")
    if decoded is None or expected is None or decoded == expected:
        return gettext("The checks cover only the part that could be decoded.")
    return gettext(
        "{decoded} of {expected} frames could be decoded. The checks cover only those."
    ).format(decoded=decoded, expected=expected)


def finding(values: Json, anchors: Collection[str] = ()) -> dict[str, Any]:
    manifest = manifest_of(values["detector"])
    value, score = values.get("probability_manipulated"), values.get("score")
    return {
        "anchor": f"check-{values['detector'].replace('_', '-')}",
        "name": language.check_name(values["detector"]),
        "measures": gettext(manifest.measures) if manifest.measures else "",
        "status": values["status"],
        "reason": values["reason"],
        "probability_text": "" if value is None else language.probability(value),
        "score_text": "" if score is None else language.number(score, 3),
        "evidence": [
            {
                "text": evidence["text"],
                "strength": evidence["strength"],
                "details": details(evidence.get("data") or {}),
                "raw": raw(values["detector"], evidence.get("data") or {}),
                "map": face_map(evidence.get("data") or {}),
                "face": face_link(evidence.get("data") or {}, anchors),
            }
            for evidence in values.get("evidence", [])
        ],
        "score_meaning": gettext(manifest.score_meaning) if manifest.score_meaning else "",
        "limits": [gettext(limit) for limit in manifest.limits],
        "version": values.get("version", ""),
        "weights_sha256": values.get("weights_sha256"),
        "facts": details(values.get("counts") or {}) + details(_without_meaning(values)),
    }


def _without_meaning(values: Json) -> dict[str, Any]:
    """The parameters; what the score means is said in the reader's language already."""
    parameters: Json = values.get("parameters") or {}
    return {name: value for name, value in parameters.items() if name != "score"}


def coverage_line(shown_finding: Json) -> dict[str, Any]:
    return {
        "name": shown_finding["name"],
        "status": shown_finding["status"],
        "reason": shown_finding["reason"] if shown_finding["status"] != "ran" else "",
        "anchor": shown_finding["anchor"],
    }


def coverage_summary(findings: Sequence[Json]) -> str:
    ran = sum(f["status"] == "ran" for f in findings)
    return gettext("{ran} of {all} checks ran").format(ran=ran, all=len(findings))


def media_facts(submission: Submission, result: Json) -> list[dict[str, Any]]:
    media: Json = result.get("media") or {}
    facts: list[dict[str, Any]] = [
        {"label": "SHA-256", "value": submission.blob_id, "code": True},
        {"label": gettext("Size"), "value": _bytes(submission.blob.size)},
        {"label": gettext("Type"), "value": submission.blob.media_type},
    ]
    if submission.language:
        named = languages.name_of(submission.language)
        text = gettext("{language}, stated by the sender").format(language=named)
        facts.append({"label": gettext("Language"), "value": text})
    if media.get("width"):
        pixels = gettext("{width} × {height} pixels")
        size = pixels.format(width=media["width"], height=media["height"])
        facts.append({"label": gettext("Picture"), "value": size})
    if media.get("duration"):
        facts.append({"label": gettext("Duration"), "value": clock(media["duration"])})
    if media.get("frames_decoded") and media.get("kind") == "video":
        expected = media.get("frames_expected")
        decoded = str(media["frames_decoded"])
        if expected:
            decoded = gettext("{decoded} of {expected}").format(decoded=decoded, expected=expected)
        facts.append({"label": gettext("Frames decoded"), "value": decoded})
    if media.get("sample_rate"):
        facts.append({"label": gettext("Sound"), "value": f"{media['sample_rate']} Hz"})
    flags = media.get("flags") or ()
    stated = media.get("stated") or [{"text": language.in_words(sentence(flag))} for flag in flags]
    noticed = gettext("Noticed while decoding")
    facts += [{"label": noticed, "value": fact["text"]} for fact in stated]
    version = submission.analysis.engine_version or gettext("not run yet")
    facts.append({"label": gettext("Engine"), "value": version})
    if examined_at := submission.analysis.examined_at:
        when = date_format(localtime(examined_at), "DATETIME_FORMAT")
        text = gettext("Reused from an analysis of the same bytes in this team, made on {when}")
        facts.append({"label": gettext("Results"), "value": text.format(when=when)})
    return facts


def _bytes(size: int) -> str:
    grouped = f"{size:,}".replace(",", NARROW_SPACE)
    return ngettext("{size} byte", "{size} bytes", size).format(size=grouped)
