"""Only complete detectors are offered."""

from __future__ import annotations

from ml.engine import registry
from ml.engine.registry import Missing


def test_every_offered_detector_can_be_made() -> None:
    """A fresh checkout has no check that fails before it has seen a file."""
    assert registry.names() == [
        "compression", "diffusion_face", "face_forgery", "lip_sync", "mouth_forgery", "open_marks",
        "provenance", "sound_marks", "synthetic_face", "synthetic_image", "temporal", "voice_spoof",
    ]  # fmt: skip
    assert not [d for d in registry.detectors() if isinstance(d, Missing)]
