"""Writes the card, with all its figures computed in the same run."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lab.common import cards
from lab.face.export import ParityBroken
from lab.voice import baselines, borrowed, fitting, measure, probe
from lab.voice.borrowed import AS_IT_IS, Encoded
from lab.voice.codecs import NEURAL
from lab.voice.data import FOLDS
from lab.voice.store import CLIP, Store
from ml.engine.audio_encoders import speakers, whisper
from ml.engine.audio_encoders.pooling import AudioEncoder
from ml.engine.audio_encoders.speech import LEVEL
from ml.engine.detectors.voice_spoof import listeners, windows
from ml.engine.detectors.voice_spoof.calibration import CAP, PASSING_FAKES
from ml.engine.detectors.voice_spoof.network import FOLDER, WEIGHTS, Hearing
from ml.engine.media.spectra import RATE
from ml.evaluation.degrade_sound import NAMED

VERSION = "5"
SAYS = "A higher score means more likely synthesised or vocoded speech."
PROBES, STEP = 40, 8
"""How many pictures prove what was stored, and every how manieth clip is encoded degraded."""
TOLERANCE = 1e-3
"""Between what was measured and what was stored, of scores that spread over about one."""
LIMITS = (
    "It was trained on short pieces of mostly read speech and on few of today's generators. It "
    "misses many fakes from unknown sources. The card has the figures.",
    "It nearly always misses small networks that turn text into sound in one step (hibari, "
    "TinyTTS). Recent voices, including those of paid services, were not measured.",
    "Genuine speech in some other European languages is seldom flagged (the card has the "
    "figures). Further languages were not measured, and nearly all fakes in training speak "
    "English.",
    "It misses most fakes in noise, and more in reverberant rooms and over narrow-band lines "
    "than in clear sound. The card has the figures.",
    "It knows one neural codec (Lyra). Genuine speech through other ones is flagged more often. "
    "Codecs with a very low rate (codec2) are vocoders and can be flagged.",
    "Singing and solo instruments can be taken for speech. They were not in training.",
    "Finding nothing does not prove that a voice is genuine. The identity of the speaker is not "
    "examined.",
    "It was neither trained nor tested against adversarial noise.",
)
SOURCES = (
    "Speech manifest of the research data: LibriSpeech and others via a speaker-encoder "
    "repository, VCC2020 and ARCTIC naturals, VCTK and LibriTTS references, Asterisk prompts "
    "(CC BY-SA), a self-recorded reader; fakes of published voice conversion and speech synthesis "
    "systems. Research use; not redistributed.",
    "Vocoded copies of the real clips, made by the training command; one way is a MelGAN that "
    "others trained on the Baker set, whose terms are non-commercial.",
    "Speech of flite, espeak-ng, festival, Piper, hibari and TinyTTS, made by the training "
    "command; for measuring alone that of SAM, festival in Catalan, Open JTalk, Kokoro, "
    "FastSpeech 2 and Tacotron 2.",
    "Clips through codecs, made by the training command; the neural one is Lyra V2 (Apache-2.0).",
    "More genuine speech: telephone prompts and dialogues that Debian ships "
    "(asterisk-core-sounds-es, -fr, -it, -ru: CC BY and CC BY-SA; asterisk-prompt-es-co: GPL, "
    "-fr-armelle: BSD, -it-menardi: CC BY-SA; fillets-ng-data-cs, -nl: GPL) and the news anchors "
    "of the talking clips, broadcast footage for research only.",
)


def write(
    speech: Store,
    encoded: Encoded,
    encoders: Sequence[AudioEncoder],
    lines: Sequence[Mapping[str, Any]],
    out: Path | None = None,
    watch: Callable[[Any], Any] = lambda names: names,
) -> dict[str, Any]:
    """Fit on train and val, store, measure, and write weights and card into the detector's
    folder (or `out`). `lines` are the variants' figures out of source."""
    folder = out or FOLDER
    no_neural, line = lines
    seen = probe.training_rows(encoded, probe.SERVED, lambda row: row.split != "test")
    panel = listeners.Panel(probe.fitted_layers(encoded, probe.SERVED, seen), line["lines"])
    content = listeners.stored(panel)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(content)
    served = Hearing(listeners.opened(content), encoders)
    card = {
        **cards.begun("voice_spoof", VERSION, says=SAYS, kinds=["audio", "video"]),
        "input": {
            "rate": RATE,
            "level": LEVEL,
            "seconds": windows.SECONDS,
            "step_seconds": windows.STEP_SECONDS,
        },
        "weights": {
            "file": WEIGHTS,
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "apart_from_what_was_measured": _apart(speech, encoded, panel, served),
        },
        "ears": {
            whisper.WORDS: {
                "made_by": "OpenAI, Whisper base, MIT",
                "package": whisper.CARRIED.package,
                "sha256": whisper.CARRIED.sha256,
            },
            speakers.SPEAKERS: {
                "made_by": "WeSpeaker, ResNet-34 on VoxCeleb, CC BY 4.0",
                "package": speakers.CARRIED.package,
                "sha256": speakers.CARRIED.sha256,
            },
        },
        "recipe": {
            "variant": str(probe.SERVED),
            **asdict(probe.SERVED),
            "directions_taken_out": fitting.SPEAKERS,
            "directions_kept": fitting.KEPT,
            "softness": fitting.SOFTNESS,
            "regression": asdict(fitting.REGRESSION) | {"share": fitting.SHARE},
            "shown": len(seen),
            "supports": {layer.name: len(layer.listener.supports) for layer in panel.layers},
            "lines": {encoder: list(two) for encoder, two in panel.lines.items()},
        },
        "calibration": {
            "fitted_on": "out-of-source scores of the train and val splits, classes balanced",
            "cap_log10_lr": CAP,
            "passing_fakes_assumed": PASSING_FAKES,
            "used": line["used"],
            "decides": line["decides"],
        },
        "measured": _measured(speech, line, no_neural, _of_test(encoded, panel), served, watch),
        "data": {
            "sources": list(SOURCES),
            "rows": dict(Counter(f"{row.origin} {row.label} {row.split}" for row in speech.rows)),
        },
        "limits": list(LIMITS),
        "licence": "The audio encoders: OpenAI, MIT; WeSpeaker, CC BY 4.0. The classifiers were "
        "trained by Touchstone on data that is for research only.",
    }
    cards.write(folder, card)
    return card


def _apart(
    speech: Store, encoded: Encoded, panel: listeners.Panel, served: Hearing
) -> dict[str, Any]:
    """The greatest difference between what is served and what stands in the tables."""
    test = speech.where(lambda row: row.origin == CLIP and row.split == "test")
    some = test[:: max(1, len(test) // PROBES)]
    place = {job: k for k, job in enumerate(encoded.jobs)}
    places = [place[number, AS_IT_IS] for number in some]
    lines = {layer.name: encoded.layers[layer.name][places] for layer in panel.layers}
    sounds = [borrowed.prepared(speech, (number, AS_IT_IS)) for number in some]
    apart = float(np.abs(panel(lines) - served.logits(sounds)).max())
    if apart > TOLERANCE:
        raise ParityBroken(f"Scores differ by up to {apart:.2g}; {TOLERANCE} is allowed.")
    return {"inputs": len(some), "greatest_difference": apart}


def _of_test(encoded: Encoded, panel: listeners.Panel) -> dict[int, float]:
    """What the served classifiers answer for the test split, from its stored features: `_apart`
    holds that serving computes the same features."""
    rows = encoded.rows
    places = {
        number: k
        for k, (number, way) in enumerate(encoded.jobs)
        if way == AS_IT_IS and rows[number].origin == CLIP and rows[number].split == "test"
    }
    lines = {layer.name: encoded.layers[layer.name][[*places.values()]] for layer in panel.layers}
    return dict(zip(places, map(float, panel(lines)), strict=True))


def _measured(
    speech: Store,
    line: Mapping[str, Any],
    no_neural: Mapping[str, Any],
    clean: dict[int, float],
    served: Hearing,
    watch: Callable[[Any], Any],
) -> dict[str, Any]:
    used, rows = line["used"], speech.rows
    bounds = (used["found_at"], line["decides"]["at"])
    ways = {}
    for name in watch(list(NAMED)):
        found = clean
        if name != "clean":
            found = measure.served_scores(speech, served.logits, name, STEP)
        ways[name] = measure.summary(found, rows) | probe.at_bounds(found, rows, bounds)
    return {
        "leave_one_source_out": line["known"]
        | {"folds": {f.name: sorted(f.sources) for f in FOLDS}},
        "leave_one_source_out_all_clips": line["everywhere"],
        "leave_one_source_out_test_split": line["test"],
        "codecs_out_of_source": line["codecs"],
        "neural_codecs_never_shown": {name: no_neural["codecs"][name] for name in NEURAL},
        "engines_never_shown": line["engines"],
        "genuine_speech_never_shown": line["people"],
        "test_split": ways["clean"] | {"by_source": measure.by_source(clean, rows, *bounds)},
        "degraded_test_split": ways,
        "taken_for_no_speech": measure.not_applicable_share(speech),
        "baselines": compared(speech),
    }


def compared(speech: Store) -> dict[str, Any]:
    """The plain opponent under the same two protocols, and the silence check."""
    rows = speech.rows
    found: dict[str, Any] = {}
    for name, describe in (
        ("mel statistics", baselines.mel_statistics),
        ("silence only", baselines.silence),
    ):
        values = baselines.table(speech, describe)
        outside: dict[int, float] = {}
        for fold in FOLDS:
            outside |= baselines.fitted_scores(
                values,
                rows,
                lambda row, fold=fold: row.split != "test" and not fold.holds_out(row.source),  # type: ignore[misc]  # mypy infers no lambda with a default
                lambda row, fold=fold: row.split != "test" and fold.holds_out(row.source),  # type: ignore[misc]  # mypy infers no lambda with a default
            )
        split = baselines.fitted_scores(
            values, rows, lambda row: row.split != "test", lambda row: row.split == "test"
        )
        found[name] = {
            "leave_one_source_out": measure.summary(outside, rows),
            "test_split": measure.summary(split, rows),
        }
    return found


def as_text(card: dict[str, Any]) -> str:
    """The measured part for people."""
    lines = []
    measured = card["measured"]
    for name in ("leave_one_source_out", "leave_one_source_out_all_clips", "test_split"):
        line = {k: v for k, v in measured[name].items() if not isinstance(v, dict)}
        lines.append(f"{name}: {line}")
        for source, entry in measured[name]["by_source"].items():
            lines.append(
                f"    {source:<28} asked {entry['asked']:.2f}, decided {entry['decided']:.2f} "
                f"of {entry['clips']}"
            )
    for part in (
        "codecs_out_of_source",
        "neural_codecs_never_shown",
        "engines_never_shown",
        "genuine_speech_never_shown",
        "degraded_test_split",
        "baselines",
    ):
        lines.append(f"{part}:")
        lines += [f"    {name:<18} {line}" for name, line in measured[part].items()]
    lines.append(f"taken_for_no_speech: {measured['taken_for_no_speech']}")
    lines.append(f"decides: {card['calibration']['decides']}")
    lines.append(f"weights: {card['weights']}")
    return "\n".join(lines)
