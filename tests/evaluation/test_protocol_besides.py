"""`--beside`: a failure of a third-party `predict` affects only the file at hand."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml.evaluation.manifest import Case
from ml.evaluation.protocols import asking
from ml.evaluation.protocols.besides import Beside, BesideRefused
from ml.evaluation.protocols.changes import HardRow
from ml.evaluation.running import Task

HERE = "tests.evaluation.predicting"


def tasks(folder: Path) -> list[Task]:
    found = []
    for number, level in enumerate((60, 200, 60, 200)):
        path = folder / f"{number}.png"
        Image.fromarray(np.full((96, 96, 3), level, np.uint8)).save(path)
        found.append(Task(Case(number, path.name, path, "", level > 125, f"row {number}")))
    return found


@pytest.mark.parametrize(
    ("function", "reason"), [("fails_on_dark", "failed"), ("ends_on_dark", "ended its process")]
)
def test_a_file_that_breaks_it_is_counted_as_failed_and_the_next_is_asked(
    tmp_path: Path, function: str, reason: str
) -> None:
    guest = Beside(f"{HERE}:{function}")
    try:
        found = asking.predict_each(guest, tasks(tmp_path), lambda count: None)
        assert found.failed.tolist() == [True, False, True, False]
        assert np.isnan(found.scores).tolist() == [True, False, True, False]
        assert reason in guest.predict(tmp_path / "0.png").reason
    finally:
        guest.close()


def test_one_that_takes_too_long_is_stopped_and_started_again(tmp_path: Path) -> None:
    tasks(tmp_path)
    guest = Beside(f"{HERE}:sleeps_on_dark")
    guest._seconds = 1.0
    try:
        assert "more than 1 s" in guest.predict(tmp_path / "0.png").reason
        guest._seconds = 60.0
        assert guest.predict(tmp_path / "1.png").score == 1.0
    finally:
        guest.close()


def test_a_score_that_is_no_number_is_a_failure(tmp_path: Path) -> None:
    guest = Beside(f"{HERE}:never_a_number")
    try:
        assert guest.predict(tmp_path).score is None
    finally:
        guest.close()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("predict", "not of the form"),
        ("tests.evaluation.nowhere:predict", "could not be loaded: ModuleNotFoundError"),
        (f"{HERE}:nothing", "could not be loaded: AttributeError"),
    ],
)
def test_what_cannot_be_loaded_is_said_before_anything_is_examined(
    name: str, sentence: str
) -> None:
    with pytest.raises(BesideRefused, match=sentence):
        Beside(name)


def test_it_gets_a_path_also_where_the_file_was_made_by_the_run(tmp_path: Path) -> None:
    """A hard row is a file of its own, with the suffix of what it is; it goes afterwards."""
    changed = Task(tasks(tmp_path)[1].case, HardRow("night", 0))
    with asking.laid_out(changed) as path:
        assert path.suffix == ".jpg"
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            assert image.format == "JPEG"
    assert not path.exists()
