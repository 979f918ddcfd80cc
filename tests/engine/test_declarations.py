"""A file's claims about itself are reported separately from the checks' findings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ml.engine.analysis import analyse
from ml.engine.contract import Declaration, Outcome, Result
from ml.engine.detectors.compression import detector as compression
from ml.engine.detectors.provenance import detector as provenance
from sandbox.services import Warden
from tests.bad_inputs import credentials

FIRST_TWO = (compression.make(), provenance.make())


def examined(path: Path) -> Result:
    with path.open("rb") as file:
        return analyse(file, detectors=FIRST_TWO)


def with_text(portrait: Path, folder: Path, **texts: str) -> Path:
    """The photograph with words that anyone can write into it."""
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    path = folder / "accused.png"
    Image.open(portrait).convert("RGB").save(path, "PNG", pnginfo=info)
    return path


def test_a_text_chunk_does_not_turn_a_genuine_photograph_into_a_manipulation(
    portrait: Path, tmp_path: Path
) -> None:
    """Anyone can write `Software: Stable Diffusion` into any picture."""
    verdict = examined(with_text(portrait, tmp_path, Software="Stable Diffusion")).verdict
    assert verdict.outcome == "declared_generated"
    assert "declares that it was generated" in verdict.reason
    assert "The statement is not signed" in verdict.reason
    assert verdict.declared is not None
    assert (verdict.declared.by, verdict.declared.signed, verdict.declared.trusted) == (
        None, False, False,
    )  # fmt: skip


def test_a_self_signed_claim_does_not_turn_a_genuine_photograph_into_a_manipulation(
    portrait: Path, tmp_path: Path
) -> None:
    """A certificate of one's own is made in a minute: signed, and not trusted."""
    path = tmp_path / "accused.jpg"
    Image.open(portrait).convert("RGB").save(path, "JPEG", quality=90)
    path.write_bytes(credentials.sign(path.read_bytes()))
    verdict = examined(path).verdict
    assert verdict.outcome == "declared_generated"
    assert verdict.declared is not None
    assert (verdict.declared.by, verdict.declared.signed, verdict.declared.trusted) == (
        "Touchstone tests", True, False,
    )  # fmt: skip
    assert "signed by Touchstone tests" in verdict.reason


def test_a_signer_on_the_trust_list_is_called_trusted(
    portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trusted means: the certificate chains to one in `C2PA_TRUST_ANCHORS_FILE`, and no more."""
    anchors, path = tmp_path / "anchors.pem", tmp_path / "declared.jpg"
    anchors.write_bytes(credentials.authority()[2])
    monkeypatch.setenv("C2PA_TRUST_ANCHORS_FILE", str(anchors))
    path.write_bytes(credentials.sign(portrait.read_bytes()))
    with Warden() as sandbox, path.open("rb") as file:
        verdict = analyse(file, detectors=FIRST_TWO, sandbox=sandbox).verdict
    assert verdict.outcome is Outcome.DECLARED_GENERATED
    assert verdict.declared == Declaration("Touchstone tests", signed=True, trusted=True)
    assert "who is on this site's trust list" in verdict.reason


@pytest.mark.parametrize("broken", [credentials.altered, credentials.broken_signature])
def test_a_signature_that_does_not_verify_declares_nothing(
    broken: Callable[[], bytes], tmp_path: Path
) -> None:
    """Its words are not repeated as a statement, signed or unsigned."""
    path = tmp_path / "broken.jpg"
    path.write_bytes(broken())
    verdict = examined(path).verdict
    assert verdict.outcome is Outcome.INCONCLUSIVE and verdict.declared is None
