"""Looks at test sets: each is written down, counted, and can be published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ml.evaluation import looks


def look(of: str, version: str = "1", day: int = 1, items: int = 5) -> dict[str, object]:
    return {
        "made": f"2026-11-{day:02}T10:00:00+00:00", "manifest": of, "split": "test",
        "engine_version": version, "items": items,
    }  # fmt: skip


def test_looks_are_counted_by_set_and_person_the_most_first(tmp_path: Path) -> None:
    looks.add(tmp_path, [look("pictures/kodak"), look("pictures/bsds")], by="Alice")
    looks.add(tmp_path, [look("pictures/kodak", day=3, items=9)], by="Alice")
    looks.add(tmp_path, [look("pictures/kodak", version="2", day=2)], by="Alice")
    looks.add(tmp_path, [look("pictures/kodak")], by="Bob")
    rows = looks.counted(looks.read(tmp_path))
    assert [(row.of, row.by, row.times) for row in rows] == [
        ("pictures/kodak", "Alice", 3), ("pictures/bsds", "Alice", 1), ("pictures/kodak", "Bob", 1),
    ]  # fmt: skip
    first = rows[0]
    assert (first.versions, first.items) == (2, 9)
    assert (first.first[:10], first.last[:10]) == ("2026-11-01", "2026-11-03")


def test_lines_from_before_names_were_kept_and_broken_ones_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / looks.FILE).write_text(json.dumps(look("old.csv")) + '\n{"half\n[]\n')
    rows = looks.counted(looks.read(tmp_path))
    assert [(row.of, row.by) for row in rows] == [("old.csv", looks.UNKNOWN)]


def test_no_text_of_a_look_breaks_the_table(tmp_path: Path) -> None:
    looks.add(tmp_path, [look("a|b\x1b[2J")], by="Bob\n| x")
    text = looks.markdown(looks.counted(looks.read(tmp_path)))
    assert text.count("\n") == 3 and "\x1b" not in text
    assert text.splitlines()[2].count("|") == 9


def test_the_table_goes_between_its_marks_or_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looks.add(tmp_path, [look("pictures/kodak")], by="Alice")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- looks:start -->\nold\n<!-- looks:end -->\nafter\n")
    call_command("looks", cache=tmp_path, write=page)
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "| pictures/kodak | test | Alice | 1 |" in text
    with pytest.raises(CommandError, match="looks:start"):
        call_command("looks", cache=tmp_path, write=tmp_path / looks.FILE)
    capsys.readouterr()
    call_command("looks", cache=tmp_path, json=True)
    assert json.loads(capsys.readouterr().out)[0]["by"] == "Alice"


def test_nobody_has_looked_yet_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("looks", cache=tmp_path)
    found = capsys.readouterr()
    assert found.out == "" and "No evaluation is recorded yet" in found.err
