"""The third-party audio encoders: loaded completely, in agreement with their makers' runtimes, and
evaluated fairly."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import erf

from lab.voice import borrowed, codecs, data, engines, genuine, probe, store, tables
from ml.engine.audio_encoders import speakers, speech
from ml.engine.audio_encoders import whisper as encoders
from ml.engine.audio_encoders.model_files import Carried
from ml.engine.detectors.voice_spoof import listeners
from ml.engine.media.spectra import RATE
from ml.engine.model_files import FILES, ModelFileUnusable
from ml.engine.serving import WeightsUnusable
from tests.lab.voice.voices import speech_like

WIDTH, HEADS = 8, 2
GIVEN_BY_CTRANSLATE2 = (-1.0360256, 0.4968592, -0.2580626, 0.2292280)
"""Its own runtime, 4.8.5, float32, on `_siren`: frames 0, 50, 100, 199 of channels 0, 100, 300,
511. The network's values there reach 24."""


def _file(arrays: dict[str, np.ndarray]) -> bytes:
    kinds = {np.dtype(kind): number for number, kind in encoders.TYPES.items()}
    out = b""
    for name, value in arrays.items():
        out += struct.pack("<H", len(name) + 1) + name.encode() + b"\0"
        out += struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)
        out += struct.pack("<BI", kinds[value.dtype], value.nbytes) + value.tobytes()
    return out


def _small(layers: int = 2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    shapes = {
        "conv1/weight": (WIDTH, speech.BANDS, 3),
        "conv1/bias": (WIDTH,),
        "conv2/weight": (WIDTH, WIDTH, 3),
        "conv2/bias": (WIDTH,),
        "position_encodings/encodings": (1500, WIDTH),
        "layer_norm/gamma": (WIDTH,),
        "layer_norm/beta": (WIDTH,),
    }
    for layer in range(layers):
        attention, forward = f"layer_{layer}/self_attention", f"layer_{layer}/ffn"
        for name, wide in ((attention, 3 * WIDTH), (forward, 4 * WIDTH)):
            back = WIDTH if name == attention else 4 * WIDTH
            shapes |= {
                f"{name}/layer_norm/gamma": (WIDTH,),
                f"{name}/layer_norm/beta": (WIDTH,),
                f"{name}/linear_0/weight": (wide, WIDTH),
                f"{name}/linear_0/bias": (wide,),
                f"{name}/linear_1/weight": (WIDTH, back),
                f"{name}/linear_1/bias": (WIDTH,),
            }
    made = {f"encoder/{k}": rng.normal(0, 0.3, s).astype("<f2") for k, s in shapes.items()}
    return made | {"encoder/num_heads": np.array(HEADS, "<i2")}


def _siren() -> np.ndarray:
    time = np.arange(RATE * 4) / RATE
    tone = np.sin(2 * np.pi * (150 * time + 200 * time**2))
    return np.asarray(0.1 * tone * (1 + np.sin(2 * np.pi * 3 * time)) / 2, np.float32)


def test_a_file_is_read_back_as_it_was_written() -> None:
    """Every array with its name, shape and numbers, half or single precision alike."""
    given = _small() | {"decoder/other": np.arange(6, dtype="<f4").reshape(2, 3)}
    found = encoders.arrays(_file(given))
    assert found.keys() == given.keys()
    assert all(np.array_equal(found[name], given[name]) for name in given)
    assert all(found[name].shape == given[name].shape for name in given)


@pytest.mark.parametrize("carried", [encoders.CARRIED, speakers.CARRIED])
def test_another_ear_is_refused(
    carried: Carried, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One byte less than what was measured, or no file at all: nothing is loaded, and the file is
    named."""
    name = FILES[carried.model].name
    less = replace(carried, last=carried.first + len(carried.content()) - 1)
    with pytest.raises(WeightsUnusable, match=f"{name} holds another network"):
        less.content()
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    with pytest.raises(ModelFileUnusable, match=f"{name} is missing"):
        carried.content()


def test_a_tone_stands_in_its_band() -> None:
    """Even bands below 1 kHz, equal ratios above: a tone's band is the one that holds it."""
    time = np.arange(RATE) / RATE
    middles = [np.argmax(row) * RATE / speech.POINTS for row in speech.filters()]
    for hertz in (400, 1000, 3000, 6000):
        seen = speech.picture(np.sin(2 * np.pi * hertz * time))
        assert seen.shape == (100, speech.BANDS)
        nearest = np.abs(np.array(middles) - hertz).min()
        assert abs(middles[int(seen.mean(axis=0).argmax())] - hertz) <= nearest + 40
    assert np.isfinite(speech.picture(np.zeros(RATE))).all()


def test_fewer_layers_are_the_first_ones() -> None:
    """An ear cut short hears the same as far as it goes; nothing later reaches back."""
    picture = np.random.default_rng(0).normal(size=(20, speech.BANDS)).astype(np.float32)
    whole = encoders.WhisperEncoder(_small(3)).hidden(picture)
    short = encoders.WhisperEncoder(_small(3), layers=1).hidden(picture)
    assert len(whole) == 4
    assert len(short) == 2
    assert all(np.array_equal(a, b) for a, b in zip(short, whole, strict=False))
    assert whole[0].shape == (10, WIDTH)


def test_checks_share_the_numbers_of_the_ear() -> None:
    """However deep each asks, the ear is in memory once; it is as deep as was asked."""
    one, other = encoders.served(1), encoders.served(encoders.DEEPEST)
    assert (one.layers, other.layers) == (1, encoders.DEEPEST)
    assert one.weights is other.weights
    sound = _siren()
    assert [len(encoder.encode(sound)) for encoder in (one, other)] == [2, encoders.DEEPEST + 1]
    assert np.array_equal(one.encode(sound)[1], other.encode(sound)[1])


def test_hears_what_its_makers_runtime_hears() -> None:
    """Through both convolutions, six layers and the last norm: the same numbers as CTranslate2."""
    encoder = encoders.WhisperEncoder(encoders.arrays(encoders.CARRIED.content()))
    last = encoder.hidden(speech.picture(_siren()))[-1]
    assert last.shape == (200, 512)
    normed = (last - last.mean(axis=1, keepdims=True)) / last.std(axis=1, keepdims=True)
    normed_features = (
        normed * encoder.weights["layer_norm/gamma"] + encoder.weights["layer_norm/beta"]
    )
    points = normed_features[[0, 50, 100, 199], [0, 100, 300, 511]]
    assert points == pytest.approx(GIVEN_BY_CTRANSLATE2, abs=2e-3)


def test_its_unit_is_the_one_of_scipy() -> None:
    """As near as single precision can tell, far out and round nought."""
    x = np.concatenate([np.linspace(-12, 12, 10_001), [0.0, 1e-6, -1e-6]]).astype(np.float32)
    exact = 0.5 * x.astype(np.float64) * (1 + erf(x.astype(np.float64) * np.sqrt(0.5)))
    assert np.abs(encoders._gelu(x) - exact).max() < 5e-7


def _rows() -> list[store.Row]:
    """Three sources that the folds know, both labels and all splits in each."""
    return [
        store.Row(origin, label, split, source, "s", f"{split}{k}", 0, 0, 0)
        for source in ("yourtts", "unilight", "r9y9")
        for split in ("train", "train", "val", "test")
        for k in range(5)
        for origin, label in (
            (store.CLIP, "real"),
            (store.CLIP, "fake"),
            (store.VOCODED, "fake"),
        )
    ]


def test_nothing_of_the_test_split_is_prepared_for_showing() -> None:
    """Degraded in any way and vocoded copies are of train and val; the plan is the same twice."""
    rows = _rows()
    jobs = borrowed.planned(rows)
    assert jobs == borrowed.planned(rows)
    assert len(set(jobs)) == len(jobs)
    for number, way in jobs:
        if way in borrowed.ANY_WAYS or rows[number].origin == store.VOCODED:
            assert rows[number].split != "test"
        if way in borrowed.CODECS:
            assert rows[number].split != "test" or not rows[number].is_fake
    there = borrowed.CODECS if codecs.lyra_folder() else codecs.PLAIN
    assert {way for _, way in jobs} >= set(there), "each is measured"


def _encoded(tells: float) -> borrowed.Encoded:
    """Layer 0 tells fakes by so much, the other layers are noise; the last number is the job's
    place, so that who was shown what can be read off."""
    rows, rng = _rows(), np.random.default_rng(1)
    jobs = borrowed.planned(rows)
    layers = {
        f"words {number}": rng.normal(size=(len(jobs), 6)).astype(np.float32) for number in range(7)
    }
    fake = np.array([rows[number].is_fake for number, _ in jobs])
    layers["words 0"][fake] += tells
    return borrowed.Encoded(jobs, layers, rows)


SHOWN = probe.Variant(("words 0",), made=True, worn=True, codecs=borrowed.CODECS)


def test_no_fold_is_shown_what_it_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked about a source never met it, nor its copies and degraded clips, nor anything
    of the test split; and every clip is asked about once, as it is and through each codec."""
    encoded, met = _encoded(1.0), []
    judged, training = probe.judged, probe.training_rows

    def spy(
        encoded: borrowed.Encoded,
        variant: probe.Variant,
        may_see: Callable[[store.Row], bool],
        is_judged: Callable[[borrowed.Job], bool],
    ) -> probe.Answers:
        seen = training(encoded, variant, may_see)
        met.append((seen, [k for k, job in enumerate(encoded.jobs) if is_judged(job)]))
        return judged(encoded, variant, may_see, is_judged)

    monkeypatch.setattr(probe, "judged", spy)
    scores = probe.out_of_source(encoded, SHOWN)
    met = [(seen, wanted) for seen, wanted in met if wanted]
    assert len(met) == 3
    for seen, wanted in met:
        met_by = {encoded.rows[encoded.jobs[k][0]].source for k in seen}
        sources = {encoded.rows[encoded.jobs[k][0]].source for k in wanted}
        assert len(met_by) == 2
        assert not met_by & sources
        assert all(encoded.rows[encoded.jobs[k][0]].split != "test" for k in seen)
        assert {encoded.jobs[k][1] for k in seen} >= {borrowed.AS_IT_IS, *borrowed.ANY_WAYS}
        assert not {encoded.jobs[k][1] for k in wanted} & set(borrowed.ANY_WAYS)
    clips = {job for job in encoded.jobs if encoded.rows[job[0]].origin == store.CLIP}
    assert set(scores) == {job for job in clips if job[1] not in borrowed.ANY_WAYS}


def test_an_engine_that_is_asked_about_was_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what it said here nor its clips in the manifest; and engines that are kept for
    measuring are shown to nobody."""
    engines = ("gen-flite", "gen-hibari", "gen-kokoro", "gen-sam")
    rows = [
        *_rows(),
        *(
            store.Row(origin, "fake", "train", name, "s", "made", 0, 0, 0)
            for name in engines
            for origin in (store.ENGINE, store.CLIP)
            for _ in range(6)
        ),
    ]
    jobs = borrowed.planned(rows)
    values = np.random.default_rng(1).normal(size=(len(jobs), 6)).astype(np.float32)
    values[[rows[number].is_fake for number, _ in jobs]] += 6.0
    encoded, training = borrowed.Encoded(jobs, {"words 0": values}, rows), probe.training_rows

    def spy(
        encoded: borrowed.Encoded, variant: probe.Variant, may_see: Callable[[store.Row], bool]
    ) -> list[int]:
        taken = training(encoded, variant, may_see)
        seen = [rows[jobs[k][0]] for k in taken]
        assert all(row.split != "test" for row in seen)
        assert not [r for r in seen if r.origin == store.ENGINE and r.source in probe.ONLY_ASKED]
        return taken

    monkeypatch.setattr(probe, "training_rows", spy)
    line = probe.line_of(encoded, SHOWN)["engines"]
    assert tuple(line) == engines
    assert all(entry["auc"] > 0.9 for entry in line.values())


def test_a_codec_that_is_left_out_is_shown_to_nobody() -> None:
    """What is said of a codec never met is said by listeners that never met it."""
    encoded = _encoded(1.0)
    plain = replace(SHOWN, codecs=tuple(set(borrowed.CODECS) - set(codecs.NEURAL)))
    ways = {encoded.jobs[k][1] for k in probe.training_rows(encoded, plain, lambda row: True)}
    assert not ways & set(codecs.NEURAL) and ways & set(codecs.PLAIN)


def test_engines_and_people_beside_the_manifest_are_held_out_once() -> None:
    """Otherwise nothing would be said of them, or by listeners that met them."""
    for source in [*engines.ENGINES, *genuine.SOURCES]:
        assert sum(fold.holds_out(source) for fold in data.FOLDS) == 1, source


def test_layers_of_an_ear_are_averaged_and_no_ear_outvotes_the_other() -> None:
    """One ear's line is applied to the mean of its layers; of two ears the one that hears a machine
    is worth at least half of what it says alone."""
    scores = {
        "words 0": np.array([1.0, -9.0]),
        "words 1": np.array([3.0, -11.0]),
        "speakers 2": np.array([-9.0, 2.0]),
    }
    lines = {"words": (2.0, 1.0), "speakers": (1.0, 0.0)}
    words = {name: values for name, values in scores.items() if name.startswith("words")}
    alone = listeners.together(listeners.means(words), lines)
    assert alone == pytest.approx([5.0, -19.0])
    both = listeners.together(listeners.means(scores), lines)
    assert both == pytest.approx([5.0 - np.log(2), 2.0 - np.log(2)], abs=1e-4)


def test_the_test_split_has_no_say_in_bounds_and_calibration() -> None:
    """Spoiling every test clip changes neither, only what is found on the test split."""
    encoded = _encoded(4.0)
    spoilt = np.array(encoded.layers["words 0"])
    for place, (number, _) in enumerate(encoded.jobs):
        if encoded.rows[number].split == "test":
            spoilt[place] += -4.0 if encoded.rows[number].is_fake else 4.0
    one = probe.line_of(encoded, SHOWN)
    other = probe.line_of(replace(encoded, layers={**encoded.layers, "words 0": spoilt}), SHOWN)
    for part in ("lines", "used", "decides", "known"):
        assert one[part] == other[part]
    assert one["test"]["auc"] > 0.9 > other["test"]["auc"]
    text = tables.as_text([other, one])
    assert "| Lyra 6k (neural) |" in text
    assert "nan" not in text


def test_listening_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """An interrupted run loses at most one sound, and the end is the same as without a break."""
    sounds = [speech_like(1.5, seed=n) for n in range(3)]
    rows = [
        store.Row(store.CLIP, "real", split, "yourtts", "s", split, n, n * 24_000, 24_000)
        for n, split in enumerate(data.SPLITS)
    ]
    samples = np.round(np.concatenate(sounds) * 32767).astype("<i2")
    speech, encoder = store.Store(rows, samples), encoders.WhisperEncoder(_small())
    whole = borrowed.listen(speech, encoder, tmp_path / "a").layers

    def broken(jobs: Iterable[borrowed.Job]) -> Iterator[borrowed.Job]:
        for place, job in enumerate(jobs):
            if place == 4:
                raise KeyboardInterrupt
            yield job

    with pytest.raises(KeyboardInterrupt):
        borrowed.listen(speech, encoder, tmp_path / "b", broken)
    with (tmp_path / "b" / "heard.f32").open("ab") as file:
        file.write(b"half")
    again = borrowed.listen(speech, encoder, tmp_path / "b")
    assert list(whole) == ["words 0", "words 1", "words 2"]
    assert all(np.array_equal(again.layers[name], whole[name]) for name in whole)
    kept = json.loads((tmp_path / "b" / "heard.json").read_text())
    assert len(kept) == len(whole["words 0"])


def test_what_was_heard_is_not_heard_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another plan over the same sounds asks the ear for what is new alone, and the lines come in
    the new plan's order."""
    rows = [
        store.Row(store.CLIP, "real", "train", "yourtts", "s", "p", n, n * 24_000, 24_000)
        for n in range(4)
    ]
    sounds = np.concatenate([speech_like(1.5, seed=n) for n in range(4)])
    speech = store.Store(rows, np.round(sounds * 32767).astype("<i2"))
    encoder = encoders.WhisperEncoder(_small())
    wanted_jobs: list[borrowed.Job] = []

    def note_jobs(jobs: Iterable[borrowed.Job]) -> Iterable[borrowed.Job]:
        wanted_jobs.extend(jobs)
        return jobs

    monkeypatch.setattr(borrowed, "planned", lambda rows: [(2, "clean"), (0, "clean")])
    before = borrowed.listen(speech, encoder, tmp_path)
    monkeypatch.setattr(
        borrowed, "planned", lambda rows: [(0, "clean"), (3, "clean"), (2, "clean")]
    )
    after = borrowed.listen(speech, encoder, tmp_path, note_jobs)
    assert wanted_jobs == [(3, "clean")]
    assert all(np.array_equal(after.layers[k][[2, 0]], before.layers[k]) for k in before.layers)
