"""Lay a newer list of trusted certificates in place, with its note. Nothing is fetched."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox import trust, trust_published
from sandbox.trust import Of, TrustList

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_TRUSTED = "trusted"


class ListRefused(ValueError):
    """The list is not laid in place; the sentence says why."""


@dataclass(frozen=True)
class Brought:
    """A file that somebody brought: its certificates, and what it says of itself."""

    certificates: Sequence[x509.Certificate]
    name: str = ""
    date: str = ""
    source: str = ""


@dataclass(frozen=True)
class Laid:
    now: TrustList
    added: int
    removed: int
    expired: int


def lay(
    brought: Path,
    whose: Of,
    *,
    name: str = "",
    day: str = "",
    source: str = "",
    older: bool = False,
) -> Laid:
    path = trust.path_of(whose)
    if path is None:
        raise ListRefused(f"Name the file in which the list is to lie: {trust.SETTINGS[whose]}.")
    found = _opened(brought, whose)
    day = _day(day or found.date)
    before = trust.read(path) if path.exists() else None
    if before and before.date and day < before.date and not older:
        raise ListRefused(
            f"The list in place is of {before.date}, this one of {day or 'no day that is known'}. "
            "With --older it is taken nevertheless."
        )
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in found.certificates)
    if len(pem) > trust.LARGEST:
        raise ListRefused(f"The list is larger than {trust.LARGEST // 1024} KiB.")
    note = {
        "sha256": hashlib.sha256(pem).hexdigest(),
        "name": name or found.name or brought.name,
        "date": day,
        "source": source or found.source,
        "laid": datetime.now(UTC).isoformat(timespec="seconds"),
        "from_file_sha256": hashlib.sha256(brought.read_bytes()).hexdigest(),
    }
    _write(path, pem)
    _write(trust.note_of(path), json.dumps(note, indent=1).encode() + b"\n")
    known = _digests(_in_pem(before.pem.encode())) if before else set()
    new = _digests(found.certificates)
    return Laid(trust.read(path), len(new - known), len(known - new), expired(found.certificates))


def expired(certificates: Sequence[x509.Certificate]) -> int:
    now = datetime.now(UTC)
    return sum(one.not_valid_after_utc < now for one in certificates)


def certificates_of(one: TrustList) -> list[x509.Certificate]:
    """Raises ListRefused where one of them is none."""
    return _in_pem(one.pem.encode())


# === What somebody brought ===


def _opened(path: Path, whose: Of) -> Brought:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ListRefused(f"{path} could not be read: {error.strerror}.") from error
    if content.startswith(b"PK"):
        return _in_wheel(path, whose)
    found = _in_list(content) if content.lstrip().startswith(b"{") else Brought(_in_pem(content))
    if not found.certificates:
        raise ListRefused(f"{path.name} holds no certificate.")
    return found


def _in_wheel(path: Path, whose: Of) -> Brought:
    wanted = trust_published.LISTS.get(whose)
    if wanted is None:
        raise ListRefused(f"C2PA publishes no list of {whose}.")
    try:
        content = trust_published.found_in(path, wanted)
    except (OSError, zipfile.BadZipFile) as error:
        raise ListRefused(f"{path.name} is no wheel that can be read.") from error
    if content is None:
        raise ListRefused(f"{path.name} does not hold the list of {trust_published.DATE}.")
    return Brought(_in_pem(content), wanted.name, trust_published.DATE, trust_published.SOURCE)


def _in_pem(content: bytes) -> list[x509.Certificate]:
    return _once(
        [_certificate(block, number) for number, block in enumerate(_PEM.findall(content), 1)]
    )


def _certificate(block: bytes, number: int) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(block)
    except ValueError as error:
        raise ListRefused(f"Certificate {number} cannot be read: {error}.") from error


def _in_list(content: bytes) -> Brought:
    """A list of trusted entities (ETSI TS 119 602), in which C2PA publishes its trust list. A
    service with another status than trusted is left out."""
    try:
        data = json.loads(content)["LoTE"]
        about = data["ListAndSchemeInformation"]
        found = [
            x509.load_der_x509_certificate(base64.b64decode(one["val"], validate=True))
            for entity in data["TrustedEntitiesList"]
            for service in entity["TrustedEntityServices"]
            for information in [service["ServiceInformation"]]
            if str(information.get("ServiceStatus", _TRUSTED)).rpartition("/")[2] == _TRUSTED
            for one in information["ServiceDigitalIdentity"]["X509Certificates"]
        ]
        return Brought(
            _once(found), _words(about["SchemeName"]), str(about["ListIssueDateTime"])[:10]
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise ListRefused(f"It is no list of trusted entities: {type(error).__name__}.") from error


def _words(texts: Any) -> str:
    return next((str(one["value"]) for one in texts if one.get("lang") == "en"), "")


def _once(found: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    return list(dict.fromkeys(found))


def _digests(certificates: Sequence[x509.Certificate]) -> set[bytes]:
    return {one.public_bytes(Encoding.DER) for one in certificates}


def _day(text: str) -> str:
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ListRefused(f"{text!r} is not a day like 2026-09-24.") from error


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        unfinished = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            unfinished.chmod(0o644)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
