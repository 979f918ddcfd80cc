"""What the file says about itself: rows of a table, and the Content Credentials as a tree.

Everything in it was written by others. It is text for the page to escape, never HTML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

import ml.metadata
from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from blobs.errors import BlobError, Damaged
from media_analysis.submissions.models import Part, Submission
from media_analysis.submissions.ownership import may
from media_analysis.submissions.presenters import manifest_tree
from media_analysis.submissions.services import parts
from ml import language
from ml.engine.detectors.provenance.credentials import describe_identity
from ml.engine.sentence import say

Json = Mapping[str, Any]
LONG, BEGINNING = 240, 160
LONGEST_SEARCH = 100
PLACES: Mapping[str, str | Promise] = {
    "exif": "EXIF",
    "iptc": "IPTC",
    "xmp": "XMP",
    "png_text": gettext_lazy("PNG text"),
    "comments": gettext_lazy("Comment"),
    "container": gettext_lazy("Container"),
    "icc": gettext_lazy("Colour profile"),
    "tiff": "TIFF",
    "jpeg": "JPEG",
    "boxes": gettext_lazy("Box structure"),
}
_POSITION = re.compile(r"gps|location|latitude|longitude|\bcity\b|province|country(?!code)", re.I)
_PERSON = re.compile(
    r"artist|author|by-?line|(?<![a-z])creator(?!tool)|owner|\bcredit\b|contact|writer|copyright"
    r"|serial",
    re.I,
)


def _is_readable(submission: Submission, actor: Actor) -> bool:
    has_ended = bool(submission.analysis.displayed_outcome)
    return has_ended and may(actor, Permission.VIEW_MEDIA, submission)


def for_page(submission: Submission, actor: Actor, searched: str = "") -> dict[str, Any] | None:
    """For people who may view the media. None for others, and if no analysis has ended."""
    if not _is_readable(submission, actor):
        return None
    if Part.TEXT in submission.removed_parts:
        return {"note": parts.sentences(submission)[Part.TEXT]}
    try:
        found = ml.metadata.read(submission.analysis_id)
    except BlobError as error:
        code = "media_damaged" if isinstance(error, Damaged) else "store_unavailable"
        return {"note": Refusal(code).sentence}
    if found is None:
        return {"note": gettext("The metadata was not kept when this media was analysed.")}
    searched = searched.strip()[:LONGEST_SEARCH]
    rows = [_row(*row) for row in found["rows"]]
    fitting = [row for row in rows if _fits(row, searched)]
    return {
        "note": "" if rows else gettext("The file has no metadata that Touchstone reads."),
        "rows": fitting,
        "all": len(rows),
        "asked": searched,
        "open": bool(searched),
        "personal": sum(bool(row["personal"]) for row in rows),
        "cut": _cut(found),
        "credentials": _credentials(found["credentials"], submission),
    }


def crjson(submission: Submission, actor: Actor) -> str | None:
    """The Content Credentials as the validator exports them (crJSON), for whoever may look at the
    media; None where there are none, or none so large as is kept."""
    if not _is_readable(submission, actor):
        return None
    parts.require(submission, Part.TEXT)
    try:
        found = ml.metadata.read(submission.analysis_id)
    except BlobError as error:
        code = "media_damaged" if isinstance(error, Damaged) else "store_unavailable"
        raise Refusal(code) from error
    return found["credentials"].get("crjson") or None if found else None


def _row(place: str, name: str, value: str) -> dict[str, Any]:
    known, _, number = place.partition(" ")
    personal = ""
    if _POSITION.search(name):
        personal = gettext("Position, personal")
    elif _PERSON.search(name):
        personal = gettext("Personal")
    return {
        "place": gettext("Stream {number}").format(number=number)
        if known == "stream"
        else str(PLACES.get(place, place)),
        "name": name,
        "value": value,
        "beginning": value[:BEGINNING] + "…" if len(value) > LONG else "",
        "personal": personal,
    }


def _fits(row: Json, text: str) -> bool:
    word = text.casefold()
    return not word or any(word in row[part].casefold() for part in ("place", "name", "value"))


def _cut(found: Json) -> list[str]:
    """What the table does not have, in sentences."""
    sentences = []
    if count := found["left_out"]:
        text = ngettext(
            "{count} further value was left out.", "{count} further values were left out.", count
        )
        sentences.append(text.format(count=count))
    if count := found["shortened"]:
        text = ngettext("{count} long value is cut.", "{count} long values are cut.", count)
        sentences.append(text.format(count=count))
    if odd := found["malformed"]:
        names = language.listed([str(PLACES.get(place, place)) for place in odd])
        text = gettext("Parts of {places} could not be read or contain unusual characters.")
        sentences.append(text.format(places=names))
    return sentences


def _credentials(credentials: Json, submission: Submission) -> dict[str, Any]:
    signer = credentials["signer"] or language.in_words(say("provenance.unnamed_signer"))
    changed = any("mismatch" in str(problem) for problem in credentials["problems"])
    sentences = {
        "absent": say("provenance.absent"),
        "remote": say("provenance.remote"),
        "malformed": say("provenance.malformed"),
        "invalid": say("provenance.changed" if changed else "provenance.invalid"),
        "valid": say("provenance.untrusted", signer=signer),
        "trusted": say("provenance.trusted", signer=signer),
    }
    state = credentials["state"] if credentials["state"] in sentences else "malformed"
    tree = manifest_tree.drawn(credentials["tree"]) if credentials["tree"] else None
    return {
        "absent": state == "absent",
        "text": language.in_words(sentences[state]),
        "more": _beside(credentials) if state in ("valid", "trusted") else [],
        "lists": _lists(credentials.get("trust") or {}),
        "tree": tree,
        "crjson": reverse("submissions:credentials", args=[submission.pk])
        if credentials.get("crjson")
        else "",
    }


def _beside(credentials: Json) -> list[str]:
    """Identities and soft bindings that stand in credentials that hold."""
    more = [
        describe_identity(
            str(one.get("state")), one.get("names") or (), str(one.get("issuer") or "")
        )
        for one in credentials.get("identities") or ()
    ]
    if named := credentials.get("soft_bindings"):
        more.append(say("provenance.soft_binding", names=", ".join(named)))
    return [language.in_words(sentence) for sentence in more]


def _lists(trust: Json) -> list[str]:
    """Against which lists of the site it was checked, and of when they are."""
    if not trust:
        return []
    sentences = []
    for whose, with_one, without in (
        (
            "signers",
            gettext("Checked against the list of signers {name} of {date} (SHA-256 {digest})."),
            gettext("This site had no list of signers that it trusts."),
        ),
        (
            "times",
            gettext("Checked against the list of time stamps {name} of {date} (SHA-256 {digest})."),
            "",
        ),
        (
            "identities",
            gettext("Checked against the list of identities {name} of {date} (SHA-256 {digest})."),
            gettext("This site had no list of identities that it trusts."),
        ),
    ):
        one = trust.get(whose)
        sentences.append(_list(with_one, one) if one else without)
    return [sentence for sentence in sentences if sentence]


def _list(sentence: str, one: Json) -> str:
    return sentence.format(
        name=one["name"] or gettext("without a name"),
        date=one["date"] or gettext("an unknown day"),
        digest=one["sha256"][:16],
    )
