"""The documentation's pictures exist, are described, are used and are small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.house.test_docs_site import ROOT

FOLDER = ROOT / "docs" / "pictures"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMED = [
    (page, match[1], page.parent / match[2])
    for page in PAGES
    for match in re.finditer(r"!\[([^\]]*)\]\(([^)\s]+\.webp)\)", page.read_text())
]


@pytest.mark.parametrize(("page", "text", "file"), NAMED, ids=lambda one: getattr(one, "name", ""))
def test_each_picture_is_there_and_described(page: Path, text: str, file: Path) -> None:
    """With a sentence for those who do not see it."""
    assert file.is_file(), f"{page} names it; `make docs-pictures` writes it"
    assert len(text.split()) > 4, f"{page}: say what {file} shows"


def test_each_picture_is_used_and_small() -> None:
    """1440 x 900, at most 60 KiB each and 800 KiB together."""
    files = sorted(FOLDER.glob("*.webp"))
    assert len(files) >= 10
    assert {file.resolve() for file in files} == {file.resolve() for _, _, file in NAMED}
    sizes = [file.stat().st_size for file in files]
    assert max(sizes) <= 80 * 1024 and sum(sizes) <= 800 * 1024
    for file in files:
        with Image.open(file) as picture:
            assert picture.size == (1440, 900), file
