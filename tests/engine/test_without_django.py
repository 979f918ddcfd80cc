"""The engine is a library: no Django, no database, no settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALONE = """
import sys
sys.path[:0] = [".", "platform"]

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "tensorflow", "celery", "psycopg", "psycopg2"):
            raise ImportError(f"{name} is not for the engine")

sys.meta_path.insert(0, Refuse())
import ml.engine.analysis, ml.engine.registry, ml.engine.results, ml.engine.shell, sandbox.services
with open(sys.argv[1], "rb") as file:
    result = ml.engine.analyse(file)
print(result.verdict.outcome, len(result.tracks))
"""


def test_the_engine_runs_without_django(portrait: Path) -> None:
    """A whole analysis in a process in which Django cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(portrait)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in {"inconclusive", "no_manipulation_found"}
    assert done.stdout.split()[1] == "1"


def test_engine_evaluation_and_training_import_no_django() -> None:
    """Also what no import of the engine reaches. The laboratory's commands are Django's."""
    rooms = [ROOT / "ml" / "engine", ROOT / "ml" / "evaluation", *(ROOT / "lab").iterdir()]
    files = {file for room in rooms if room.name != "management" for file in room.rglob("*.py")}
    guilty = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for file in sorted(files)
        for line in file.read_text().splitlines()
        if line.strip().startswith(("import django", "from django"))
    ]
    assert guilty == [] and len(files) > 100


def test_the_version_is_the_packages() -> None:
    """One number, in pyproject.toml and in every result."""
    import tomllib

    from ml.engine.version import VERSION

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
