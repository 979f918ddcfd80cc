"""What every template and every vendored file must keep to, checked by reading them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Mail clients know no stylesheets, so letters may style themselves.
PAGES = [path for path in TEMPLATES if "email" not in path.parent.name]
VENDORED = [ROOT / "static" / "vendor", ROOT / "tests" / "browser" / "vendor"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_no_script_or_style_stands_in_a_page(path: Path) -> None:
    """The content security policy refuses them, so a page with one would be broken."""
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*(src=|application/json))", text)


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    """No address of another server in what a browser would load."""
    assert not re.search(r"(src|href)=[\"'](https?:)?//", path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_each_template_compiles_and_closes_its_comments(path: Path) -> None:
    """A {# comment #} over two lines would be shown to people."""
    get_template(named(path))
    for line in path.read_text().splitlines():
        assert line.count("{#") == line.count("#}")


@pytest.mark.parametrize("folder", VENDORED, ids=lambda p: p.parent.name)
def test_vendored_files_are_what_they_say(folder: Path) -> None:
    """Every script beside a README that names its digest, and with its licence."""
    readme = (folder / "README.md").read_text()
    scripts = list(folder.glob("*.js"))
    assert scripts
    for script in scripts:
        assert script.name in readme
        assert hashlib.sha256(script.read_bytes()).hexdigest() in readme
        assert list(folder.glob(f"{script.name.split('-')[0]}-LICENSE*"))


@pytest.mark.parametrize("code", ["400", "404", "500"])
def test_error_pages_need_nothing(code: str) -> None:
    """Django draws some error pages without a request: no person, no bar, still a whole page."""
    page = get_template(f"{code}.html").render({})
    assert "What you can do" in page and "</html>" in page
    assert "user-menu" not in page


def test_every_icon_that_is_asked_for_exists() -> None:
    """An include that names a missing icon would draw nothing, and a badge lose its shape."""
    sprite = (ROOT / "static" / "icons" / "icons.svg").read_text()
    there = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    icons = {
        name
        for path in TEMPLATES
        for name in re.findall(r'components/icon.html" with name="([^"]+)"', path.read_text())
    }
    assert icons <= there


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_no_element_stands_in_an_attribute(path: Path) -> None:
    """The filters of times make elements: in a title their quotes would end it, and the rest would
    stand on the page."""
    tags = re.findall(r'="{% blocktranslate with [^%]*%}', path.read_text())
    assert [tag for tag in tags if re.search(r"\|(moment|second|hour|day|age)\b", tag)] == []
