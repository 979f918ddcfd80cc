"""Identity assertions (CAWG): each has a state of its own, which says what was checked, and none
changes what the credentials that carry it are worth. Media and certificates are made here."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.services import Warden
from tests.bad_inputs import credentials

Lists = Callable[..., Warden]


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lists]:
    """A warden that trusts these."""
    started: list[Warden] = []

    def _start(**whose: str) -> Warden:
        for name, setting in (("signers", "TRUST"), ("identities", "IDENTITY")):
            path = tmp_path / f"{name}.pem"
            if name in whose:
                path.write_bytes(credentials.authority(whose[name])[2])
                monkeypatch.setenv(f"C2PA_{setting}_ANCHORS_FILE", str(path))
        started.append(Warden())
        started[-1].start()
        return started[-1]

    yield _start
    for warden in started:
        warden.close()


def facts_of(warden: Warden, data: bytes) -> dict[str, Any]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        found: dict[str, Any] = warden.facts(file)["c2pa"]
        return found


def test_an_identity_holds_and_is_on_no_list(lists: Lists) -> None:
    """Its signature fits the file; anyone can make such a certificate."""
    facts = facts_of(lists(), credentials.identified())
    assert facts["state"] == "valid" and facts["signer"] == "Touchstone tests"
    (one,) = facts["identities"]
    assert (one["state"], one["kind"]) == ("valid", "cawg.x509.cose")
    assert one["names"] == ["Example Press", "Signer of the tests"]
    assert one["problems"] == ["cawg.x509.credential.untrusted"]


def test_an_identity_on_the_sites_list_is_trusted_whoever_signed_the_rest(lists: Lists) -> None:
    facts = facts_of(lists(identities="identities"), credentials.identified())
    assert facts["state"] == "valid" and facts["identities"][0]["state"] == "trusted"
    assert facts["trust"]["identities"]["certificates"] == 1 and facts["trust"]["signers"] is None


def test_a_trusted_signer_stays_trusted_beside_an_identity_on_no_list(lists: Lists) -> None:
    """The library takes both together for less than trusted."""
    facts = facts_of(lists(signers="signers"), credentials.identified())
    assert facts["state"] == "trusted" and facts["problems"] == []
    assert facts["identities"][0]["state"] == "valid"


def test_a_list_of_identities_vouches_for_no_signer(lists: Lists) -> None:
    """Nor the other way round: each list counts for its own."""
    warden = lists(signers="identities", identities="signers")
    facts = facts_of(warden, credentials.identified())
    assert facts["state"] == "valid" and facts["identities"][0]["state"] == "valid"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (credentials.UNREADABLE, "unreadable"),
        (credentials.OF_ANOTHER_FILE, "cawg.identity.assertion.mismatch"),
    ],
    ids=["unreadable", "of another file"],
)
def test_an_identity_that_does_not_hold_takes_nothing_from_the_signature(
    lists: Lists, data: dict[str, Any], problem: str
) -> None:
    """Whoever signs puts what they like in there: it is the identity that is invalid."""
    warden = lists(signers="signers", identities="identities")
    facts = facts_of(warden, credentials.with_assertion("cawg.identity", data))
    assert facts["state"] == "trusted" and facts["source_types"] == [credentials.GENERATED]
    (one,) = facts["identities"]
    assert one["state"] == "invalid" and problem in one["problems"]


def test_an_issuer_on_the_network_is_not_asked(lists: Lists) -> None:
    """Its key is at a network address, so the identity is reported as unresolved."""
    data = credentials.by_aggregator("did:web:127.0.0.1%3A9")
    facts = facts_of(lists(), credentials.with_assertion("cawg.identity", data))
    (one,) = facts["identities"]
    assert facts["state"] == "valid" and one["state"] == "unresolved"
    assert one["issuer"] == "did:web:127.0.0.1%3A9" and one["names"] == ["anyone (Example)"]


def test_what_was_changed_after_signing_has_no_identity_that_holds(lists: Lists) -> None:
    data = bytearray(credentials.identified())
    data[-20] ^= 0x10
    facts = facts_of(lists(identities="identities"), bytes(data))
    assert facts["state"] == "invalid" and "assertion.dataHash.mismatch" in facts["problems"]


def test_a_soft_binding_is_named(lists: Lists) -> None:
    data = {"alg": "com.example.mark", "blocks": [{"scope": {}, "value": "AAEC"}]}
    facts = facts_of(lists(), credentials.with_assertion("c2pa.soft-binding", data))
    assert facts["soft_bindings"] == ["com.example.mark"]


def test_the_credentials_come_along_as_crjson(lists: Lists) -> None:
    """The library's own export, in plain ASCII: manifests, identity and results of validation."""
    facts = facts_of(lists(), credentials.identified())
    assert facts["crjson"].isascii()
    (manifest,) = json.loads(facts["crjson"])["manifests"]
    assert manifest["assertions"]["cawg.identity"]["signature"]["certificateInfo"]
    assert "cawg.x509.signature.validated" in facts["crjson"]
