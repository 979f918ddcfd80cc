"""The catalogue of refusals joins the entries of its modules."""

from __future__ import annotations

from accounts.refusals import CATALOGUE, media, people, rest, review


def test_no_code_stands_in_two_modules() -> None:
    """The later one would replace the earlier one's sentence."""
    entries = [part.ENTRIES for part in (people, media, review, rest)]
    assert sum(len(part) for part in entries) == len(CATALOGUE)
