"""Cards are filled from an evaluation, and from nothing else."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ml.evaluation import cards, table
from ml.evaluation.cards import CardRefused
from ml.evaluation.manifest import Case
from ml.evaluation.records import Answer, Record
from ml.evaluation.scoring import Evaluation


@pytest.fixture
def report() -> dict[str, Any]:
    cases = [
        Case(n, f"{n}", Path("x"), "", n % 2 == 1, f"row {n}", source="phone") for n in range(40)
    ]
    records = [
        Record(
            f"{n}",
            "inconclusive",
            answers={
                "one": Answer("ran", "It ran.", log10_lr=n % 2 - 0.3333333),
                "quiet": Answer("ran", "It ran."),
            },
        )
        for n in range(40)
    ]
    found = Evaluation(cases, records, ["one", "quiet"]).as_json()
    return found | {"manifest": "m.csv", "split": "test", "made": "now", "engine_version": "0.1+a"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, metrics in (("one", None), ("quiet", "Not a statistical detector.")):
        (tmp_path / name).mkdir()
        card = {"name": name, "version": "1"} | ({"metrics": metrics} if metrics else {})
        (tmp_path / name / "card.json").write_text(json.dumps(card))
    return tmp_path


def card(folder: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((folder / name / "card.json").read_text()))


def test_figures_of_a_card_are_those_of_the_evaluation(
    report: dict[str, Any], folder: Path
) -> None:
    """Rounded to four digits and otherwise the same; what has no score keeps its card."""
    assert cards.fill(report, folder=folder) == [folder / "one" / "card.json"]
    filled = card(folder, "one")
    assert (filled["name"], filled["version"]) == ("one", "1")
    (entry,) = filled["metrics"]["evaluations"]
    figures = report["detectors"]["one"]
    assert entry["figures"]["auc"] == 1.0 == figures["auc"]
    assert entry["figures"]["cllr"] == round(figures["cllr"], 4)
    assert entry["figures"]["fpr_by_source"] == {"phone": 0.0}
    assert (entry["manifest"], entry["split"]) == ("m.csv", "test")
    assert card(folder, "quiet")["metrics"] == "Not a statistical detector."


def test_a_check_that_says_nothing_of_manipulation_keeps_its_card(
    report: dict[str, Any], folder: Path
) -> None:
    """Its score may still part the classes of one set; that is no figure of how good it is.
    Asked for by name it is filled all the same."""
    path = folder / "one" / "card.json"
    path.write_text(json.dumps(card(folder, "one") | {"probability": None}))
    before = path.read_bytes()
    assert cards.fill(report, folder=folder) == [] and path.read_bytes() == before
    assert cards.fill(report, ["one"], folder) == [path]


def test_the_newest_of_a_set_replaces_and_another_set_stands_beside(
    report: dict[str, Any], folder: Path
) -> None:
    """One entry a manifest and split."""
    robust = {"items": 4, "one": {"mean_drop": 0.12345, "cells": [1], "scale": "log10_lr"}}
    cards.fill(report, folder=folder)
    cards.fill(report | {"made": "later", "robustness": robust}, folder=folder)
    cards.fill(report | {"split": None}, folder=folder)
    first, second = card(folder, "one")["metrics"]["evaluations"]
    assert (first["made"], first["split"], second["split"]) == ("later", "test", None)
    assert first["robustness"] == {"items": 4, "mean_drop": 0.1235}


@pytest.mark.parametrize(
    ("name", "sentence"), [("quiet", "gave no score"), ("magic", "says nothing of 'magic'")]
)
def test_what_was_not_measured_is_not_written(
    report: dict[str, Any], folder: Path, name: str, sentence: str
) -> None:
    """Refused by name; the card is as it was."""
    with pytest.raises(CardRefused, match=sentence):
        cards.fill(report, [name], folder=folder)
    with pytest.raises(CardRefused, match="cannot be read"):
        cards.fill(report, ["one"], folder=folder / "nowhere")


def test_a_table_for_a_readme(report: dict[str, Any]) -> None:
    """Markdown with a column a detector; rows that say nothing are left out."""
    lines = table.markdown(report).splitlines()
    assert lines[0] == "| | one | quiet | fused |"
    assert "| AUC | 1.00 | - | - |" in lines
    assert "| items | 40 | 40 | 40 |" in lines
    assert not any(line.startswith("| accuracy of decided") for line in lines)
    assert table.scored(report) == ["one", "fused"]
    assert table.markdown(report, ["one"]).splitlines()[0] == "| | one |"


def test_terminal_and_page_tell_the_same_parts(report: dict[str, Any]) -> None:
    """Sources with their false alarms, escapes disarmed; the terminal adds of how many."""
    found = report["detectors"]["one"]
    found["fpr_by_source"], found["reals_by_source"] = {"ph\x1bone": 0.25}, {"ph\x1bone": 20}
    with StringIO() as output:
        table.printed(report, Console(file=output, width=120))
        row = next(line for line in output.getvalue().splitlines() if line.startswith("ph"))
    assert row.split() == ["ph\\x1bone", "0.25", "of", "20", "-", "-"]
    assert "| false alarms: ph\\x1bone | 0.25 | - | - |" in table.markdown(report).splitlines()
