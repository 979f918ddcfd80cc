"""A detector's description, read before any of its code runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ml.engine import registry
from ml.engine.manifest import FOLDER, ManifestInvalid, manifest_of, read_manifest
from ml.engine.registry import Missing

FACTS: dict[str, Any] = {
    "name": "toy", "version": "1", "title": "Toy", "measures": "Nothing.", "kinds": ["image"],
    "limits": ["It is a toy."], "licence": "CC0",
}  # fmt: skip


def written(folder: Path, manifest: object, card: object = None) -> Path:
    (folder / "manifest.json").write_text(json.dumps(manifest))
    if card is not None:
        (folder / "card.json").write_text(json.dumps(card))
    return folder


def test_every_shipped_detector_is_what_its_manifest_says() -> None:
    """Name and version, as its findings carry them; the folder is called like it."""
    for folder in FOLDER.glob("*/manifest.json"):
        assert read_manifest(folder.parent).name == folder.parent.name
    for detector in registry.detectors():
        assert not isinstance(detector, Missing)
        manifest = manifest_of(detector.name)
        assert (manifest.name, manifest.version) == (detector.name, detector.version)
        assert detector.manifest == manifest


def test_a_manifest_without_a_card_says_everything_itself(tmp_path: Path) -> None:
    """What it leaves out has a careful default: it clears nothing and wants no frame."""
    manifest = read_manifest(written(tmp_path, FACTS))
    assert manifest.title == "Toy" and manifest.limits == ("It is a toy.",)
    assert not manifest.may_clear and manifest.needs.frames_per_second == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "../etc"}, "name"),
        ({"title": ""}, "title"),
        ({"title": "a\u0000b"}, "title"),
        ({"kinds": ["smell"]}, "kinds"),
        ({"may_clear": "yes"}, "may_clear"),
        ({"may_claer": True}, "unknown keys"),
        ({"looks_at": "hands"}, "looks_at"),
        ({"needs": {"frames_per_second": -1}}, "frames_per_second"),
        ({"needs": {"faces": 1}}, "faces"),
        ({"caps": {"seconds": "long"}}, "seconds"),
        ({"weights": [{"file": "../../key", "sha256": "0" * 64}]}, "weights"),
        ({"limits": "none"}, "limits"),
    ],
)
def test_a_wrong_fact_is_named(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    """The sentence says which, so that its author finds it."""
    with pytest.raises(ManifestInvalid, match=message):
        read_manifest(written(tmp_path, {**FACTS, **wrong}))


def test_a_fact_stands_in_one_place(tmp_path: Path) -> None:
    """A version in the manifest and in the card would drift apart."""
    with pytest.raises(ManifestInvalid, match="version"):
        read_manifest(written(tmp_path, FACTS, {"version": "1"}))


def test_a_detector_that_is_no_longer_here_still_has_a_name() -> None:
    """Its old findings are shown."""
    assert manifest_of("old_check").title == "Old check"
