"""The faster runtime is used only where it gives the same results."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import ml.engine.detectors
from ml.engine import runtimes
from ml.engine.runtimes import LiteRT, Outputs

FOLDERS = sorted(
    file for folder in ml.engine.detectors.__path__ for file in Path(folder).glob("*/*.tflite")
)
FILE = FOLDERS[0]
needs_openvino = pytest.mark.skipif(
    find_spec("openvino") is None,
    reason="OpenVINO is an optional extra (requirements/openvino.txt) and not installed",
)


class Shifted(LiteRT):
    """LiteRT, a little off in every output: stands for a runtime that computes otherwise."""

    name = "shifted"
    by = 0.0

    def __init__(self, file: Path) -> None:
        super().__init__(file.read_bytes())

    def __call__(self, picture: np.ndarray) -> Outputs:
        return {size: value + self.by for size, value in super().__call__(picture).items()}


class Broken(LiteRT):
    def __init__(self, file: Path) -> None:
        raise RuntimeError("no such instruction")


@pytest.fixture(autouse=True)
def as_if_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "find_spec", lambda name: object())
    monkeypatch.delenv("TOUCHSTONE_RUNTIME", raising=False)


@pytest.mark.parametrize(("by", "taken"), [(0.0, True), (0.002, True), (0.05, False)])
def test_another_runtime_is_taken_only_within_the_tolerance(
    by: float, taken: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One that differs by more is left, and the log says by how much."""
    monkeypatch.setattr(Shifted, "by", by)
    with caplog.at_level(logging.WARNING):
        chosen = runtimes.chosen(FILE.read_bytes(), FILE, Shifted)
    assert (chosen.name == "shifted") is taken
    assert ("differs from LiteRT by 0.0500" in caplog.text) is not taken


def test_a_runtime_that_cannot_run_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """LiteRT computes, and the log holds the reason."""
    assert runtimes.chosen(FILE.read_bytes(), FILE, Broken).name == "litert"
    assert "no such instruction" in caplog.text


def test_an_operator_can_keep_litert(monkeypatch: pytest.MonkeyPatch) -> None:
    """TOUCHSTONE_RUNTIME=litert overrules what is installed."""
    monkeypatch.setenv("TOUCHSTONE_RUNTIME", "litert")
    assert runtimes.chosen(FILE.read_bytes(), FILE, Shifted).name == "litert"


@needs_openvino
@pytest.mark.parametrize("file", FOLDERS, ids=lambda file: file.stem)
def test_openvino_says_the_same(file: Path) -> None:
    """The real one, on every network that is shipped."""
    chosen = runtimes.chosen(file.read_bytes(), file)
    assert chosen.name.startswith("openvino")
    assert runtimes.disagreement(LiteRT(file.read_bytes()), chosen) <= runtimes.TOLERANCE
