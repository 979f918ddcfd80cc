"""Converts Keras to LiteRT and verifies that both give the same results."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ParityBroken(RuntimeError):
    """The exported network does not say what the trained one says."""


def exported(
    network: Any,
    target: Path,
    probes: NDArray[np.float32],
    *,
    tolerance: float,
    half: bool = False,
) -> dict[str, Any]:
    """Write the LiteRT file and compare what it says with the network on real inputs. With `half`,
    weights are stored as float16 and reckoned with as float32 - if that stays within the
    tolerance too; else they are stored whole."""
    import tensorflow as tf

    trained = _flat(network(tf.constant(probes), training=False))
    content, difference = b"", np.inf
    for as_half in (True, False) if half else (False,):
        content = _converted(network, probes.shape[1:], as_half)
        difference = _apart(_served(content, probes), trained)
        if difference <= tolerance:
            break
    else:
        raise ParityBroken(f"Outputs differ by up to {difference:.2g}; {tolerance} is allowed.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return {
        "file": target.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "parameters": int(network.count_params()),
        "stored_as": "float16" if as_half else "float32",
        "parity": {"inputs": len(probes), "greatest_difference": difference},
    }


def _apart(served: dict[int, NDArray[Any]], trained: dict[int, NDArray[Any]]) -> float:
    """Greatest difference: of a logit as it is, of a map's cells as what they show, 0 to 1."""

    def in_logits(values: NDArray[Any]) -> NDArray[Any]:
        return values if values.shape[1] == 1 else np.asarray(1.0 / (1.0 + np.exp(-values)))

    return max(float(np.abs(in_logits(served[n]) - in_logits(trained[n])).max()) for n in trained)


def _converted(network: Any, shape: tuple[int, ...], half: bool) -> bytes:
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    one = tf.function(
        lambda entry: network(entry, training=False),
        input_signature=[tf.TensorSpec((1, *shape), tf.float32)],
    )
    frozen = convert_variables_to_constants_v2(one.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def _served(content: bytes, probes: NDArray[np.float32]) -> dict[int, NDArray[Any]]:
    """The outputs by how many numbers each holds, as `ml.engine.serving` distinguishes them."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]["index"]
    results: list[dict[int, NDArray[Any]]] = []
    for probe in probes:
        interpreter.set_tensor(entry, probe[None])
        interpreter.invoke()
        outputs = [interpreter.get_tensor(o["index"]) for o in interpreter.get_output_details()]
        results.append({output.size: np.array(output).reshape(-1) for output in outputs})
    return {size: np.stack([one[size] for one in results]) for size in results[0]}


def _flat(outputs: Any) -> dict[int, NDArray[Any]]:
    several = list(outputs.values()) if isinstance(outputs, Mapping) else [outputs]
    arrays = [np.asarray(output) for output in several]
    return {a[0].size: a.reshape(len(a), -1) for a in arrays}
