"""The documentation builds as a site, and a broken link in it is an error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(site)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Each page is in the navigation, and each link leads somewhere."""
    built = _build(ROOT / "mkdocs.yml", tmp_path)
    assert built.returncode == 0, built.stderr
    for page in (
        "index.html",
        "review.html",
        "project/contributing.html",
        "search/search_index.json",
    ):
        assert (tmp_path / page).is_file()
    checks = (tmp_path / "detectors/index.html").read_text()
    assert "<td>Lip sync</td>" in checks, "the page lists what the manifests say"


@pytest.mark.parametrize("link", ["no-such-page.md", "review.md#no-such-heading", "../no/such.py"])
def test_a_link_to_nothing_fails_the_build(tmp_path: Path, link: str) -> None:
    """In a copy of the documentation with one such link."""
    for name in ("docs", "lab", "clients"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.py[co]", "__pycache__")
        )
    for name in ("mkdocs.yml", *(p.name for p in ROOT.glob("*.md"))):
        shutil.copy(ROOT / name, tmp_path / name)
    with (tmp_path / "docs/index.md").open("a") as page:
        page.write(f"\n[Look here]({link})\n")
    built = _build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert built.returncode != 0
    assert link.rpartition("#")[2] in built.stderr
