"""Passes genuine and machine speech through the codecs of telephones, radios and calls.

Some of them model the voice and resynthesise it at the other end, as vocoders do, so that
classifiers trained without them take people for machines. They are drawn for both classes, because
otherwise the classifiers would learn the codec.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Samples
from ml.evaluation import data_folders
from ml.evaluation.degrade_sound import through_codec

LYRA_FRAME = 320
"""Samples: a fiftieth of a second."""
LYRA_PARTS = ("soundstream_encoder", "quantizer", "lyragan")
LYRA_RATES = {3200: 16, 6000: 30, 9200: 46}
"""Bits a second, and how many quantisers that takes."""


class CodecMissing(RuntimeError):
    """The codec is not here."""


def through_lyra(samples: Samples, bit_rate: int) -> Samples:
    """Google's Lyra V2: an encoder, quantisers, and a GAN that speaks. As long as before."""
    from ai_edge_litert.interpreter import Interpreter

    # The parts carry a state from frame to frame, so each sound gets new ones.
    encoder, quantiser, speaker = (
        Interpreter(model_content=content, num_threads=1) for content in _lyra()
    )
    for part in (encoder, speaker):
        part.allocate_tensors()
    encode = quantiser.get_signature_runner("encode")
    decode = quantiser.get_signature_runner("decode")
    count = np.array(LYRA_RATES[bit_rate], np.int32)
    frames = -(-len(samples) // LYRA_FRAME)
    padded = np.pad(samples, (0, frames * LYRA_FRAME - len(samples))).astype(np.float32)
    decoded = []
    for piece in padded.reshape(frames, 1, LYRA_FRAME):
        encoded = encode(input_frames=_through(encoder, piece), num_quantizers=count)
        indices = next(value for value in encoded.values() if value.dtype == np.int32)
        decoded.append(_through(speaker, decode(encoding_indices=indices)["output_0"])[0])
    return np.concatenate(decoded)[: len(samples)]


def _through(part: Any, value: NDArray[np.float32]) -> NDArray[np.float32]:
    part.set_tensor(part.get_input_details()[0]["index"], value)
    part.invoke()
    return np.asarray(part.get_tensor(part.get_output_details()[0]["index"]), np.float32)


@functools.cache
def _lyra() -> tuple[bytes, ...]:
    folder = lyra_folder()
    if folder is None:
        raise CodecMissing("weights/lyra is not beside the speech data")
    return tuple((folder / f"{name}.tflite").read_bytes() for name in LYRA_PARTS)


def lyra_folder() -> Path | None:
    speech = data_folders.research("speech")
    folder = speech.parent / "weights" / "lyra" if speech else None
    return folder if folder and folder.is_dir() else None


Way = Callable[[Samples], Samples]
NEURAL: dict[str, Way] = {
    "Lyra 3.2k": partial(through_lyra, bit_rate=3200),
    "Lyra 6k": partial(through_lyra, bit_rate=6000),
    "Lyra 9.2k": partial(through_lyra, bit_rate=9200),
}
PLAIN: dict[str, Way] = {
    "Opus 6k": partial(through_codec, name="opus", bit_rate=6000),
    "Opus 12k": partial(through_codec, name="opus", bit_rate=12_000),
    "AMR 4.75k": partial(through_codec, name="amr", bit_rate=4750),
    "AMR 12.2k": partial(through_codec, name="amr", bit_rate=12_200),
    "MP3 16k": partial(through_codec, name="mp3", bit_rate=16_000),
    "G.723.1": partial(through_codec, name="g723", bit_rate=6300),
}
CODECS = NEURAL | PLAIN


def drawn(rng: np.random.Generator) -> str:
    """The codec that one sound goes through: a neural one as often as any of the others."""
    kinds = [NEURAL, PLAIN] if lyra_folder() else [PLAIN]
    return str(rng.choice(list(kinds[int(rng.integers(len(kinds)))])))
