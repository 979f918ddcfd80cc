"""The header `Range`: whatever a client writes, the answer is a part of the file or the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_analysis.previews.ranges import OutOfRange, Part, parse

SIZES = st.integers(1, 10**12)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", (0, 99)), ("bytes=0-0", (0, 0)), ("bytes=10-19", (10, 19)),
        ("bytes=90-1000", (90, 99)), ("bytes=-5", (95, 99)), ("bytes=-500", (0, 99)),
        ("Bytes = 3-4", (3, 4)), ("bytes=99-", (99, 99)),
        ("", None), ("bytes=", None), ("bytes=-", None), ("bytes=5-4", None), ("lines=1-2", None),
        ("bytes=0-1,5-6", None), ("bytes=a-b", None), ("bytes=1", None), ("bytes=--1", None),
    ],
)  # fmt: skip
def test_what_players_ask_for(header: str, expected: tuple[int, int] | None) -> None:
    """Of 100 bytes; what is not one plain range gets the whole."""
    assert parse(header, 100) == (Part(*expected) if expected else None)


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", f"bytes={10**17}-"])
def test_what_lies_outside_is_refused(header: str) -> None:
    """Understood, but nothing of it is there."""
    with pytest.raises(OutOfRange):
        parse(header, 100)


@given(st.text(max_size=60), SIZES)
def test_no_words_break_it(header: str, size: int) -> None:
    """Any text gives the whole, a part inside the file, or a refusal."""
    _holds(header, size)


@given(st.from_regex(r"\Abytes=[0-9]{0,20}-[0-9]{0,20}(,[0-9]*-[0-9]*)?\Z"), SIZES)
def test_a_part_is_always_inside(header: str, size: int) -> None:
    """Not empty, not longer than allowed, and it begins where it was asked to."""
    _holds(header, size)


@given(SIZES, st.integers(0, 10**12), st.integers(0, 10**12), st.integers(1, 10**7))
def test_one_range_is_what_it_says(size: int, start: int, length: int, most: int) -> None:
    """Exactly the bytes asked for, as far as there are any and as many as are sent at once."""
    header = f"bytes={start}-{start + length}"
    if start >= size:
        with pytest.raises(OutOfRange):
            parse(header, size, most)
        return
    part = parse(header, size, most)
    assert part is not None and part.start == start
    assert part.length == min(length + 1, size - start, most)
    assert part.of(size) == f"bytes {part.start}-{part.end}/{size}"


def _holds(header: str, size: int) -> None:
    try:
        part = parse(header, size, most=1000)
    except OutOfRange:
        return
    if part is not None:
        assert 0 <= part.start <= part.end < size and part.length <= 1000
