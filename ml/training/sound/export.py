"""From Keras to LiteRT, and the proof that both say the same."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.detectors.voice_spoof.windows import BANDS, FRAMES
from ml.training.sound import loop

TOLERANCE = 1e-3
"""Greatest difference of logits that is accepted."""


class ParityBroken(RuntimeError):
    """The exported network does not say what the trained one says."""


def exported(network: Any, target: Path, probes: NDArray[np.float32]) -> dict[str, Any]:
    """Write the float32 LiteRT file and compare it with the network on real pictures."""
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    @tf.function(input_signature=[tf.TensorSpec((1, FRAMES, BANDS), tf.float32)])
    def one(picture: Any) -> Any:
        return network(picture, training=False)

    frozen = convert_variables_to_constants_v2(one.get_concrete_function())
    content = tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert()
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    entry, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    served = []
    for picture in probes:
        interpreter.set_tensor(entry["index"], picture[None])
        interpreter.invoke()
        served.append(float(interpreter.get_tensor(out["index"])[0, 0]))
    difference = float(np.max(np.abs(np.array(served) - loop.score(network, probes))))
    if not difference <= TOLERANCE:
        raise ParityBroken(f"Logits differ by up to {difference:.2g}; {TOLERANCE} is allowed.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return {
        "file": target.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "parameters": int(network.count_params()),
        "parity": {"pictures": len(probes), "greatest_difference": difference},
    }
