"""The grid of changes: its files, its cells, and its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml.engine import registry
from ml.engine.contract import Kind
from ml.evaluation import robustness, table
from ml.evaluation.degradations import STRENGTHS
from ml.evaluation.evaluating import evaluate
from ml.evaluation.manifest import Case
from ml.evaluation.records import Answer, Record
from ml.evaluation.robustness import JPEG, LAUNDERING, SOUND, Cell
from ml.evaluation.running import Task
from ml.evaluation.scoring import Evaluation
from tests.evaluation import listed
from tests.evaluation.brightness import Brightness


def test_each_kind_of_file_has_its_cells() -> None:
    """35 for pictures and videos, and what belongs to the kind; no two of one name."""
    by_kind = {kind: robustness.cells(kind) for kind in Kind}
    families = {kind: {cell.family for cell in cells} for kind, cells in by_kind.items()}
    assert families[Kind.IMAGE] == {*STRENGTHS, JPEG, LAUNDERING}
    assert families[Kind.VIDEO] == {*STRENGTHS, LAUNDERING}
    assert families[Kind.AUDIO] == {SOUND}
    assert robustness.cells(None) == []
    names = [cell.name for cells in by_kind.values() for cell in cells]
    assert len(names) == len(set(names))


def case(number: int, fake: bool, source: str) -> Case:
    return Case(number, f"{number}", Path("x"), "", fake, f"row {number}", source=source)


def record(number: int, score: float = 0.0, kind: str | None = "image") -> Record:
    answer = Answer("ran", "It ran.", log10_lr=score)
    return Record(f"{number * 7919 % 1000:04}", "inconclusive", kind=kind, answers={"one": answer})


def test_files_are_taken_from_both_classes_and_all_sources() -> None:
    """Half genuine; sources in turn; a refused file never; the same ones every time."""
    cases = [case(n, n % 2 == 1, "many" if n < 90 else "few") for n in range(100)]
    records = [record(n, kind=None if n == 0 else "image") for n in range(100)]
    taken = robustness.chosen(cases, records, 12)
    assert taken == robustness.chosen(cases, records, 12) == sorted(taken)
    assert sum(cases[n].fake for n in taken) == 6 and len(taken) == 12
    assert sum(cases[n].source == "few" for n in taken) == 6
    assert 0 not in taken


def test_the_fall_is_against_the_same_files_untouched() -> None:
    """One cell in which the ranking is turned round, all others as before."""
    cases = [case(n, n % 2 == 1, "s") for n in range(8)]
    scores = [1.0 if n % 2 else -1.0 for n in range(8)]
    clean = Evaluation(cases, [record(n, s) for n, s in enumerate(scores)], ["one"])
    cells = [Cell(f, str(level), True) for f in STRENGTHS for level in range(1, 6)]
    done = [(n, Task(cases[n], cell)) for cell in cells for n in range(8)]
    bad = Cell("blur", "5", True)
    after = [record(n, -scores[n] if task.change == bad else scores[n]) for n, task in done]
    found = robustness.summary(clean, done, after)["one"]
    assert found["drop_by_family"]["blur"] == pytest.approx(0.2)
    assert found["mean_drop"] == pytest.approx(0.2 / 7)
    assert (found["worst_cell"], found["worst_auc"]) == ("blur 5", 0.0)
    worst = next(c for c in found["cells"] if (c["family"], c["level"]) == ("blur", "5"))
    assert (worst["fpr"], worst["tpr"], worst["fpr_clean"]) == (1.0, 0.0, 0.0)


def test_without_a_score_no_fall_is_said() -> None:
    """A detector that only talks has no figure here."""
    cases = [case(n, n % 2 == 1, "s") for n in range(4)]
    silent = Record("s", "inconclusive", kind="image", answers={"one": Answer("ran", "It ran.")})
    clean = Evaluation(cases, [silent] * 4, ["one"])
    done = [(n, Task(cases[n], Cell("blur", "1", True))) for n in range(4)]
    found = robustness.summary(clean, done, [silent] * 4)["one"]
    assert found["mean_drop"] is None and found["worst_cell"] is None


HARD = [["blur", "5"], ["contrast", "5"], [JPEG, "30 x 0.5"], [LAUNDERING, "screenshot"]]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_real_files_through_every_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hardest cells of real pictures through the real engine; brightness survives blur and not
    the loss of contrast; the second time nothing is examined; figures are drawn."""
    detector = Brightness()
    hard = [c for c in robustness.cells(Kind.IMAGE) if c.name.split("/")[:2] in HARD]
    monkeypatch.setattr(robustness, "cells", lambda kind: hard if kind else [])
    monkeypatch.setattr(registry, "names", lambda: ["brightness"])
    monkeypatch.setattr(registry, "detectors", lambda: (detector,))
    path = listed.write(tmp_path / "m.csv", listed.pictures(tmp_path, 4))
    report = evaluate(path, jobs=0, cache=tmp_path / "cache", robust=2, out=tmp_path / "out")
    assert report["robustness"]["items"] == 2
    found = report["robustness"]["brightness"]
    assert len(found["cells"]) == len(hard) == len(HARD)
    assert all(cell["failed"] == 0 and cell["n"] == 2 for cell in found["cells"])
    by = {(cell["family"], cell["level"]): cell for cell in found["cells"]}
    assert by["blur", "5"]["tpr"] == 1.0
    assert by["contrast", "5"]["tpr"] == 0.0 and by["contrast", "5"]["auc"] == 1.0
    assert found["mean_drop"] is None and found["drop_by_family"]["blur"] == 0.0
    seen = detector.seen
    evaluate(path, jobs=0, cache=tmp_path / "cache", robust=2)
    assert detector.seen == seen == 4 + 2 * len(HARD)
    json.dumps(report, allow_nan=False)
    drawn = sorted(p.name for p in (tmp_path / "out").glob("*.png") if "fused" not in p.name)
    assert drawn == [f"figure-{name}.png" for name in ("risk", "robustness-brightness", "roc")]
    from rich.console import Console

    with (tmp_path / "table.txt").open("w") as file:
        table.printed(report, Console(file=file, width=120))
    assert "AUC of brightness after changes, on 2 files" in (tmp_path / "table.txt").read_text()
