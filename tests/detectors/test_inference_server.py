"""An inference server computes where it says the same; the worker goes on by itself where not."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ml.engine import inference_server, model_repository, runtimes
from ml.engine.conditions import conditions
from ml.engine.runtimes import LiteRT
from operations import doctor
from tests.detectors.inference_house import InferenceHouse

FILES = sorted(model_repository.networks().values(), key=lambda file: file.stat().st_size)
FILE = FILES[0]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[InferenceHouse]:
    made = InferenceHouse([FILE])
    monkeypatch.setenv("TOUCHSTONE_INFERENCE_URL", made.url)
    monkeypatch.delenv("TOUCHSTONE_RUNTIME", raising=False)
    monkeypatch.setattr(runtimes, "find_spec", lambda name: None)
    yield made
    made.close()


def probe() -> np.ndarray:
    shape = LiteRT(FILE.read_bytes()).shape
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


def chosen() -> runtimes.Runtime:
    return runtimes.chosen(FILE.read_bytes(), FILE)


@pytest.mark.parametrize("binary", [True, False])
def test_a_server_that_says_the_same_computes(house: InferenceHouse, binary: bool) -> None:
    """Numbers go as bytes where the server knows how, as JSON elsewhere; outputs are the same."""
    house.binary = binary
    network = chosen()
    assert network.name == "open inference, house 1"
    before = house.requests
    logits, own = network(probe()), LiteRT(FILE.read_bytes())(probe())
    assert house.requests == before + 1 and logits.keys() == own.keys()
    assert all(np.abs(logits[size] - own[size]).max() < 1e-6 for size in own)


def test_a_server_that_says_otherwise_is_left(
    house: InferenceHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house.shifted_by = 0.05
    network = chosen()
    with caplog.at_level(logging.WARNING):
        assert network.name == "litert"
    assert "differs from litert by 0.0500" in caplog.text
    before = house.requests
    network(probe())
    assert house.requests == before, "it is not asked during the pause"


def test_work_goes_on_without_the_server_and_comes_back_to_it(
    house: InferenceHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken, then away, then there again: no picture is lost, and the name says who computed."""
    network = chosen()
    own = LiteRT(FILE.read_bytes())(probe())
    assert network.name.startswith("open inference")
    house.broken = True
    for size, values in network(probe()).items():
        assert np.array_equal(values, own[size])
    assert network.name == "litert"
    house.broken = False
    assert network.name == "litert", "not before the pause is over"
    monkeypatch.setattr(network, "_not_before", 0.0)
    assert network.name.startswith("open inference")


def test_a_server_that_is_away_or_lacks_the_network_stops_nothing(
    house: InferenceHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.networks.clear()
    assert chosen().name == "litert"
    for url in ("http://127.0.0.1:1", "ftp://somewhere"):
        monkeypatch.setenv("TOUCHSTONE_INFERENCE_URL", url)
        network = chosen()
        assert network.name == "litert" and network(probe())


def test_an_operator_can_keep_litert(
    house: InferenceHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_RUNTIME", "litert")
    assert isinstance(chosen(), LiteRT)


def test_a_known_file_is_examined_again_where_another_server_computes(
    house: InferenceHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_server = conditions("v")
    monkeypatch.delenv("TOUCHSTONE_INFERENCE_URL")
    assert conditions("v") != at_server


def test_the_repository_holds_every_network_under_its_own_name(tmp_path: Path) -> None:
    names = model_repository.write(tmp_path)
    assert {"face_forgery", "synthetic_face", "temporal"} <= set(names)
    for name in names:
        assert (tmp_path / name / "1" / f"{name}.tflite").stat().st_size > 1000
    listed = json.loads((tmp_path / "config.json").read_text())["model_config_list"]
    assert [one["config"]["name"] for one in listed] == names


def test_the_doctor_names_a_silent_server_and_what_a_server_lacks(
    house: InferenceHouse, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "TOUCHSTONE_INFERENCE_URL", house.url)
    monkeypatch.setattr(model_repository, "networks", lambda: {FILE.stem: FILE})
    assert list(doctor.inference()) == []
    house.networks.clear()
    (lacks,) = doctor.inference()
    assert FILE.stem in lacks.said and "model_repository" in lacks.mend
    monkeypatch.setattr(settings, "TOUCHSTONE_INFERENCE_URL", "http://127.0.0.1:1")
    (silent,) = doctor.inference()
    assert "does not answer" in silent.said


def test_an_answer_that_is_no_network_output_is_refused(
    house: InferenceHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "infer", lambda *_: (200, {"outputs": [{"name": "x"}]}, b""))
    with pytest.raises(inference_server.ServerUnusable, match="outputs"):
        inference_server.AtServer(house.url, FILE)(probe())
