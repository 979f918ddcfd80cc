"""The detector: silent where it cannot know, bounded where it speaks, and fair to honest shifts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.engine.contract import Examination, Finding, Kind, Media, Status, Strength, View
from ml.engine.detectors.lip_sync import inputs
from ml.engine.detectors.lip_sync.calibration import CAP, FITTING_FAKES
from ml.engine.detectors.lip_sync.detector import LipSync
from ml.engine.detectors.lip_sync.network import LIPS_PLACES, SOUND_PLACES, Network, ServedNetwork
from ml.engine.fusion.calibration import mixed
from ml.engine.manifest import Manifest, Needs
from ml.engine.session import DetectorSession
from tests.sync import made
from tests.sync.made import Film, speech_like

RATE = made.RATE
LINE = {
    "slope": 40.0, "offset": 4.4, "cap": 2.0, "found_at": -0.1, "clear_at": -0.12,
    "found_alpha": 0.03, "clear_alpha": 0.1, "reals": 90, "fakes": 90, "lines": [],
}  # fmt: skip


class Openings(ServedNetwork):
    """In place of the networks: how dark the drawn mouth is, and how loud the sound. It lets the
    detector's own work be tested where no weights are shipped."""

    card = {"version": "0", "calibration": {"used": LINE, "of_a_moment": LINE}}
    sha256 = sha256_of_sound = "0" * 64

    def __init__(self) -> None:
        Network.__init__(self, self._open, self._loud)  # no file of weights is opened

    @staticmethod
    def _open(piece: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
        dark = (piece[:, 12:36, 12:36] < -0.7).mean(axis=(1, 2))
        return {0: _row(dark[inputs.LIPS_CONTEXT : inputs.LIPS_CONTEXT + LIPS_PLACES], 0.2)}

    @staticmethod
    def _loud(piece: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
        loud = piece[:, : inputs.BANDS].mean(axis=1)[8 : 8 + 4 * SOUND_PLACES]
        level = loud.reshape(SOUND_PLACES, 4).mean(axis=1)
        return {0: _row(level, 0.5)}


def _row(values: NDArray[np.floating], width: float) -> NDArray[np.float32]:
    centred = np.tanh((values - np.median(values)) / width)
    return np.stack([centred, np.sqrt(1 - centred**2)], axis=1).astype(np.float32)


def conclude(
    film: Film,
    sound_of_lips: NDArray[np.float32] | None = None,
    *,
    seconds: float = 8.0,
    fps: float = 25.0,
    **face: Any,
) -> Finding:
    """A drawn face that speaks `sound_of_lips`, with the film's sound."""
    detector = LipSync(Openings())
    examination = detector.examine(film)
    if sound_of_lips is not None:
        mouths = made.mouths_for(sound_of_lips, round(seconds * 25) + 1)
        for index in range(round(seconds * fps)):
            at = index / fps
            pixels = np.full((240, 320, 3), 160, np.uint8)
            mouth = mouths[round(at * 25)]
            found = made.face(160, 90, **face)
            pixels[115:171, 132:188] = mouth[..., None]
            faces = (found,) if index % max(round(fps / 5), 1) == 0 else ()
            examination.observe(made.view(index, at, pixels, *faces))
    return examination.conclude()


SPEECH = speech_like(9.0, seed=3)


def shifted(sound: NDArray[np.float32], seconds: float) -> NDArray[np.float32]:
    return np.roll(sound, round(seconds * RATE))


@pytest.mark.parametrize(
    ("film", "reason"),
    [
        (Film(None), "The video has no sound."),
        (Film(SPEECH, Kind.AUDIO), "A sound file shows no lips."),
        (Film(None, Kind.IMAGE), "A picture has no sound that its lips could fit."),
    ],
)
def test_what_cannot_apply_is_said_at_once(film: Media, reason: str) -> None:
    """Before a single frame is looked at."""
    assert LipSync(Openings()).not_applicable(film) == reason


def test_own_sound_fits_and_proves_nothing() -> None:
    """Low but never far below even odds, and the sentence says that fitting is no proof."""
    finding = conclude(Film(SPEECH), SPEECH)
    assert finding.status is Status.RAN
    (fits,) = finding.evidence
    assert fits.code == "lip_sync_fitting"
    assert fits.supports is None
    assert "no sign that the video is genuine" in finding.reason
    assert finding.parameters["offset_ms"] == pytest.approx(0, abs=40)
    assert finding.log10_lr is not None
    assert mixed(-CAP, FITTING_FAKES) <= finding.log10_lr < 0
    assert finding.segments
    assert all(
        s.score is not None and 0 <= s.score <= 1 and s.end > s.start for s in finding.segments
    )


@pytest.mark.parametrize("seconds", [-0.32, -0.2, 0.2, 0.4])
def test_a_constant_shift_is_told_and_not_held_against_it(seconds: float) -> None:
    """Muxing shifts sound: direction and milliseconds are named, the answer stays as it was."""
    finding = conclude(Film(shifted(SPEECH, seconds)), SPEECH)
    evidence = {e.code: e for e in finding.evidence}
    assert evidence.keys() == {"lip_sync_fitting", "lip_sync_offset"}
    assert evidence["lip_sync_offset"].data["offset_ms"] == pytest.approx(1000 * seconds, abs=45)
    assert ("after" if seconds > 0 else "before") in evidence["lip_sync_offset"].text
    assert evidence["lip_sync_offset"].supports is None
    assert finding.log10_lr is not None and finding.log10_lr < 0


def test_foreign_sound_is_pointed_at_within_bounds() -> None:
    """It does not fit: something to look at, never the verdict by itself, never a big number."""
    finding = conclude(Film(speech_like(9.0, seed=44, pitch=200.0)), SPEECH)
    (evidence,) = finding.evidence
    assert evidence.code == "lip_sync_unfitting"
    assert evidence.supports is None and evidence.strength is Strength.MODERATE
    assert "Dubbing" in evidence.text
    assert finding.log10_lr is not None and finding.probability_manipulated is not None
    assert 0 < finding.log10_lr <= CAP
    assert finding.probability_manipulated <= 10**CAP / (1 + 10**CAP)


@pytest.mark.parametrize(
    ("sound", "word"),
    [
        (np.zeros(0, np.float32), "no sound"),
        (np.zeros(1, np.float32), "tenth of a second"),
        (np.zeros(8 * RATE, np.float32), "silent"),
        (np.full(8 * RATE, np.nan, np.float32), "silent"),
        (np.sin(np.arange(8 * RATE) / 10).astype(np.float32), "No"),
        (np.random.default_rng(0).normal(0, 0.1, 8 * RATE).astype(np.float32), "No"),
        (SPEECH[: 2 * RATE], "5 s are needed"),
    ],
    ids=["empty", "one sample", "silence", "nan", "tone", "noise", "sound ends early"],
)
def test_sound_without_enough_speech_is_not_applicable(
    sound: NDArray[np.float32], word: str
) -> None:
    """A stated reason and no number of any kind."""
    finding = conclude(Film(sound), SPEECH)
    assert finding.status is Status.NOT_APPLICABLE
    assert word in finding.reason and finding.reason.endswith(".")
    assert (finding.score, finding.log10_lr, finding.probability_manipulated) == (None,) * 3


def test_pictures_without_enough_lips_are_not_applicable() -> None:
    """No face, a face for half a second, four seconds, lips too small, too few frames a second."""
    film = Film(SPEECH)
    assert "No face" in conclude(film).reason
    assert "long enough" in conclude(film, SPEECH, seconds=0.5).reason
    assert "5 s are needed" in conclude(film, SPEECH, seconds=4.0).reason
    assert "too small" in conclude(film, SPEECH, scale=12.0).reason
    assert "too few frames" in conclude(Film(SPEECH, fps=12.0), SPEECH, fps=12.0).reason


def test_a_long_sound_over_short_pictures_is_judged_where_both_are() -> None:
    """Sound that goes on after the pictures does not count as speech with lips in view."""
    finding = conclude(Film(np.concatenate([SPEECH, SPEECH, SPEECH])), SPEECH)
    assert finding.status is Status.RAN
    assert finding.counts["tenths_of_speaking_seconds"] <= 80
    assert max(s.end for s in finding.segments) <= 8.1


def test_other_frame_rates_give_the_same_answer() -> None:
    """24, 30 and 60 frames a second: the same evidence and no offset."""
    for fps in (24.0, 29.97, 60.0):
        finding = conclude(Film(SPEECH), SPEECH, fps=fps)
        assert [e.code for e in finding.evidence] == ["lip_sync_fitting"], fps


def test_a_network_that_answers_with_nan_is_not_passed_on() -> None:
    """NaN ends as not applicable or failed, never as a number."""
    detector = LipSync(Openings())
    detector.network._lips = lambda piece: {0: np.full((LIPS_PLACES, 2), np.nan, np.float32)}
    examination = detector.examine(Film(SPEECH))
    mouths = made.mouths_for(SPEECH, 200)
    for index in range(200):
        pixels = np.full((240, 320, 3), 160, np.uint8)
        pixels[115:171, 132:188] = mouths[index][..., None]
        examination.observe(made.view(index, index / 25, pixels, made.face(160, 90)))
    try:
        finding = examination.conclude()
    except ValueError:  # the detector session turns this into a failed check
        return
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.score is None


def test_the_session_shows_it_every_view() -> None:
    """A detector that needs `close_seconds` sees all, its neighbours only what they asked for."""
    seen: dict[str, int] = {"close": 0, "sampled": 0}

    class Counts(Examination):
        def __init__(self, name: str, needs: Needs) -> None:
            self.name, self.version = name, "1"
            self.manifest = Manifest(name, "1", needs=needs)

        def not_applicable(self, media: Media) -> str | None:
            return None

        def examine(self, media: Media) -> Counts:
            return self

        def observe(self, view: View) -> None:
            seen[self.name] += 1

    close, sampled = Needs(close_seconds=10.0), Needs(frames_per_second=5.0)
    checks = [Counts("close", close), Counts("sampled", sampled)]
    session = DetectorSession(Film(SPEECH), checks)
    for index in range(50):
        session.observe(made.view(index, index / 25, np.zeros((8, 8, 3), np.uint8)))
    assert seen == {"close": 50, "sampled": 10}


def test_fakes_that_fit_keep_the_ratio_from_clearing() -> None:
    """However well it fits, half of what manipulates is taken to fit as well."""
    assert mixed(-9.0, FITTING_FAKES) == pytest.approx(math.log10(0.5), abs=1e-6)
    assert mixed(0.0, FITTING_FAKES) == pytest.approx(0.0)
    assert mixed(CAP, FITTING_FAKES) < CAP
