"""Chooses what runs a network: LiteRT, or OpenVINO where it is installed and gives the same
results.

OpenVINO scores about twice as many faces a second and is an optional extra. Both read the same
`.tflite` file. Before OpenVINO is used, both run the same probes; if any output differs by more
than the tolerance, LiteRT is used, because every calibration and every golden score was made with
it. `TOUCHSTONE_RUNTIME=litert` always selects LiteRT. `TOUCHSTONE_INFERENCE_URL` names a server
that computes in place of both (`inference_server.py`), admitted by the same probes.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

Outputs = dict[int, NDArray[np.float32]]
"""A network's outputs by how many numbers each holds."""
TOLERANCE = 0.01
"""The tolerance of any output on any probe: a tenth of what saving a picture again does to a
logit."""
PROBES = 6


class Runtime(Protocol):
    @property
    def name(self) -> str: ...

    shape: tuple[int, ...]

    def __call__(self, picture: NDArray[np.float32]) -> Outputs: ...


class LiteRT:
    name = "litert"

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        entry = self._interpreter.get_input_details()[0]
        self._input, self.shape = entry["index"], tuple(int(n) for n in entry["shape"][1:])
        self._outputs = {
            int(np.prod(detail["shape"])): detail["index"]
            for detail in self._interpreter.get_output_details()
        }

    def __call__(self, picture: NDArray[np.float32]) -> Outputs:
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(picture[None]))
        self._interpreter.invoke()
        return {
            size: np.array(self._interpreter.get_tensor(index)).reshape(-1)
            for size, index in self._outputs.items()
        }


class OpenVINO:
    def __init__(self, file: Path) -> None:
        import openvino

        self.name = f"openvino {openvino.__version__.split('-')[0]}"
        core = openvino.Core()
        model = core.read_model(file)
        self.shape = tuple(int(n) for n in model.inputs[0].shape)[1:]
        settings: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": 1,
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        self._model = core.compile_model(model, "CPU", settings)

    def __call__(self, picture: NDArray[np.float32]) -> Outputs:
        outputs = self._model(np.ascontiguousarray(picture[None]))
        flat = [np.array(value, np.float32).reshape(-1) for value in outputs.values()]
        return {len(value): value for value in flat}


def chosen(content: bytes, file: Path, faster: Callable[[Path], Runtime] = OpenVINO) -> Runtime:
    """The faster runtime if it is there, may be used and agrees; LiteRT otherwise. Before either
    goes an inference server, where the site names one."""
    plain: Runtime = LiteRT(content)
    if os.environ.get("TOUCHSTONE_RUNTIME") == plain.name:
        return plain
    own = _faster(plain, file, faster)
    if url := os.environ.get("TOUCHSTONE_INFERENCE_URL"):
        from ml.engine.inference_server import ServerOrOwn

        return ServerOrOwn(url, file, own)
    return own


def _faster(plain: Runtime, file: Path, faster: Callable[[Path], Runtime]) -> Runtime:
    if find_spec("openvino") is None:
        return plain
    try:
        other = faster(file)
        apart = disagreement(plain, other)
    except Exception:
        log.exception("OpenVINO is installed but cannot run the network; LiteRT is used.")
        return plain
    if not apart <= TOLERANCE:
        log.warning("OpenVINO differs from LiteRT by %.4f; LiteRT is used.", apart)
        return plain
    return other


def disagreement(one: Runtime, other: Runtime) -> float:
    """The largest difference of any output on generated probes, flat and noisy ones."""
    random = np.random.default_rng(17)
    worst = 0.0
    for number in range(PROBES):
        smooth = random.uniform(-1, 1, one.shape[-1:]) * np.ones(one.shape)
        probe = (smooth + (number / PROBES) * random.normal(size=one.shape)).astype(np.float32)
        first, second = one(probe), other(probe)
        if first.keys() != second.keys():
            return float("inf")
        worst = max(worst, *(float(np.abs(first[k] - second[k]).max()) for k in first))
    return worst
