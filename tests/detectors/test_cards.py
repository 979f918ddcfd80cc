"""Each of the first detectors has a card that describes it correctly."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ml.engine.contract import Strength
from ml.engine.detectors.compression import detector as compression
from ml.engine.detectors.provenance import detector as provenance

FOLDER = Path(provenance.__file__).parents[1]
GIVEN = re.compile(r'Evidence\(\s*"([a-z0-9_]+)"|Family\(\s*"([a-z0-9_]+)"|"(c2pa_[a-z_]+)"')


@pytest.mark.parametrize("detector", [provenance.make(), compression.make()], ids=lambda d: d.name)
def test_a_card_names_its_detector_and_all_that_it_says(detector: object) -> None:
    """Name, version and every kind of evidence that the code can give, by strength: a signed
    statement is strong only by a trusted signer."""
    name, version = detector.name, detector.version  # type: ignore[attr-defined]
    card = json.loads((FOLDER / name / "card.json").read_text())
    assert (card["name"], card["version"]) == (name, version)
    assert card["evidence"].keys() == {str(s) for s in Strength}
    listed = [code for codes in card["evidence"].values() for code in codes]
    assert all(len(codes) == len(set(codes)) for codes in card["evidence"].values())
    source = "".join(f.read_text() for f in sorted((FOLDER / name).glob("*.py")))
    given = {code for codes in GIVEN.findall(source) for code in codes if code}
    assert given == set(listed)
    assert card["limits"] and card["licence"]
