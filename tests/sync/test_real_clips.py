"""The whole way on real talking clips, where the research data is there: file in, panel out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.lip_sync.data import Clip
from media_analysis.submissions.presenters.timeline import timeline
from ml.engine import registry
from ml.engine.analysis import analyse
from ml.engine.contract import Finding, Result, Status
from ml.engine.detectors.lip_sync.network import FOLDER
from ml.engine.naming import detector_name
from ml.engine.results import result_json
from ml.engine.serving import CARD
from tests.sync import talking

SPEAKERS = talking.speakers()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.data,
    pytest.mark.skipif(not SPEAKERS, reason="the research data is not beside the project"),
    pytest.mark.skipif(not (FOLDER / CARD).exists(), reason="no lip sync networks are shipped"),
]


def clips(speaker: int = 0, count: int = 6) -> list[Clip]:
    """The clips of a test speaker who has enough of them."""
    able = sorted(name for name, own in SPEAKERS.items() if len(own) >= count)
    return sorted(SPEAKERS[able[speaker]], key=lambda c: c.member)[:count]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("talking")


@pytest.fixture(scope="module")
def own(folder: Path) -> Path:
    return talking.joined(clips(), folder / "own.mp4")


@pytest.fixture(scope="module")
def clear(folder: Path) -> Path:
    """A speaker whose lips are told easily: what a conversion does to him it does by itself."""
    return talking.joined(clips(1), folder / "clear.mp4")


def run(path: Path) -> tuple[Result, Finding]:
    from ml.engine.detectors.lip_sync.detector import make

    with path.open("rb") as file:
        result = analyse(file, detectors=[make()])
    (finding,) = result.findings
    return result, finding


def converted(path: Path, name: str, *options: str) -> Path:
    target = path.with_name(name)
    subprocess.run(
        [talking.FFMPEG, "-y", "-loglevel", "error", "-i", str(path), *options, str(target)],
        check=True,
    )
    return target


def test_a_genuine_video_is_compared_and_shown_on_the_timeline(own: Path) -> None:
    """More than five seconds of speech: a bounded ratio, no offset, and moments on the page."""
    result, finding = run(own)
    assert finding.status is Status.RAN, finding.reason
    assert finding.log10_lr is not None and abs(finding.log10_lr) <= 1
    assert abs(finding.parameters["offset_ms"]) <= 40
    assert finding.evidence[0].code in ("lip_sync_fitting", "lip_sync_unclear")
    drawn = timeline(result_json(result))
    assert drawn is not None
    lane = next(lane for lane in drawn["lanes"] if lane["name"] == "Lip sync")
    assert len(lane["segments"]) == len(finding.segments) >= 3


@pytest.mark.parametrize("late", [-0.28, 0.28])
def test_a_shifted_sound_is_told_in_milliseconds(own: Path, folder: Path, late: float) -> None:
    """Seven frames either way: the offset is found to a frame, and the answer is no alarm."""
    path = talking.joined(clips(), folder / f"late{late}.mp4", late=late)
    _, finding = run(path)
    assert finding.parameters["offset_ms"] == pytest.approx(1000 * late, abs=61)
    assert finding.evidence[0].code != "lip_sync_unfitting"


def test_another_persons_sound_fits_less(own: Path, folder: Path) -> None:
    """The same pictures with the sound of somebody else score higher than with their own."""
    other = talking.joined(clips(1), folder / "other.mp4")
    path = talking.joined(clips(), folder / "foreign.mp4", sound_of=other)
    foreign, ours = run(path)[1].score, run(own)[1].score
    assert foreign is not None and ours is not None and foreign > ours


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("8k.mkv", ("-c:v", "copy", "-ar", "8000", "-c:a", "pcm_s16le")),
        ("192k.mkv", ("-c:v", "copy", "-ar", "192000", "-c:a", "pcm_s16le")),
        ("30.mp4", ("-r", "30", "-c:a", "copy")),
        ("rotated.mp4", ("-vf", "transpose=1", "-c:a", "copy", "-metadata:s:v", "rotate=90")),
        ("vfr.mp4", ("-vf", "select=not(eq(mod(n\\,7)\\,3))", "-fps_mode", "vfr", "-c:a", "copy")),
        ("longer.mp4", ("-af", "apad=pad_dur=3", "-c:v", "copy")),
    ],
)
def test_harmless_ways_of_writing_it_raise_no_alarm(
    clear: Path, name: str, options: tuple[str, ...]
) -> None:
    """Other rates, times and lengths: it is compared, or says why not; never a NaN, no alarm."""
    _, finding = run(converted(clear, name, *options))
    assert finding.status in (Status.RAN, Status.NOT_APPLICABLE)
    assert finding.reason.endswith(".")
    assert all(e.code != "lip_sync_unfitting" for e in finding.evidence)


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("mute.mp4", ("-an", "-c:v", "copy"), "no sound"),
        ("silence.mp4", ("-af", "volume=0", "-c:v", "copy"), "silent"),
        ("tone.mkv", ("-af", "aeval=0.3*sin(880*PI*t)", "-c:v", "copy", "-c:a", "pcm_s16le"), "No"),
        ("short.mp4", ("-t", "3", "-c:a", "copy"), "5 s are needed"),
        ("early.mp4", ("-af", "atrim=end=2", "-c:v", "copy"), "5 s are needed"),
        ("slow.mp4", ("-r", "10", "-c:a", "copy"), "frames per second"),
        ("small.mp4", ("-vf", "scale=64:64", "-c:a", "copy"), "small"),
    ],
)
def test_what_cannot_be_compared_says_why(
    own: Path, name: str, options: tuple[str, ...], word: str
) -> None:
    """No sound, no speech, too little of either, too few frames, lips too small: a reason each."""
    _, finding = run(converted(own, name, *options))
    assert finding.status is Status.NOT_APPLICABLE
    assert word in finding.reason
    assert finding.score is None and finding.probability_manipulated is None


def test_it_is_offered_with_its_panel(own: Path) -> None:
    """Where it is offered, the engine runs it among the others and the page has words for it."""
    if "lip_sync" not in registry.names():
        pytest.skip("lip_sync is not offered")
    with own.open("rb") as file:
        result = analyse(file)
    assert "lip_sync" in result.verdict.coverage["ran"]
    assert detector_name("lip_sync") == "Lip sync"
