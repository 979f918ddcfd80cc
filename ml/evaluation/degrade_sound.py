"""What happens to sound on its way: codecs, narrow bands, noise, rooms, loudness.

The same for both classes, or the network would learn the way instead of the voice. One explicit
generator decides everything. The named degradations at the end are the ones that measurement uses.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE

Degradation = Callable[[Samples, np.random.Generator], Samples]

CODECS = {  # name: (container, codec, rate that the encoder is given)
    "opus": ("ogg", "libopus", 48_000),
    "mp3": ("mp3", "libmp3lame", 16_000),
    "g722": ("wav", "g722", 16_000),
    "mulaw": ("wav", "pcm_mulaw", 8_000),
    "vorbis": ("ogg", "libvorbis", 16_000),
    "aac": ("adts", "aac", 16_000),
    "amr": ("amr", "libopencore_amrnb", 8_000),
    "g723": ("wav", "g723_1", 8_000),
}


def through_codec(samples: Samples, name: str, bit_rate: int | None = None) -> Samples:
    """Encoded and decoded again; as long as before, delay of the codec taken out by correlation
    only as far as whole samples allow."""
    container, codec, rate = CODECS[name]
    wave = resample_poly(samples, rate // 1000, RATE // 1000) if rate != RATE else samples
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as out:
        stream = cast("AudioStream", out.add_stream(codec, rate=rate, layout="mono"))
        if bit_rate:
            stream.bit_rate = bit_rate
        encode_sound(out, stream, wave, rate)
    memory.seek(0)
    back: list[NDArray[np.float32]] = []
    with av.open(memory, "r") as file:
        to_float = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        for frame in file.decode(audio=0):
            back += [piece.to_ndarray()[0] for piece in to_float.resample(frame)]
        back += [piece.to_ndarray()[0] for piece in to_float.resample(None)]
    return _as_long(np.concatenate(back), len(samples))


def encode_sound(container: Any, stream: Any, samples: Samples, rate: int) -> None:
    """Mono samples into an open container's stream, in frames of the size that its codec wants."""
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
    frame.rate = rate
    resampler = av.AudioResampler(
        format=stream.codec_context.format,
        layout="mono",
        rate=rate,
        frame_size=stream.codec_context.frame_size or 0,
    )
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def add_noise(
    samples: Samples, decibels: float, colour: float, rng: np.random.Generator
) -> Samples:
    """Noise with a spectrum of 1/f^colour at this ratio of speech to noise."""
    spectrum = np.fft.rfft(rng.normal(size=len(samples)))
    spectrum /= np.maximum(1.0, np.arange(len(spectrum)) * RATE / len(samples) / 50) ** (colour / 2)
    noise = np.fft.irfft(spectrum, len(samples))
    gain = np.sqrt(np.mean(samples**2) / (np.mean(noise**2) + 1e-12)) * 10 ** (-decibels / 20)
    noisy: Samples = (samples + gain * noise).astype(np.float32)
    return noisy


def in_a_room(samples: Samples, seconds: float, wet: float, rng: np.random.Generator) -> Samples:
    """A made-up impulse response: decaying noise, duller as it decays."""
    time = np.arange(int(seconds * RATE)) / RATE
    tail = rng.normal(size=len(time)) * 10 ** (-3 * time / seconds)
    tail = sosfilt(butter(1, rng.uniform(1500, 6000), fs=RATE, output="sos"), tail)
    response = np.concatenate([[1.0], np.zeros(int(rng.uniform(0.002, 0.02) * RATE)), wet * tail])
    echoing: Samples = fftconvolve(samples, response)[: len(samples)].astype(np.float32)
    return echoing


def in_a_band(samples: Samples, low: float, high: float) -> Samples:
    sections = butter(4, [low, min(high, 7900.0)], "bandpass", fs=RATE, output="sos")
    filtered: Samples = sosfilt(sections, samples).astype(np.float32)
    return filtered


def at_another_speed(samples: Samples, percent: int) -> Samples:
    """Resampled: pitch and formants move together, as on a tape that runs too fast."""
    resampled: Samples = resample_poly(samples, 100, percent).astype(np.float32)
    return resampled


def at_level(samples: Samples, decibels: float) -> Samples:
    """At this level under full scale, peaks cut as a recorder cuts them."""
    power = float(np.sqrt(np.mean(samples**2))) + 1e-9
    gain = 10 ** (decibels / 20) / power
    levelled: Samples = np.clip(samples * gain, -1, 1).astype(np.float32)
    return levelled


def degraded(samples: Samples, rng: np.random.Generator) -> Samples:
    """One random way through the world."""
    sound = samples
    if rng.random() < 0.3:
        sound = at_another_speed(sound, int(rng.integers(92, 109)))
    if rng.random() < 0.45:
        sound = in_a_room(sound, rng.uniform(0.1, 0.6), rng.uniform(0.01, 0.12), rng)
    if rng.random() < 0.5:
        sound = add_noise(sound, rng.uniform(8, 35), rng.uniform(0, 2), rng)
    if rng.random() < 0.25:
        sound = in_a_band(sound, rng.uniform(30, 250), rng.uniform(3200, 7900))
    sound = at_level(sound, rng.uniform(-32, -14))
    way = rng.random()
    if way < 0.08:
        return through_codec(sound, "opus", int(rng.choice([12, 16, 24, 32])) * 1000)
    if way < 0.22:
        return through_codec(sound, "mp3", int(rng.choice([24, 32, 48, 64])) * 1000)
    if way < 0.34:
        return through_codec(sound, "g722")
    if way < 0.52:
        return through_codec(sound, "mulaw")
    if way < 0.6:
        return through_codec(sound, "aac", int(rng.choice([24, 32, 48])) * 1000)
    return sound


NAMED: dict[str, Degradation] = {
    "clean": lambda sound, rng: sound,
    "G.722": lambda sound, rng: through_codec(sound, "g722"),
    "Opus 24k": lambda sound, rng: through_codec(sound, "opus", 24_000),
    "MP3 64k": lambda sound, rng: through_codec(sound, "mp3", 64_000),
    "8 kHz mu-law": lambda sound, rng: through_codec(sound, "mulaw"),
    "noise 10 dB": lambda sound, rng: add_noise(sound, 10.0, 0.0, rng),
    "room 0.4 s": lambda sound, rng: in_a_room(sound, 0.4, 0.08, rng),
}


def _as_long(wave: NDArray[np.float32], length: int) -> Samples:
    return np.pad(wave, (0, max(0, length - len(wave))))[:length].astype(np.float32)
