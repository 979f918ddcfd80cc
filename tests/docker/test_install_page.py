"""The commands that `make walk-production` takes from the page, checked without running them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.production import walk
from tests.production.page import DOWNLOADS, PAGE, SECOND, VALUES, Block, blocks, with_values
from tests.production.systemctl import read

ROOT = Path(__file__).resolve().parents[2]
FOUND = blocks(PAGE.read_text())


def test_every_fenced_command_of_the_page_is_one_that_the_walk_runs() -> None:
    """The walk runs all blocks but the values, which it checks name for name."""
    fences = [line for line in PAGE.read_text().splitlines() if line.startswith("```")]
    assert len(fences) == 2 * len(FOUND)
    assert {block.language for block in FOUND} == {"bash"}
    titles = [block.title for block in FOUND]
    assert titles.count(VALUES) == titles.count(SECOND) == 1
    assert {VALUES, DOWNLOADS, SECOND} <= set(titles)


@pytest.mark.parametrize("block", FOUND, ids=lambda block: block.title)
def test_the_page_is_readable_to_a_shell(block: Block) -> None:
    done = subprocess.run(
        ["bash", "-n"], input=block.text, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_walk_puts_in_exactly_the_values_that_the_page_names() -> None:
    [values] = [block for block in FOUND if block.title == VALUES]
    ours = with_values(values.text, walk.OURS)
    assert all(f"{name}='{value}'\n" in ours for name, value in walk.OURS.items())
    with pytest.raises(ValueError, match="OTHER"):
        with_values(values.text + "OTHER=1\n", walk.OURS)


def test_every_place_that_the_page_fills_in_is_filled_in() -> None:
    """Files with @NAME@ in them, and the sed of the page that replaces it."""
    page = PAGE.read_text()
    for file in (*(ROOT / "docker" / "systemd").glob("*.env"),
                 ROOT / "docker" / "config" / "nginx-site.conf"):  # fmt: skip
        for name in set(re.findall(r"@([A-Z0-9_]+)@", file.read_text())):
            [sed] = [line for line in page.splitlines()
                     if line.startswith("sed") and file.name in line]  # fmt: skip
            assert f"s|@{name}@|${name}|" in sed, (file.name, name)


def test_files_that_the_page_installs_are_there() -> None:
    for named in set(re.findall(r"\bdocker/[\w./@*-]+", "".join(b.text for b in FOUND))):
        assert list(ROOT.glob(named)), named


def test_the_stand_in_reads_every_unit_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.production.systemctl.UNITS", [ROOT / "docker" / "systemd"])
    for name in ("migrate", "web", "worker@1", "backup"):
        unit = f"touchstone-{name}"
        settings = read(unit)
        assert settings["User"] == ["touchstone"] and settings["ExecStart"], unit
        assert not [line for lines in settings.values() for line in lines if "%i" in line]
