"""`pip install .` gives the engine alone: no Django, no database, no server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench import clips
from ml.engine.model_files import folder

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "celery", "psycopg", "tensorflow"):
            raise ImportError(f"{name} is not for the engine")

sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[1])
import ml.engine
from ml.engine import analyse

assert ml.engine.__file__.startswith(sys.argv[1]), ml.engine.__file__
with open(sys.argv[2], "rb") as file:
    result = analyse(file)
print(result.verdict.outcome, len(result.findings))
"""


@pytest.mark.slow
def test_the_installed_engine_examines_a_picture(tmp_path: Path) -> None:
    """Installed into an empty folder and used from another one, as a notebook would."""
    source, target = tmp_path / "source", tmp_path / "site"
    for part in ("ml/engine", "platform/sandbox"):
        shutil.copytree(ROOT / part, source / part)
    shutil.copy(ROOT / "pyproject.toml", source)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [str(uv), "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(source)],
        check=True,
        timeout=240,
    )
    assert not list(target.rglob("models.py")), "the engine has no Django models"
    portrait = tmp_path / "portrait.jpg"
    clips.portrait().save(portrait, "JPEG", quality=90)
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, str(target), str(portrait)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": "", "MODELS_DIR": str(folder())},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    outcome, findings = done.stdout.split()
    assert outcome in {"inconclusive", "no_manipulation_found"}
    assert int(findings) >= 3
