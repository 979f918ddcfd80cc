"""Marks in the sound: read as PyTorch reads them, declared by the engine, and nowhere else."""

from __future__ import annotations

import json
import pickle
import subprocess
import zipfile
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from lab.sound_marks import writing
from ml.engine import registry
from ml.engine.analysis import analyse
from ml.engine.contract import Kind, Outcome, Result, Samples, Status
from ml.engine.detectors.sound_marks import perth, stretches
from ml.engine.detectors.sound_marks.detector import FOLDER, FOUND_AT, make
from ml.engine.media.audio import at_rate
from ml.engine.media.spectra import RATE
from ml.engine.model_files import FILES, fetching
from ml.engine.model_files import folder as model_files_folder
from ml.engine.registry import Missing
from tests.detectors.known import Known
from tests.lab.voice.voices import speech_like

GIVEN_BY_TORCH = {
    "plain": 0.00018203724,
    "marked": 0.9834283,
    "half": 0.063799575,
    "a third": 0.0014514048,
    "cut": 0.019818233,
}
"""resemble-perth 1.0.1 in PyTorch 2.13.0 on `hum`, on the same marked, and on mixtures of both."""
WRITTEN_BY_TORCH = (
    -0.10825126, -0.03203066, 0.08330622, -0.01550858, 0.06155045, -0.0388195, 0.02051484,
    -0.02969405, 0.01481292, 0.04034982,
)  # fmt: skip
"""Every 9,500th sample of the marked `hum` at 32 kHz, from the 5,000th."""


def hum(seconds: float = 3.0) -> Samples:
    """A voice of seven tones that swells three times a second, over noise."""
    rng = np.random.default_rng(5)
    time = np.arange(round(seconds * RATE)) / RATE
    tones = (140, 280, 420, 700, 1130, 1900, 3000)
    voice = sum(np.sin(2 * np.pi * hz * time + k) / (1 + k) for k, hz in enumerate(tones))
    swell = 0.6 + 0.4 * np.sin(6 * np.pi * time)
    return np.asarray(0.1 * voice * swell + 0.01 * rng.normal(size=len(time)), np.float32)


def test_both_halves_agree_with_pytorch() -> None:
    """What the encoder writes, and how sure the decoder is of a mark that is there in part."""
    plain = at_rate(hum(), perth.RATE)
    marked = writing.mark(plain)
    assert marked[5000:96_000:9500] == pytest.approx(WRITTEN_BY_TORCH, abs=1e-5)
    half = np.asarray((plain + marked) / 2, np.float32)
    a_third = np.asarray(plain + 0.3 * (marked - plain), np.float32)
    sounds: dict[str, Samples] = {
        "plain": plain,
        "marked": marked,
        "half": half,
        "a third": a_third,
        "cut": half[7:71_234],
    }
    decoder = perth.served()
    confidences = {name: decoder.confidence(sound) for name, sound in sounds.items()}
    assert confidences == pytest.approx(GIVEN_BY_TORCH, abs=1e-4)


def examined(path: Path) -> Result:
    with path.open("rb") as file:
        return analyse(file, detectors=[make()])


def written(folder: Path, sound: Samples, name: str = "sound.wav") -> Path:
    """As 16-bit WAV, or what ffmpeg makes of it by the name's ending, with pictures in a video."""
    wav = folder / "whole.wav"
    soundfile.write(wav, sound, RATE, subtype="PCM_16")
    pictures = ("-f", "lavfi", "-i", "testsrc=d=6:s=64x64:r=5") if name.endswith(".mp4") else ()
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *pictures, "-i", str(wav),
         "-b:a", "64k", str(folder / name)],
        check=True,
    )  # fmt: skip
    return folder / name


@pytest.mark.parametrize("name", ["speech.wav", "speech.mp3", "film.mp4"])
def test_a_marked_sound_is_declared_generated_and_nothing_is_detected(
    name: str, tmp_path: Path
) -> None:
    """Through sandbox and verdict, also after MP3 and in a video: nobody signed it."""
    result = examined(written(tmp_path, writing.marked(speech_like(6.0)), name))
    verdict, (finding,) = result.verdict, result.findings
    assert verdict.outcome is Outcome.DECLARED_GENERATED
    assert verdict.declared is not None and not verdict.declared.signed
    assert "Perth" in verdict.reason and "not signed" in verdict.reason
    assert verdict.probability_manipulated is None and finding.log10_lr is None
    assert all(s.start == 0.0 and (s.score or 0) >= FOUND_AT for s in finding.segments)
    assert finding.weights_sha256 == perth.CARRIED.sha256


@pytest.mark.parametrize("name", ["speech.wav", "film.mp4"])
def test_the_same_sound_without_a_mark_declares_nothing(name: str, tmp_path: Path) -> None:
    result = examined(written(tmp_path, speech_like(6.0), name))
    assert result.verdict.outcome is Outcome.INCONCLUSIVE and result.verdict.declared is None
    (finding,) = result.findings
    assert finding.status is Status.RAN and not finding.evidence and not finding.segments
    assert "proves nothing" in finding.reason


def test_what_is_not_speech_is_not_judged(tmp_path: Path) -> None:
    """Silence, steady tones with the mark, and a word of speech. A picture and a silent video are
    not even asked."""
    silence = np.zeros(3 * RATE, np.float32)
    word = np.concatenate([silence, speech_like(1.2), silence])
    for sound in (silence, writing.marked(hum(6.0)), word):
        (finding,) = examined(written(tmp_path, sound)).findings
        assert finding.status is Status.NOT_APPLICABLE
    detector = make()
    for kind in (Kind.IMAGE, Kind.VIDEO):
        assert detector.not_applicable(Known({}, kind))


def test_a_long_sound_costs_no_more_than_a_minute() -> None:
    """Six stretches from its first speech to its last; what has no speech is left out."""
    assert stretches.places(7.5, ((0.0, 7.5),)) == [(0.0, 7.5)]
    assert stretches.places(13.0, ((0.0, 13.0),)) == [(0.0, 10.0), (3.0, 13.0)]
    assert stretches.places(30.0, ((11.0, 14.0), (25.0, 26.0))) == [(10.0, 20.0)]
    assert stretches.places(0.0, ()) == []
    for seconds in (60.0, 600.0, 3600.0):
        found = stretches.places(seconds, ((0.0, seconds),))
        assert len(found) == 6 and found[0][0] == 0.0
        assert found[-1][1] == pytest.approx(seconds)


def test_one_marked_stretch_of_a_long_sound_is_found(tmp_path: Path) -> None:
    """And only that one is named."""
    sound = speech_like(30.0)
    sound[10 * RATE : 20 * RATE] = writing.marked(sound[10 * RATE : 20 * RATE])
    (finding,) = examined(written(tmp_path, sound)).findings
    assert [(s.start, s.end) for s in finding.segments] == [(10.0, 20.0)]
    assert "from 10.0 s to 20.0 s" in finding.reason


def test_without_its_weights_the_check_is_not_available(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing file and one cut short; the sentence has the code that administrators look for."""
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    perth.served.cache_clear()
    wanted = FILES["perth_decoder"]
    for content in (None, b"x"):
        if content:
            (tmp_path / wanted.name).write_bytes(content)
        missing = registry.made("sound_marks")
        assert isinstance(missing, Missing) and "model_file_missing" in missing.reason


def test_set_up_refuses_weights_with_a_changed_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By digest, in a folder that the operator names and in the models folder; nothing is kept."""
    wanted = FILES["perth_decoder"]
    content = bytearray((model_files_folder() / wanted.name).read_bytes())
    content[20_000_000] ^= 1
    for name in ("given", "models"):
        (tmp_path / name).mkdir()
        (tmp_path / name / wanted.name).write_bytes(content)
    monkeypatch.setenv("MODELS_DIR", str(tmp_path / "models"))
    perth.served.cache_clear()
    assert isinstance(registry.made("sound_marks"), Missing)
    (tmp_path / "models" / wanted.name).unlink()
    monkeypatch.setenv("MODEL_FILES_FROM", str(tmp_path / "given"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (sentence,) = fetching.fetch(["perth_decoder"], say=lambda _: None)
    assert wanted.sha256 in sentence
    assert list((tmp_path / "models").iterdir()) == []


class Trap:
    """Writes a file when a pickle of it is read."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[Path, str]]:
        return Path.write_text, (self.target, "run")


def test_the_pickle_in_the_weights_is_never_read(tmp_path: Path) -> None:
    """Even one that would run a program gives the same layers, and runs nothing."""
    source = model_files_folder() / FILES["perth_decoder"].name
    bad, target = tmp_path / "bad.tar", tmp_path / "run"
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(bad, "w") as copy:
        for name in good.namelist():
            is_pickle = name.endswith(".pkl")
            copy.writestr(name, pickle.dumps(Trap(target)) if is_pickle else good.read(name))
    ours, theirs = perth.stacks(bad.read_bytes()), perth.stacks(source.read_bytes())
    assert not target.exists()
    assert np.array_equal(ours[2][3].taps[6], theirs[2][3].taps[6])
    with zipfile.ZipFile(bad) as archive:
        pickle.loads(archive.read("archive/data.pkl"))
    assert target.exists()


def test_the_card_and_the_detector_agree() -> None:
    """Version, weights and bound; no genuine sound of those measured reached the bound."""
    card = json.loads((FOLDER / "card.json").read_text())
    detector = make()
    assert (card["name"], card["version"]) == (detector.name, detector.version)
    entry = card["decoder"]
    assert (entry["package"], entry["sha256"]) == (perth.CARRIED.package, perth.CARRIED.sha256)
    measured = card["measured"]
    assert measured["found_at"] == FOUND_AT
    assert all(row["genuine"]["sounds"] >= 500 for row in measured["ways"][:4])
    rows = [row["genuine"] for row in measured["ways"]]
    assert all(row["found"] == 0 and row["most"] < FOUND_AT for row in rows)
    assert all(row.get("by_the_check", row["found"]) == 0 for row in measured["unmarked"].values())
