"""The architecture: which package imports which, and the drawing of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENV = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True, timeout=120)


def test_no_import_runs_upwards_or_in_a_circle() -> None:
    """The contracts in pyproject.toml are kept, all of them."""
    done = ran(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_the_picture_shows_the_imports_as_they_are() -> None:
    """`python docs/draw_architecture.py` was run after the last change of an import."""
    done = ran(sys.executable, "docs/draw_architecture.py", "--check")
    assert done.returncode == 0, done.stderr


def test_platform_is_no_package() -> None:
    """An `__init__.py` there would hide the standard library's `platform`."""
    assert not (ROOT / "platform" / "__init__.py").exists()
