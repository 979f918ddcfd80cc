"""The README's table of figures: written whole, or renewed a bench at a time."""

from __future__ import annotations

from pathlib import Path

from bench import report
from bench.report import Row

MARKS = "# Page\n<!-- figures:start -->\n<!-- figures:end -->\nend\n"


def test_one_bench_renews_its_lines_alone(tmp_path: Path) -> None:
    """The lines of other benches stay as they were, and no line stands there twice."""
    page = tmp_path / "page.md"
    page.write_text(MARKS)
    old = [Row("a", "1", command="python bench/a.py"), Row("b", "2", command="python bench/b.py")]
    report.write(old, page)
    report.write([Row("a", "3", command="python bench/a.py")], page, among_others=True)
    lines = [line for line in page.read_text().splitlines() if line.startswith("|")]
    assert [line.split("|")[1:3] for line in lines[2:]] == [[" b ", " 2 "], [" a ", " 3 "]]


def test_written_whole_nothing_else_stays(tmp_path: Path) -> None:
    """A bench that is no more leaves no figure behind."""
    page = tmp_path / "page.md"
    page.write_text(MARKS)
    report.write([Row("a", "1", command="python bench/a.py")], page)
    report.write([Row("b", "2", command="python bench/b.py")], page)
    assert "| a |" not in page.read_text() and "| b |" in page.read_text()
    assert page.read_text().startswith("# Page\n") and page.read_text().endswith("end\n")
