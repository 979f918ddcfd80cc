"""Each of the bad inputs ends in its stated state, and nothing leaves the room."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml.engine.analysis import analyse
from ml.engine.contract import Status
from ml.engine.detectors.compression import detector as compression
from ml.engine.detectors.provenance import detector as provenance
from sandbox.services import Warden
from sandbox.types import SENTENCES, Code, Rejected, SandboxFailed
from tests.bad_inputs import corpus, credentials, damaged, images
from tests.bad_inputs.conftest import Canary, Listener
from tests.sandbox.conftest import decode_bytes

MOST_MEMORY = 1_500_000_000
MOST_SECONDS = 60


def bytes_of(case: corpus.Case, listener: Listener, canary: Canary) -> bytes:
    data = case.make()
    if len(data) < 10_000:
        data = data.replace(b"{port}", str(listener.port).encode())
        data = data.replace(b"canary.mp4", os.fsencode(canary.path))
    return data


@pytest.mark.parametrize("case", corpus.CASES, ids=lambda case: case.name)
def test_each_bad_input_ends_as_stated(
    case: corpus.Case, warden: Warden, listener: Listener, canary: Canary
) -> None:
    """The stated code or the stated facts; no packet, no other file; the warden lives on."""
    data = bytes_of(case, listener, canary)
    pid, started = warden.pid, time.monotonic()
    try:
        got = decode_bytes(warden, data)
    except Rejected as refusal:
        assert refusal.code in case.rejected, f"{refusal.code} {refusal.detail}"
        assert refusal.sentence == SENTENCES[Code(refusal.code)]
        assert len(refusal.sentence.split()) >= 4
    else:
        assert not case.rejected, got.footer
        assert case.incomplete is None or got.footer.incomplete == case.incomplete
        assert case.flags <= set(got.footer.flags)
        assert 0 < got.footer.peak_bytes <= MOST_MEMORY
    assert time.monotonic() - started < MOST_SECONDS
    assert warden.pid == pid
    assert listener.hits == 0
    assert canary.openings() == 0


@pytest.mark.parametrize("case", corpus.CASES, ids=lambda case: case.name)
def test_the_facts_of_each_bad_input_are_plain_json(
    case: corpus.Case, warden: Warden, listener: Listener, canary: Canary
) -> None:
    """Odd metadata is said, never raised; only a type that is refused anyway has no facts."""
    data = bytes_of(case, listener, canary)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            facts = warden.facts(file)
        except Rejected as refusal:
            assert refusal.code in case.rejected
        else:
            text = json.dumps(facts, allow_nan=False)
            assert len(text) <= 1024 * 1024
            assert "\x1b" not in str(facts)
    assert listener.hits == 0
    assert canary.openings() == 0


@pytest.mark.parametrize(("name", "how"), damaged.DAMAGED, ids=str)
def test_damage_to_any_format_is_told_and_breaks_nothing(
    name: str, how: str, warden: Warden
) -> None:
    """Decoded, incomplete or refused, by decoder and by reader of facts; the warden lives on."""
    data, pid = damaged.damaged(name, how), warden.pid
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            assert isinstance(warden.facts(file), dict)
        except Rejected as refusal:
            assert refusal.code in damaged.ENDS
    try:
        got = decode_bytes(warden, data)
    except Rejected as refusal:
        assert refusal.code in damaged.ENDS, refusal.detail
    else:
        assert "reader_broke" not in got.footer.flags
    assert warden.pid == pid


@pytest.mark.slow
def test_no_bad_input_ends_in_an_error_of_our_own(listener: Listener, canary: Canary) -> None:
    """Through the engine, as `verify` does it: 0 files end in `internal`, 0 checks break."""
    ends: dict[str, str] = {}
    for case in corpus.CASES:
        with tempfile.TemporaryFile() as file:
            file.write(bytes_of(case, listener, canary))
            file.flush()
            try:
                result = analyse(file, detectors=(compression.make(), provenance.make()))
            except SandboxFailed as failure:
                ends[case.name] = str(failure)
                continue
        broken = [f.detector for f in result.findings if f.status is Status.FAILED]
        if broken or (result.media and "reader_broke" in result.media.flags):
            ends[case.name] = f"broke: {broken}"
    assert ends == {}


def facts_of(warden: Warden, data: bytes) -> dict[str, Any]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return warden.facts(file)


@pytest.mark.parametrize(
    ("make", "state", "problem"),
    [
        (credentials.signed, "valid", "signingCredential.untrusted"),
        (credentials.altered, "invalid", "assertion.dataHash.mismatch"),
        (credentials.broken_signature, "invalid", "claimSignature.mismatch"),
        (credentials.recursive, "valid", "signingCredential.untrusted"),
        (corpus.huge_manifest, "absent", None),
        (images.jpeg_cut, "absent", None),
    ],
)
def test_content_credentials_have_a_named_state(
    make: Callable[[], bytes], state: str, problem: str | None, warden: Warden
) -> None:
    """Valid, invalid, absent: each with the codes of what failed, none of them a plain tick."""
    facts = facts_of(warden, make())["c2pa"]
    assert facts["state"] == state
    assert problem is None or problem in facts["problems"]
    if state != "absent":
        assert facts["signer"] == "Touchstone tests"
        assert facts["source_types"] == [credentials.GENERATED]


def test_a_remote_manifest_is_named_and_not_fetched(warden: Warden, listener: Listener) -> None:
    """The address is told; nobody called it."""
    facts = facts_of(warden, credentials.with_remote(listener.port))["c2pa"]
    assert facts["state"] == "remote"
    assert facts["url"] == f"http://127.0.0.1:{listener.port}/manifest.c2pa"
    time.sleep(0.2)
    assert listener.hits == 0


def test_a_signer_on_the_sites_list_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the root among C2PA_TRUST_ANCHORS_FILE the same file is `trusted`."""
    anchors = tmp_path / "anchors.pem"
    anchors.write_bytes(credentials.authority()[2])
    monkeypatch.setenv("C2PA_TRUST_ANCHORS_FILE", str(anchors))
    with Warden() as warden:
        facts = facts_of(warden, credentials.signed())["c2pa"]
    assert facts["state"] == "trusted"
    assert facts["problems"] == []


def test_entities_are_refused(warden: Warden) -> None:
    """An entity bomb and an external entity are refused unread, and said."""
    facts = facts_of(warden, corpus.xmp_entities())["xmp"]
    assert facts["malformed"]
    assert facts["claimed"] == {}


def test_odd_exif_is_told_harmless(warden: Warden) -> None:
    """Loops, zero denominators, nonsense orientation and control characters are each named."""
    facts = facts_of(warden, images.odd_exif())["exif"]
    assert {"control_characters", "directory_loop", "orientation", "zero_denominator"} <= set(
        facts["problems"]
    )
    assert "\\x1b" in facts["claimed"]["ImageDescription"]


@pytest.mark.parametrize("name", corpus.MODEL_TRAPS)
def test_the_traps_for_models_are_well_formed(name: str, warden: Warden) -> None:
    """What is meant to fool a model passes the decoder: the engine's tests start from here."""
    assert not decode_bytes(warden, corpus.MODEL_TRAPS[name]()).footer.incomplete
