"""`manage.py evaluate`: from a shell, without database, server or secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml.engine import registry
from tests.evaluation import listed

ROOT = Path(__file__).resolve().parents[2]


def evaluate(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "evaluate", *map(str, arguments)],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "TOUCHSTONE_HOME": str(tmp_path / "nobody-home"),
            "TOUCHSTONE_CACHE": str(tmp_path / "cache"),
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        },
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_json_has_every_installed_detector_and_the_verdict(tmp_path: Path) -> None:
    """One object on standard output and nothing else; progress is on standard error; what was
    written to the folder is the same."""
    path = listed.write(tmp_path / "m.csv", listed.pictures(tmp_path, 2))
    done = evaluate(tmp_path, path, "--json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout)
    assert list(output["detectors"]) == registry.names()
    assert output["fused"]["n"] == 2 and output["errors"] == []
    assert "2 of 2" in done.stderr
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text()) == output
    assert list((tmp_path / "cache" / "evaluations").glob("*.jsonl"))


def test_a_person_reads_a_table(tmp_path: Path) -> None:
    """Chosen detectors are columns; escapes of the manifest do not reach the terminal."""
    rows = [row | {"source": "web\x1b[2J"} for row in listed.pictures(tmp_path, 2)]
    path = listed.write(tmp_path / "m.csv", rows)
    done = evaluate(tmp_path, path, "--detectors", "provenance")
    assert done.returncode == 0, done.stderr
    head = done.stdout.splitlines()[0].split()
    assert head == ["provenance", "fused"]
    assert "Cllr" in done.stdout and "not applicable" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "no column label"),
        (["--detectors", "magic"], "There is no detector 'magic'"),
        (["--jobs", "-1"], "--jobs must be at least 1"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    """no search for tracesback, status 1, nothing on standard output."""
    path = tmp_path / "m.csv"
    path.write_text("path\nx.jpg\n")
    done = evaluate(tmp_path, path, *arguments)
    assert done.returncode == 1 and done.stdout == ""
    assert sentence in done.stderr and "Traceback" not in done.stderr
