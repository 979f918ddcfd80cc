"""File names are somebody else's text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_analysis.submissions.file_names import MAX_CHARACTERS, displayable


@given(st.text(max_size=600))
def test_any_name_becomes_short_visible_text(name: str) -> None:
    """No control, no direction override, no path and no overlong name survives."""
    visible = displayable(name)
    assert len(visible) <= MAX_CHARACTERS
    assert "/" not in visible and "\\" not in visible
    assert all(unicodedata.category(c)[0] != "C" for c in visible)


@given(st.text(max_size=600))
def test_a_shown_name_shows_the_same_again(name: str) -> None:
    """Making a name harmless twice changes nothing more."""
    assert displayable(displayable(name)) == displayable(name)


@pytest.mark.parametrize(
    ("hostile", "visible"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
        ("photo\u202egpj.exe", "photo\ufffdgpj.exe"),
        ("two\r\nlines.png", "two\ufffd\ufffdlines.png"),
        ("nul\x00.png", "nul\ufffd.png"),
        ("-i.mp4", "-i.mp4"),
        ("%03d.png", "%03d.png"),
        ("a %22quoted%22 name.png", 'a "quoted" name.png'),
        ("100%25.png", "100%25.png"),
    ],
)
def test_hostile_names(hostile: str, visible: str) -> None:
    """Known tricks end as plain text that still tells the tired reader what was sent."""
    assert displayable(hostile) == visible


def test_a_long_name_keeps_its_ending() -> None:
    """What kind of file it was stays readable."""
    assert displayable("x" * 400 + ".mp4").endswith("….mp4")
