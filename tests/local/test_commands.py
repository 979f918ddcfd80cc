"""Management commands run by one process, as `make up` uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_command_is_answered_and_a_failure_ends_nothing(tmp_path: Path) -> None:
    """What it says, or why it failed; the next one is done all the same."""
    (tmp_path / "secret_key").write_text("k" * 60)
    commands = (["diffsettings", "--default", "nowhere"], ["check", "--list-tags"], ["no_such"])
    done = subprocess.run(
        [sys.executable, "-m", "local.commands"],
        cwd=ROOT, text=True, capture_output=True, timeout=120,
        input="".join(f"{json.dumps(one)}\n" for one in commands),
        env={**os.environ, "PYTHONPATH": "platform", "TOUCHSTONE_HOME": str(tmp_path)},
    )  # fmt: skip
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert "nowhere" in first["failed"]
    assert "security" in second["said"]
    assert "no_such" in third["failed"] and "Traceback" not in third["failed"]
    assert done.returncode == 0
