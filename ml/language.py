"""Sentences of results and failures in the reader's language. Rows keep codes and data.

What was stored as plain text, by earlier versions or by a detector from outside, is shown as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.formats import get_format, number_format
from django.utils.translation import gettext, ngettext

from jobs.models import State
from ml.engine.catalogue import AND, SENTENCES
from ml.engine.naming import detector_name
from ml.engine.sentence import KEY, Language, Sentence, is_stored, spoken, stored, stored_parts

CERTAIN = 0.01
"""A probability is not shown as 0 or 1."""
BEGINNING = f'{{"{KEY}":'
FAILURES = {
    "attempts_exhausted": "All attempts failed.",
    "poison": "The file crashed its worker process several times. It is not retried automatically.",
    "out_of_memory": "The file needed more memory than there is.",
    "deadline": "The work took too long and was stopped.",
    "sandbox_crashed": "The decoder crashed.",
    "sandbox_killed": "The decoder was stopped by force.",
    "sandbox_timeout": "The decoder took too long and was stopped.",
    "sandbox_protocol": "The decoder gave an invalid answer.",
    "blob_damaged": "The stored file is missing or damaged. It was not used.",
    "lease_expired": "The worker stopped responding. The work starts again.",
    "transient": "An attempt failed. The work is retried.",
    "released": "The worker was stopped. The work starts again.",
    "gave_way": "Other work went first. The work starts again.",
    "cancelled": "The work was cancelled.",
    "requeued": "A person asked for a retry.",
}
"""Why work has no result, by the code that its row keeps."""
SHORT = {
    "attempts_exhausted": "all attempts failed",
    "poison": "crashed its worker process several times",
    "blob_damaged": "stored file missing or damaged",
    "empty": "empty file",
    "type_not_allowed": "file type not supported",
    "corrupt": "damaged file",
    "no_media": "no media in the file",
    "too_many_pixels": "picture too large",
    "too_many_frames": "too many frames",
    "too_long": "recording too long",
    "too_expensive": "decoding took too long",
    "decompression_bomb": "decompression bomb",
    "external_reference": "refers to other files",
    "aspect_not_supported": "picture too narrow",
    "variant_not_read": "encoding not supported",
}
"""The same in a few words, for tables; with the reasons for which files are rejected."""
PROGRESS = {
    "reading the file": "reading the file",
    "opening": "opening",
    "looking": "analysing the pictures",
    "listening": "analysing the sound",
    "concluding": "running the checks",
    "done": "finished",
    "preparing the film": "preparing the video",
    "making the evidence film": "making the evidence video",
    "waiting for a worker": "waiting for a worker",
}


def in_words(value: Any) -> str:
    """A sentence in one of its forms: from the engine, from JSON, or from a text column."""
    if isinstance(value, Sentence):
        return spoken(value.parts, _language())
    if is_stored(value):
        return spoken(stored_parts(value), _language())
    return str(value or "")


def as_text(sentence: Any) -> str:
    """For a text column: the codes as compact JSON, or the plain text that there is."""
    codes = stored(sentence)
    return (
        json.dumps(codes, separators=(",", ":"), sort_keys=True) if is_stored(codes) else str(codes)
    )


def from_text(column: str) -> Any:
    """The inverse of `as_text`, as in JSON."""
    if not column.startswith(BEGINNING):
        return column
    try:
        codes = json.loads(column)
    except ValueError:
        return column
    return codes if is_stored(codes) else column


def reason(state: str, code: str, column: str) -> str:
    """The sentence of an analysis or another job: its verdict's, or why there is no result."""
    if state != State.DONE and (words := FAILURES.get(code) or SENTENCES.get(f"file.{code}")):
        return gettext(str(words))
    return in_words(from_text(column))


def in_short(code: str) -> str:
    words = SHORT.get(code)
    return gettext(words) if words else code.replace("_", " ")


def stage(name: str) -> str:
    return gettext(PROGRESS[name]) if name in PROGRESS else name


def check_name(detector: str) -> str:
    return gettext(detector_name(detector))


def number(value: float, decimals: int) -> str:
    """Rounded; Django alone would cut the other decimals off."""
    return number_format(round(value, decimals) + 0.0, decimals)  # never "-0"


def probability(value: float) -> str:
    """With 2 decimals. Rounding makes none certain."""
    if value < CERTAIN / 2:
        return f"< {number(CERTAIN, 2)}"
    if value > 1 - CERTAIN / 2:
        return f"> {number(1 - CERTAIN, 2)}"
    return number(value, 2)


def listed(words: list[str]) -> str:
    """`A, B and C`."""
    *first, last = words
    return f"{', '.join(first)} {gettext(AND)} {last}" if first else last


def tree(value: Any, *, codes: bool = False) -> Any:
    """JSON with each sentence in words, and with `codes` the codes and data next to it."""
    if is_stored(value):
        return in_words(value)
    if isinstance(value, Mapping):
        out = {}
        for key, item in value.items():
            out[key] = tree(item, codes=codes)
            if codes and is_stored(item):
                out[f"{key}_codes"] = [{"code": c, "data": tree(d)} for c, d in item[KEY]]
        return out
    return [tree(item, codes=codes) for item in value] if isinstance(value, list) else value


def _language() -> Language:
    return Language(gettext, ngettext, str(get_format("DECIMAL_SEPARATOR")))
