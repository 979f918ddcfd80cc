"""Speech through Lyra V2, a neural codec: genuine speech that a GAN speaks again at the other end.

Nobody was faked by it, so whatever is flagged is a false alarm. The codec's weights (Apache-2.0)
are not part of the project; the row is made where a data folder has `weights/lyra`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Samples
from ml.evaluation import rewriting

FRAME = 320
"""Samples: 20 ms."""
PARTS = ("soundstream_encoder", "quantizer", "lyragan")
QUANTIZERS = (16, 30, 46)
"""3.2, 6 and 9.2 kbit/s."""
VERSION = "1"


@dataclass(frozen=True)
class Lyra:
    """One strength, as a change of a file."""

    folder: Path
    number: int

    @property
    def quantizers(self) -> int:
        return QUANTIZERS[self.number % len(QUANTIZERS)]

    @property
    def name(self) -> str:
        return f"Lyra/{self.quantizers}/{VERSION}"

    def __call__(self, file: BinaryIO) -> BinaryIO:
        return rewriting.sound(file, lambda samples: spoken(samples, self.folder, self.quantizers))


def change(roots: Sequence[Path]) -> Callable[[int], Lyra] | None:
    """By number, or None where no data folder has the weights."""
    for root in roots:
        folder = root / "weights" / "lyra"
        if all((folder / f"{part}.tflite").is_file() for part in PARTS):
            return lambda number, folder=folder: Lyra(folder, number)  # type: ignore[misc]
    return None


def spoken(samples: Samples, folder: Path, quantizers: int) -> Samples:
    """Encoded, quantised and spoken again; as long as before."""
    from ai_edge_litert.interpreter import Interpreter

    # The networks keep a state from frame to frame, so each sound gets new ones.
    encoder, quantizer, speaker = (
        Interpreter(model_content=content, num_threads=1) for content in _networks(folder)
    )
    encode, decode = (quantizer.get_signature_runner(name) for name in ("encode", "decode"))
    encoder.allocate_tensors()
    speaker.allocate_tensors()
    count = -(-len(samples) // FRAME)
    padded = np.pad(np.asarray(samples, np.float32), (0, count * FRAME - len(samples)))
    decoded = []
    for frame in padded.reshape(count, 1, FRAME):
        encoded = encode(
            input_frames=_through(encoder, frame), num_quantizers=np.array(quantizers, np.int32)
        )
        indices = next(value for value in encoded.values() if value.dtype == np.int32)
        decoded.append(_through(speaker, decode(encoding_indices=indices)["output_0"])[0])
    return np.concatenate(decoded)[: len(samples)]


def _through(network: Any, value: NDArray[np.float32]) -> NDArray[np.float32]:
    network.set_tensor(network.get_input_details()[0]["index"], value)
    network.invoke()
    return np.asarray(network.get_tensor(network.get_output_details()[0]["index"]), np.float32)


@functools.cache
def _networks(folder: Path) -> tuple[bytes, ...]:
    return tuple((folder / f"{part}.tflite").read_bytes() for part in PARTS)
