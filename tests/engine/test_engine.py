"""The engine's entry point: its input, its results, and failures that must not stop it."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest

from ml.engine import analysis
from ml.engine.analysis import Stopped, analyse
from ml.engine.contract import Examination, Finding, Kind, Media, Outcome, Result, Status, View
from ml.engine.detectors.compression import detector as compression
from ml.engine.detectors.provenance import detector as provenance
from ml.engine.manifest import Cost, Manifest, Needs
from ml.engine.registry import Missing
from ml.engine.results import result_json
from ml.engine.version import VERSION


class Probe(Examination):
    """A detector that counts, and breaks where it is told to."""

    version = "1"

    def __init__(self, name: str, *, rate: float = 5.0, breaks: str = "", score: float = 0.5):
        self.manifest = Manifest(name, "1", needs=Needs(frames_per_second=rate))
        self.name, self.breaks, self.score = name, breaks, score
        self.times: list[float] = []
        self.tracks: list[int] = []
        self.samples = 0

    def not_applicable(self, media: Media) -> str | None:
        if self.breaks == "not_applicable":
            raise RuntimeError
        return "Nothing to say." if self.breaks == "declines" else None

    def examine(self, media: Media) -> Probe:
        if self.breaks == "examine":
            raise RuntimeError
        self.media = media
        return self

    def observe(self, view: View) -> None:
        if self.breaks == "observe":
            raise MemoryError
        self.times.append(view.frame.seconds)
        self.tracks += [face.track for face in view.faces]

    def conclude(self) -> Finding:
        if self.breaks == "conclude":
            raise KeyError
        sound = self.media.audio()
        self.samples = 0 if sound is None else len(sound)
        return Finding(self.name, self.version, Status.RAN, "Counted.", score=self.score)


FIRST_TWO = (compression.make(), provenance.make())


def run(path: Path, *detectors: object, **options: object) -> Result:
    with path.open("rb") as file:
        return analyse(file, detectors=detectors or FIRST_TWO, **options)  # type: ignore[arg-type]


def lasting(result: Result) -> dict[str, object]:
    """All but the times it took."""
    content = result_json(result)
    content.pop("seconds")
    for finding in content["findings"]:
        finding.pop("seconds")
    return content


def test_a_picture_has_findings_and_an_honest_verdict(portrait: Path) -> None:
    """Both first detectors run; alone they do not decide, and say what would help."""
    result = run(portrait)
    assert result.media and result.media.kind is Kind.IMAGE
    assert {"compression", "provenance"} <= {
        f.detector for f in result.findings if f.status is Status.RAN
    }
    assert result.verdict.outcome is Outcome.INCONCLUSIVE
    assert result.verdict.probability_manipulated is None
    assert "does not show that the file is genuine" in result.verdict.reason
    assert len(result.tracks) == 1
    assert result.thumbnails["face-1"].startswith(b"RIFF")
    assert "waveform" not in result.thumbnails


def test_same_bytes_same_result(clip: Path, portrait: Path) -> None:
    """Nothing but the time it took differs between two runs."""
    for path in (clip, portrait):
        first, second = run(path), run(path)
        assert lasting(first) == lasting(second)
        assert first.thumbnails == second.thumbnails


def test_a_video_is_streamed_once_with_faces_and_sound(clip: Path) -> None:
    """Samples come at five a second, two people keep their numbers, the sound follows."""
    probe = Probe("probe")
    result = run(clip, probe)
    assert result.media and result.media.frames_decoded == result.media.frames_expected == 50
    assert not result.media.incomplete
    assert probe.times == sorted(probe.times)
    assert 10 <= len(probe.times) <= 12
    assert set(probe.tracks) == {1, 2}
    assert abs(probe.samples - 32_000) < 2_000
    assert [track["id"] for track in result.tracks] == [1, 2]
    for name in ("waveform", "spectrogram"):
        assert result.thumbnails[name].startswith(b"RIFF")


@pytest.mark.parametrize("where", ["not_applicable", "examine", "observe", "conclude"])
def test_a_broken_detector_breaks_nothing_else(clip: Path, where: str) -> None:
    """Its own finding is `failed` with a plain reason; its neighbour is not touched."""
    result = run(clip, Probe("broken", breaks=where), Probe("sound"))
    broken, sound = result.findings
    assert broken.status is Status.FAILED and "(code check_broke)" in broken.reason
    assert "Error" not in broken.reason  # no class of ours is told to people
    assert sound.status is Status.RAN
    assert result.verdict.coverage["failed"] == ("broken",)


def test_two_checks_conclude_side_by_side(clip: Path) -> None:
    """Each waits in its conclusion for the other; both may ask for the sound: it is read once."""
    both = threading.Barrier(2, timeout=20)

    class Meets(Probe):
        def conclude(self) -> Finding:
            both.wait()
            return super().conclude()

    one, other = Meets("one"), Meets("other")
    result = run(clip, one, other)
    assert [f.status for f in result.findings] == [Status.RAN, Status.RAN]
    assert one.samples == other.samples > 0


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_a_failure(picture: Path, score: float) -> None:
    """NaN never reaches a result."""
    result = run(picture, Probe("constant", score=score))
    assert result.findings[0].status is Status.FAILED
    assert result.findings[0].score is None


def test_a_probability_beyond_its_range_is_a_failure(picture: Path) -> None:
    """A detector cannot claim 120 per cent."""

    class Sure(Probe):
        def conclude(self) -> Finding:
            return dataclasses.replace(super().conclude(), probability_manipulated=1.2)

    assert run(picture, Sure("sure")).findings[0].status is Status.FAILED


def test_a_detector_that_has_nothing_to_say_says_why(picture: Path) -> None:
    """Not applicable carries its reason, and is not a failure."""
    finding = run(picture, Probe("shy", breaks="declines")).findings[0]
    assert (finding.status, finding.reason) == (Status.NOT_APPLICABLE, "Nothing to say.")


def test_a_detector_that_cannot_be_made_is_a_failed_finding(picture: Path) -> None:
    """A missing model lowers the coverage, not the server."""
    result = run(picture, Missing("model", "This check could not be loaded."), Probe("sound"))
    assert [f.status for f in result.findings] == [Status.FAILED, Status.RAN]


def test_detectors_see_as_many_frames_as_they_ask_for(clip: Path) -> None:
    """One view a second for one, all samples for another, none for the third."""
    slow, fast, blind = Probe("a", rate=1.0), Probe("b", rate=10.0), Probe("c", rate=0.0)
    run(clip, slow, fast, blind)
    assert 2 <= len(slow.times) <= 3
    assert len(fast.times) >= 20
    assert blind.times == []


def test_a_refused_file_is_a_result(tmp_path: Path) -> None:
    """Rejected, with a stable code and a sentence for a person; no finding, no exception."""
    path = tmp_path / "notes.mp4"
    path.write_text("#EXTM3U\nfile:///etc/passwd\n")
    result = run(path)
    assert result.verdict.outcome is Outcome.REJECTED
    assert result.rejection == "type_not_allowed"
    assert result.verdict.reason.endswith(".")
    assert result.findings == ()


def test_a_cut_video_says_how_much_was_seen(clip: Path, tmp_path: Path) -> None:
    """Less than promised is a stated fact of media and verdict."""
    path = tmp_path / "cut.mp4"
    content = clip.read_bytes()
    path.write_bytes(content[: len(content) * 7 // 10])
    result = run(path)
    assert result.media and result.media.incomplete
    assert result.media.frames_decoded and result.media.frames_decoded < 50
    assert f"Only {result.media.frames_decoded} of 50 frames" in result.verdict.reason


def test_stopping_is_obeyed_at_once(clip: Path) -> None:
    """No result, no thread left, and the next analysis works."""
    stops = iter([False, False, True])
    with pytest.raises(Stopped):
        run(clip, Probe("probe"), should_stop=lambda: next(stops, True))
    assert run(clip, Probe("probe")).findings[0].status is Status.RAN


def test_progress_only_moves_forward(clip: Path) -> None:
    """From nothing to everything, with a word for each stage."""
    steps: list[tuple[float, str]] = []
    run(clip, Probe("probe"), progress=lambda share, stage: steps.append((share, stage)))
    shares = [share for share, _ in steps]
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] == 1.0
    assert all(stage for _, stage in steps)


class Slow(Probe):
    """Concludes in ten steps, and says so."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.manifest = dataclasses.replace(self.manifest, cost=Cost(0.0, 2.0, 60.0))

    def conclude(self) -> Finding:
        for step in range(1, 11):
            self.advance(step / 10)
        return super().conclude()


def test_progress_advances_while_checks_conclude(clip: Path) -> None:
    """A film's last check may take longer than all of its frames: that time has its own share, and
    is told step by step, also by two checks at once."""
    steps: list[tuple[float, str]] = []
    run(clip, Slow("slow"), Slow("also slow"), Probe("probe"),
        progress=lambda share, stage: steps.append((share, stage)))  # fmt: skip
    shares = [share for share, _ in steps]
    assert shares == sorted(shares) and shares[-1] == 1.0
    begun = max(share for share, stage in steps if stage == "looking")
    concluding = {share for share, stage in steps if stage == "concluding"}
    assert begun < 0.4, "looking costs less here, so it gets less"
    assert len(concluding) >= 15 and max(concluding) < 1.0


def test_stopping_is_obeyed_while_checks_conclude(clip: Path) -> None:
    """Nothing is concluded, and no check is called broken for it."""
    steps: list[str] = []
    with pytest.raises(Stopped):
        run(clip, Slow("slow"), progress=lambda _, stage: steps.append(stage),
            should_stop=lambda: steps.count("concluding") >= 3)  # fmt: skip
    assert steps.count("concluding") == 3


def test_the_version_names_every_detector(picture: Path) -> None:
    """Another detector, or another version of it, is another engine."""
    probe = Probe("probe")
    before = analysis.engine_version([probe])
    probe.version = "2"
    assert analysis.engine_version([probe]) != before
    assert before.startswith(f"{VERSION}+")
    assert run(picture, probe).engine_version == analysis.engine_version([probe])


def test_no_media_is_found_in_noise(picture: Path) -> None:
    """Pixels without a face give no track and no confident word."""
    result = run(picture)
    assert result.tracks == []
    assert result.verdict.outcome is Outcome.INCONCLUSIVE


def test_a_broken_face_model_costs_only_the_faces(
    portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The analysis goes on without faces, and the media says so."""
    from ml.engine.media import face_model

    monkeypatch.setattr(face_model, "GOLDEN_POINTS", {1: (0.1, 0.1)})
    face_model.check_golden_photograph.cache_clear()
    try:
        result = run(portrait)
    finally:
        face_model.check_golden_photograph.cache_clear()
    assert result.media and "face_analysis_failed" in result.media.flags
    assert result.tracks == []
    assert all(f.status is not Status.FAILED for f in result.findings)


def test_a_huge_crowd_is_capped_and_said(tmp_path: Path) -> None:
    """More faces than are examined is a flag, not an hour of work."""
    from PIL import Image

    from bench import clips

    head = clips.portrait().crop(clips.HEAD).resize((84, 102))
    crowd = Image.new("RGB", (1260, 918), (90, 120, 90))
    for n in range(15 * 9):
        crowd.paste(head, (n % 15 * 84, n // 15 * 102))
    path = tmp_path / "crowd.png"
    crowd.save(path)
    result = run(path, Probe("probe"))
    assert result.media and "more_faces_than_examined" in result.media.flags
    assert 20 <= len(result.tracks) <= 40


def test_a_picture_of_one_colour_is_no_finding(tmp_path: Path) -> None:
    """All black: every check runs or says why not, and no number is invented."""
    from PIL import Image

    path = tmp_path / "black.png"
    Image.fromarray(np.zeros((480, 640, 3), np.uint8)).save(path)
    result = run(path)
    assert result.verdict.outcome is Outcome.INCONCLUSIVE
    assert all(f.status is not Status.FAILED for f in result.findings)
    assert all(f.probability_manipulated is None for f in result.findings)
