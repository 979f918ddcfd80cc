"""The notebook in docs/ runs from its first cell to its last."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml.evaluation import data_folders

ROOT = Path(__file__).parents[3]


def cells() -> list[str]:
    notebook = json.loads((ROOT / "docs" / "training.ipynb").read_text())
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


def test_it_holds_no_output() -> None:
    """Figures and pictures of people are made by whoever runs it; none are committed."""
    notebook = json.loads((ROOT / "docs" / "training.ipynb").read_text())
    assert all(not c.get("outputs") for c in notebook["cells"])
    compile("\n".join(cells()), "training.ipynb", "exec")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_runs_end_to_end(tmp_path: Path) -> None:
    """Every cell, in order, in a process of its own, with figures at the end."""
    if data_folders.research("faces") is None:
        pytest.skip("the research data is not beside the project")
    script = tmp_path / "notebook.py"
    script.write_text("\n".join(cells()))
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT / "docs",
        env=os.environ | {"TMPDIR": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "auc " in done.stdout and "loss " in done.stdout
