"""The names of recorded events."""

from __future__ import annotations

from pathlib import Path

from audit.verbs import Verb

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("platform", "accounts", "media_analysis", "ml")


def test_every_verb_is_recorded_somewhere() -> None:
    """A name that no code records would promise an event that never comes."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    code = "\n".join(file.read_text() for file in files if file.name != "verbs.py")
    assert [verb.name for verb in Verb if f"Verb.{verb.name}" not in code] == []
