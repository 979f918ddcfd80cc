"""The anchor file is appended to and read from its end, however long it is."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

from audit import anchors


def note(size: int) -> str:
    return f"origin\n{size}\nroot\n\n— name {'x' * 200}\n"


def written(file: Path, count: int) -> None:
    with file.open("w") as out:
        for size in range(count):
            out.write(json.dumps({"note": note(size)}, ensure_ascii=False) + "\n")


def test_the_end_of_a_long_file_is_read_in_little_memory(tmp_path: Path) -> None:
    file = tmp_path / "anchor"
    written(file, 20_000)
    tracemalloc.start()
    assert anchors.last_note(file) == note(19_999)
    assert anchors.catch_up(file, [note(19_999), note(20_000)]) == 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400_000 < file.stat().st_size
    assert anchors.last_note(file) == note(20_000)


def test_a_torn_line_is_cut_and_no_whole_line_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "anchor"
    for count in (0, 1, 3):
        written(file, count)
        with file.open("a") as out:
            out.write('{"note": "orig')
        assert anchors.last_note(file) == (note(count - 1) if count else None)
        assert anchors.catch_up(file, [note(n) for n in range(count + 2)]) == 2
        assert list(anchors.notes_in(file)) == [note(n) for n in range(count + 2)]


def test_a_line_longer_than_the_first_look_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "anchor"
    long = f"origin\n7\n{'r' * (anchors.TAIL * 2)}\n"
    assert anchors.catch_up(file, [note(1), long]) == 2
    assert anchors.last_note(file) == long


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert anchors.last_note(tmp_path / "none") is None
    assert list(anchors.notes_in(tmp_path / "none")) == []
