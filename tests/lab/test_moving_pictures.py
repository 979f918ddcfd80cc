"""Videos on which the check of whole pictures is measured: their moments, and their scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.synthetic_image import films, report
from ml.engine.detectors.synthetic_image.films import MOMENTS, MomentPicker


@pytest.mark.parametrize("length", [50, 80, 90, 91])
def test_the_moments_are_those_of_service(length: int) -> None:
    frames = [np.full((4, 4, 3), number, np.uint8) for number in range(length)]
    chosen = [int(frame[0, 0, 0]) for frame in films.moments(frames, MOMENTS)]
    picker = MomentPicker(length / 25)
    assert chosen == [number for number in range(length) if picker.picks(number / 25)]


def test_a_pan_moves_over_the_picture_and_survives_its_codec() -> None:
    across = np.tile(np.arange(0, 200, dtype=np.uint8)[None, :, None], (120, 1, 3))
    frames = films.passed(films.pan(across), 18)
    assert len(frames) == films.PANS
    assert frames[0].shape[:2] == (108, 180)
    left = [float(frame[:, :8].mean()) for frame in frames]
    assert left[-1] - left[0] > 15


def test_a_film_scores_what_its_strongest_moment_scores(tmp_path: Path) -> None:
    written = tmp_path / "films.csv"
    written.write_text(
        "split,row,source,fake,name,rate,logits\n"
        "val,speakers,a,0,clip,23,-1 -2 -3 -4; 3 1 2 0\n"
        "val,speakers,b,0,black,23,\n"
    )
    strong, black = report.read(written)
    assert strong.score == 2.5
    assert report.judged([strong, black]) == [strong]
