"""Extracts the weights of the small network that `face_forgery` serves, by layer, as the start of a
run.

    python -m lab.mouths.served_weights --out FILE.npz

The served file keeps its normalisation folded into kernels and biases. Runs in the product's own
environment.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.common.speaking import say
from ml.engine.detectors import face_forgery
from ml.engine.serving import checked_weights, read_card

LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def folded(content: bytes) -> dict[str, Any]:
    """Kernels as Keras keeps them (height x width x in x out), and biases."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    interpreter.set_tensor(entry["index"], np.zeros(entry["shape"], np.float32))
    interpreter.invoke()
    names = {detail["index"]: str(detail["name"]) for detail in interpreter.get_tensor_details()}
    stored = {}
    for step in interpreter._get_ops_details():
        if step["op_name"] == "DEQUANTIZE":
            stored[int(step["outputs"][0])] = int(step["inputs"][0])
    found: dict[str, Any] = {}
    blocks = Names()
    for step in interpreter._get_ops_details():
        if step["op_name"] not in LAYERS:
            continue
        _, kernel_at, bias_at = (int(n) for n in step["inputs"])
        name = blocks.of(step["op_name"], names.get(kernel_at, ""))
        kernel = _value(interpreter, kernel_at, stored)
        if step["op_name"] == "FULLY_CONNECTED":
            kernel = kernel.T
        elif step["op_name"] == "DEPTHWISE_CONV_2D":
            kernel = kernel.transpose(1, 2, 3, 0)
        else:
            kernel = kernel.transpose(1, 2, 3, 0)
        found[f"{name}/kernel"] = np.ascontiguousarray(kernel, np.float32)
        found[f"{name}/bias"] = _value(interpreter, bias_at, stored).astype(np.float32)
    return found


class Names:
    """Depthwise kernels bear the names of their normalisation; they follow one another in order."""

    def __init__(self) -> None:
        self.depthwise = -1

    def of(self, kind: str, name: str) -> str:
        if kind == "DEPTHWISE_CONV_2D":
            self.depthwise += 1
            return f"block{self.depthwise}_depthwise"
        layer = name.split("/")[-2] if "/" in name else name
        return layer.removesuffix("_1")


def _value(interpreter: Any, place: int, stored: dict[int, int]) -> NDArray[Any]:
    return np.array(interpreter.get_tensor(stored.get(place, place)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    folder = Path(face_forgery.__path__[0])
    content, _ = checked_weights(folder, read_card(folder))
    arrays = folded(content)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(options.out, **arrays)
    say(f"{len(arrays) // 2} layers")


if __name__ == "__main__":
    main()
