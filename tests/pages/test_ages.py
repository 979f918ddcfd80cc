"""Times in lists are ages, with the exact time as title."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from accounts.templatetags.moments import age

NOW = datetime(2026, 11, 29, 16, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5, seconds=50), "5 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (-timedelta(hours=2, minutes=1), "in 2 h"),
        (timedelta(days=31), "2026-10-29"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(before: timedelta, text: str) -> None:
    """The past, the future, and a date where an age says nothing any more."""
    assert f">{text}</time>" in age(NOW - before)


def test_the_exact_time_is_the_title_and_german_has_its_words() -> None:
    """Nothing is lost by the short form, in either language."""
    assert 'title="2026-11-29 16:25 UTC"' in age(NOW - timedelta(minutes=5))
    with translation.override("de"):
        assert ">vor 3 Tagen</time>" in age(NOW - timedelta(days=3))


def test_no_time_is_no_text() -> None:
    """A case without a deadline shows nothing."""
    assert age(None) == ""
