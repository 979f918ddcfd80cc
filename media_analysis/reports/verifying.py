"""Check a report offline: its files, its signature, the keys that are trusted. No Django.

The signature is a note that lists the SHA-256 of each file and is signed with ed25519:

    touchstone-report-v1
    report 6f1c…
    file report.json 64 hex digits
    file report.pdf 64 hex digits
    file statement.json 64 hex digits
    file public.txt 64 hex digits
    file video.webm 64 hex digits (where there is an evidence film)

    — name base64(key id, signature)

It is read strictly: a note with any other byte in it is refused, also where a reader would not see
the difference.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.notes import PublicKey, SigningKey

FORMAT = "touchstone-report-v1"
BODY, PDF, STATEMENT, SIGNATURE = "report.json", "report.pdf", "statement.json", "report.sig"
PUBLIC = "public.txt"
FILES = (BODY, PDF, STATEMENT, PUBLIC)
FILM = "video.webm"
"""Listed where the case had an evidence film when the report was issued."""
_DASH = "\N{EM DASH} "
_REPORT = re.compile(r"report ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_FILE = re.compile(r"file ([a-z.]{1,40}) ([0-9a-f]{64})")


SENTENCES = {
    "one_signature": "Give exactly one signature file (report.sig) with the report's files.",
    "no_file": "Give the files that the signature speaks of, report.json or report.pdf.",
    "other_file": "File {number} is not as it was signed, or belongs to another report.",
    "signature_not_text": "The signature file is not text.",
    "no_signature": "The signature file carries no signature.",
    "not_a_report": "The signed text is not a report's.",
    "does_not_fit": "The signature of {key} does not fit this report.",
    "unknown_key": "The report is not signed by a key that is trusted here.",
    "not_json": "report.json is not JSON.",
    "other_json": "report.json is not the report that was signed.",
    "too_much": "A report has at most 6 files, and none is larger than 32 MB.",
}


class Refused(ValueError):
    """Not a report of a trusted key, or not as it was signed. A sentence says what is wrong."""

    def __init__(self, code: str, **data: object) -> None:
        self.words, self.data = SENTENCES[code], data
        super().__init__(self.words.format(**data))


@dataclass(frozen=True)
class Checked:
    report: str
    """Its id."""
    key: str
    """The name of the key that signed it."""
    files: tuple[str, ...]
    """The names of the files that were given and are whole."""
    missing: tuple[str, ...]
    """Names of files that the signature speaks of and that were not given."""


def sign(report: str, files: Mapping[str, bytes], key: SigningKey, film_sha256: str = "") -> str:
    listed = "".join(f"file {name} {sha256(files[name])}\n" for name in FILES)
    if film_sha256:
        listed += f"file {FILM} {film_sha256}\n"
    return key.sign(f"{FORMAT}\nreport {report}\n{listed}")


def verify(given: Sequence[bytes], trusted: Sequence[PublicKey]) -> Checked:
    """Verify files in any order and with any names: one signature, and at least one file that it
    covers. Raises `Refused` at the first error."""
    notes = [one for one in given if one.startswith(FORMAT.encode())]
    if len(notes) != 1:
        raise Refused("one_signature")
    report, listed, key = _read(notes[0], trusted)
    others = [one for one in given if one is not notes[0]]
    if not others:
        raise Refused("no_file")
    by_digest = {digest: name for name, digest in listed.items()}
    found = []
    for number, one in enumerate(others, start=1):
        name = by_digest.get(sha256(one))
        if name is None:
            raise Refused("other_file", number=number)
        if name == BODY:
            _whole(one, report)
        found.append(name)
    missing = tuple(name for name in listed if name not in found)
    return Checked(report, key, tuple(sorted(set(found))), missing)


def _read(note: bytes, trusted: Sequence[PublicKey]) -> tuple[str, dict[str, str], str]:
    try:
        text, blank, signature = note.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise Refused("signature_not_text") from None
    text += "\n"
    if not blank:
        raise Refused("no_signature")
    name = _signed_by(text, signature, trusted)
    first, second, *rest = text.splitlines()
    heading = _REPORT.fullmatch(second)
    files = [_FILE.fullmatch(line) for line in rest]
    if first != FORMAT or heading is None or not files or not all(files):
        raise Refused("not_a_report")
    return heading[1], {one[1]: one[2] for one in files if one}, name


def _signed_by(text: str, signature: str, trusted: Sequence[PublicKey]) -> str:
    for key in trusted:
        start = f"{_DASH}{key.name} "
        if not signature.startswith(start) or not signature.endswith("\n"):
            continue
        body = signature[len(start) : -1]
        try:
            raw = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            continue
        if raw[:4] != key.id or base64.b64encode(raw).decode() != body:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], text.encode())
        except InvalidSignature:
            raise Refused("does_not_fit", key=key.name) from None
        return key.name
    raise Refused("unknown_key")


def _whole(body: bytes, report: str) -> None:
    try:
        values = json.loads(body)
        canonical = rfc8785.dumps(values)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        raise Refused("not_json") from None
    if canonical != body or values.get("report", {}).get("id") != report:
        raise Refused("other_json")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
