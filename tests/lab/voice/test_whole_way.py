"""The whole training with a few made-up voices and a small speech encoder: classifiers, network,
card, detector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.voice import borrowed, data, probe, report, store, vocoders
from ml.engine.audio_encoders import speakers
from ml.engine.audio_encoders.pooling import AudioEncoder
from ml.engine.audio_encoders.whisper import WhisperEncoder
from ml.engine.contract import Kind, MediaInfo, Scenes, Status
from ml.engine.detectors.voice_spoof.detector import VoiceSpoof
from ml.engine.detectors.voice_spoof.network import Network
from ml.engine.media import scenes
from ml.evaluation import degrade_sound
from tests.lab.voice.test_word_encoder import _small
from tests.lab.voice.voices import speech_like

FOLDS = (data.Fold("first", frozenset({"one"})), data.Fold("second", frozenset({"two"})))


def _store(folder: Path) -> store.Store:
    """Two sources, three splits, one voice each, and a fake beside each of them."""
    rows, sounds = [], []
    for number in range(30):
        source, split = ("one", "two")[number % 2], ("train", "val", "test")[number // 2 % 3]
        sound = speech_like(2.5, seed=number, pitch=100 + 10 * number)
        rows.append(store.Row(store.CLIP, "real", split, source, "human", f"p{number}", 0, 0, 0))
        sounds.append(sound)
        rng = np.random.default_rng(number)
        rows.append(store.Row(store.CLIP, "fake", split, source, "lpc", f"f{number}", 0, 0, 0))
        sounds.append(vocoders.vocoded(sound, "lpc", rng))
    place, written = 0, []
    for number, (row, sound) in enumerate(zip(rows, sounds, strict=True)):
        written.append({**_as_dict(row), "parent": number, "start": place, "length": len(sound)})
        place += len(sound)
    folder.mkdir(parents=True, exist_ok=True)
    np.round(np.concatenate(sounds) * 32767).astype("<i2").tofile(folder / "speech.i16")
    (folder / "speech.json").write_text(json.dumps({"seed": 0, "notes": [], "rows": written}))
    return store.opened(folder)


def _as_dict(row: store.Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__slots__}


class _Sound:
    facts: dict[str, Any] = {}
    tracks = ()
    info = MediaInfo(sha256="0" * 64, size=1, kind=Kind.AUDIO, format="wav", has_audio=True)

    @property
    def scenes(self) -> Scenes:
        return scenes.build_scenes(None, scenes.find_activity(self.audio()), None)

    def audio(self, rate: int = 16_000) -> np.ndarray:
        return speech_like(5.0)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_from_sounds_to_a_detector_with_a_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the command writes is what the detector loads, and no figure of the card is missing."""
    for module in (probe, report):
        monkeypatch.setattr(module, "FOLDS", FOLDS)
    speech = _store(tmp_path / "cache")
    encoders: tuple[AudioEncoder, ...] = (WhisperEncoder(_small(3)), speakers.served())
    one, other = (
        borrowed.listen(speech, encoder, tmp_path / f"{n}") for n, encoder in enumerate(encoders)
    )
    both = one.beside(other)
    card = report.write(speech, both, encoders, probe.compared(both), tmp_path / "out")
    measured = card["measured"]
    assert measured["test_split"]["reals"] == 10
    assert measured["leave_one_source_out"]["fakes"] == 20
    assert measured["leave_one_source_out_all_clips"]["fakes"] == 30
    assert set(measured["degraded_test_split"]) == set(degrade_sound.NAMED)
    assert "silence only" in measured["baselines"]
    assert set(card["measured"]["codecs_out_of_source"]) == set(borrowed.CODECS)
    assert card["weights"]["apart_from_what_was_measured"]["greatest_difference"] < 1e-3
    assert "leave_one_source_out" in report.as_text(card)

    network = Network(tmp_path / "out", encoders)
    finding = VoiceSpoof(network).examine(_Sound()).conclude()
    assert finding.status is Status.RAN
    assert finding.weights_sha256 == card["weights"]["sha256"]
    assert finding.log10_lr is not None and abs(finding.log10_lr) <= 2.0
    assert VoiceSpoof(network).examine(_Sound()).conclude().score == finding.score
