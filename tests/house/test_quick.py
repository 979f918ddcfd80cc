"""`make quick` names only tests that exist."""

from __future__ import annotations

from tests.choose_quick import LIST, ROOT


def test_each_file_of_the_quick_list_is_there() -> None:
    """A moved test file fails here; `python -m tests.choose_quick` writes the list anew."""
    files = LIST.read_text().split()
    assert len(files) > 50
    assert [name for name in files if not (ROOT / name).is_file()] == []
