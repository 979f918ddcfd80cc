"""`manage.py train` reports each mistake in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def test_without_data_it_says_where_data_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A missing manifest is a sentence, not a trace."""
    monkeypatch.setenv("TOUCHSTONE_DATA", str(tmp_path))
    with pytest.raises(CommandError, match="TOUCHSTONE_DATA"):
        call_command("train", "face", runs=tmp_path)


def test_impossible_settings_are_refused_before_anything_begins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The reason is told, and no run's folder is made."""
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "manifest.csv").write_text("member\n")
    monkeypatch.setenv("TOUCHSTONE_DATA", str(tmp_path))
    config = tmp_path / "config.json"
    config.write_text('{"side": 99}')
    with pytest.raises(CommandError, match="multiple of 32"):
        call_command("train", "face", config=config, runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
