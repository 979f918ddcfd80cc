"""The names that people read. Names from the code stay in the code and in JSON."""

from __future__ import annotations

from collections.abc import Sequence

DETECTORS = {
    "provenance": ("Provenance", "What the file says about its own making, and who signed it."),
    "compression": ("Compression history", "Traces of earlier saving, resizing and re-encoding."),
    "face_forgery": ("Face forgery", "Traces of a face that was swapped or altered."),
    "synthetic_face": ("Synthetic picture", "Traces that generators leave in whole pictures."),
    "voice_spoof": ("Voice", "Traces of synthesis and conversion in speech."),
    "lip_sync": ("Lip sync", "Whether the sound fits the lips, and how far it is shifted."),
    "temporal": ("Motion", "Whether a face holds together from frame to frame."),
}
"""The detector's name, and what it measures."""


def detector_name(detector: str) -> str:
    """A detector without a name here is called by the words of its own."""
    return DETECTORS.get(detector, (detector.replace("_", " ").capitalize(), ""))[0]


def listed(names: Sequence[str]) -> str:
    """`A, B and C`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
