"""The mean of runs: a run like others that states how it was made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.face import loop, release
from lab.face.average import CannotAverage, average
from lab.face.config import FaceConfig


def finished(runs: Path, name: str, config: FaceConfig, value: float) -> None:
    folder = runs / name
    folder.mkdir()
    (folder / loop.CONFIG).write_text(config.to_json())
    weights = {"logit/kernel": np.full((3, 1), value, np.float32)}
    np.savez(folder / loop.WEIGHTS, **weights)  # type: ignore[arg-type]


def test_the_mean_is_a_run_with_its_origins(tmp_path: Path) -> None:
    """Its weights are the mean, kept as precise as they were; its card will name each run once,
    though the second began from the first."""
    first = FaceConfig()
    finished(tmp_path, "one", first, 1.0)
    finished(tmp_path, "two", replace(first, start="one", seed=2), 2.0)
    made = average(tmp_path, ["one", "two"], "both")
    with np.load(made / loop.WEIGHTS) as arrays:
        assert arrays["logit/kernel"].tolist() == [[1.5]] * 3
        assert arrays["logit/kernel"].dtype == np.float32
    config = FaceConfig.read(made / loop.CONFIG)
    assert config.mean_of == ("one", "two")
    assert [recipe["run"] for recipe in release.earlier(made, config)] == ["two", "one"]


def test_what_has_no_mean_is_refused(tmp_path: Path) -> None:
    """One run alone, other input sizes, a name that is taken: nothing is written over."""
    finished(tmp_path, "one", FaceConfig(), 1.0)
    finished(tmp_path, "two", FaceConfig(), 2.0)
    finished(tmp_path, "small", FaceConfig(side=96), 2.0)
    for names, name in ((["one", "one"], "x"), (["one", "small"], "x"), (["one", "two"], "two")):
        with pytest.raises(CannotAverage):
            average(tmp_path, names, name)
    assert not (tmp_path / "x").exists()
