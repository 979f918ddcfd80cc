"""Codes and names of a report in words, for its PDF, in the active language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.formats import date_format, get_format
from django.utils.translation import gettext

from audit.verbs import Verb
from media_analysis.review.appeal_models import AppealOutcome
from media_analysis.review.models import Confidence
from media_analysis.submissions.forms import CHECKS, KINDS, OUTCOMES
from media_analysis.submissions.presenters import audit_trail
from ml.engine import naming
from ml.language import number

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
LABELS = {
    "all": "all files",
    "ap": "average precision",
    "auc": "area under the ROC curve",
    "auc_checked_pairs": "the same, on pairs that were verified",
    "auc_high": "its 95 % interval to",
    "auc_low": "its 95 % interval from",
    "brier": "Brier score",
    "channels": "Channels",
    "clean": "on unchanged files",
    "cllr": "Cllr",
    "coverage": "share of files with a result",
    "decided_accuracy": "share of decided files that are right",
    "decided_share": "share of files that the check decides",
    "duration": "Duration in seconds",
    "ece": "expected calibration error",
    "eer": "equal error rate",
    "fake_asked": "share of fakes that the check reports",
    "fake_decided": "share of fakes that the check decides to be fakes",
    "fakes": "fakes",
    "format": "Format",
    "found_of_fakes": "share of fakes that are found",
    "fps": "Frames per second",
    "frames_decoded": "Frames decoded",
    "frames_expected": "Frames expected",
    "height": "Height in pixels",
    "kind": "Kind",
    "leave_one_source_out": "on sources left out of the training, one after the other",
    "measured_on": "date",
    "min_cllr": "lowest possible Cllr",
    "n": "files",
    "name": "Name",
    "network": "network alone",
    "real_asked": "share of genuine files that the check reports",
    "real_decided": "share of genuine files that the check decides to be fakes",
    "reals": "genuine files",
    "received_at": "Received",
    "removed": "Removed",
    "sample_rate": "Sample rate in Hz",
    "sha256": "SHA-256",
    "size": "Size in bytes",
    "split": "data set",
    "test_split": "on the test set",
    "tpr_at_1_fpr": "fakes found where 1 % of genuine files are reported",
    "tpr_at_5_fpr": "fakes found where 5 % of genuine files are reported",
    "type": "Type",
    "width": "Width in pixels",
}
SENTENCES = {
    Verb.SUBMISSION_RECEIVED: "The media was received and stored unchanged.",
    Verb.REPORT_ISSUED: "A report was issued.",
}
"""Where the page's sentence points at a hash next to it."""


def label(name: str) -> str:
    """Of a value that is named in JSON; another detector's own name stays as it is."""
    words = LABELS.get(name) or naming.LABELS.get(name)
    return gettext(words) if words else name.replace("_", " ")


def moment(when: str) -> str:
    """To the second; the JSON has all of it."""
    return f"{date_format(datetime.fromisoformat(when).astimezone(UTC), 'DATETIME_FORMAT')} UTC"


def value(data: Any) -> str:
    """A number as the language writes it; words as they are."""
    if isinstance(data, Mapping):
        return ", ".join(f"{label(str(name))} = {value(one)}" for name, one in data.items())
    if isinstance(data, bool):
        return gettext("yes") if data else gettext("no")
    if isinstance(data, float):
        return f"{data:.4g}".replace(".", str(get_format("DECIMAL_SEPARATOR")))
    if isinstance(data, int):
        return f"{data:,}".replace(",", NARROW_SPACE)
    return str(data)


def interval(bounds: Any) -> str:
    if not bounds:
        return ""
    low, high = (number(one, 2) for one in bounds)
    return gettext("{low} to {high}").format(low=low, high=high)


def measured(rates: Mapping[str, Any]) -> str:
    """What is known of a check's errors, on named data."""
    on = str(rates.get("measured_on") or "")
    try:
        on = date_format(datetime.fromisoformat(on), "DATE_FORMAT")
    except ValueError:
        pass  # in words
    figures = {name: one for name, one in {**rates, "measured_on": on}.items() if one}
    return "; ".join(f"{label(name)}: {value(one)}" for name, one in figures.items())


def of_media(name: str, data: Any) -> tuple[str, str]:
    if name == "received_at":
        return label(name), moment(data)
    if name == "kind":
        return label(name), _choice(KINDS, data)
    return label(name), value(data)


def outcome(code: str | None) -> str:
    return _choice(OUTCOMES, code) if code else gettext("No verdict")


def status(code: str) -> str:
    return _choice(CHECKS, code)


def confidence(code: str) -> str:
    return str(Confidence(code).label) if code in Confidence.values else code


def strength(code: str) -> str:
    words = {
        "strong": gettext("Strong evidence"),
        "moderate": gettext("Moderate evidence"),
        "weak": gettext("Weak evidence"),
        "context": gettext("Context"),
    }
    return words.get(code, code)


def who(kind: str) -> str:
    words = {"user": gettext("person"), "service": gettext("partner"), "system": gettext("system")}
    return words.get(kind, kind)


def event(verb: str) -> str:
    words: Mapping[Any, str] = {**audit_trail.SENTENCES, **SENTENCES}
    return gettext(words.get(verb, verb))


def answer(code: str) -> str:
    """Of an appeal."""
    return str(AppealOutcome(code).label) if code in AppealOutcome.values else code


def step(entry: Mapping[str, Any]) -> str:
    """One line of the decision's history."""
    if entry["what"] != "decided":
        return event(f"case.{entry['what']}")
    words = str(entry["outcome_text"])
    if entry.get("answers_appeal"):
        answered = gettext("{decision} (answer to an appeal: {answer})")
        words = answered.format(decision=words, answer=answer(entry["answers_appeal"]))
    return f"{words}. {entry['reason']}"


def _choice(choices: Any, code: str) -> str:
    return str(dict(choices).get(code) or code.replace("_", " "))
