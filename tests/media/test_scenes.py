"""What applies to which scene: the whole file is covered, and each scene states the reason."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ml.engine.contract import FaceTrack, Heard, Scenes
from ml.engine.media import scenes
from ml.engine.media.scenes import PictureTimeline, build_scenes, picture_timeline
from ml.engine.media.voice_activity import Activity
from ml.engine.results import scenes_json

MOMENTS = st.floats(0, 100, allow_nan=False)
ANY = st.one_of(st.floats(allow_nan=True, allow_infinity=True), MOMENTS)


def spans(pairs: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """In order and none over another, as the voice activity gives them."""
    edges = sorted({edge for pair in pairs for edge in pair})
    return tuple(zip(edges[::2], edges[1::2], strict=False))


def activity(
    *speech: tuple[float, float], seconds: float = 10.0, reason: str | None = None,
    refused: tuple[tuple[float, float], ...] = (),
) -> Activity:  # fmt: skip
    return Activity(speech, seconds, reason, {}, refused)


ACTIVITIES = st.none() | st.builds(
    lambda pairs, refused, more, reason: Activity(
        spans(pairs), max([0.0, *itertools.chain(*pairs)]) + more, reason, {},
        () if reason else spans(refused),
    ),
    st.lists(st.tuples(MOMENTS, MOMENTS), max_size=8),
    st.lists(st.tuples(MOMENTS, MOMENTS), max_size=2),
    st.floats(0, 5),
    st.none() | st.just("The sound is silent."),
)  # fmt: skip
TRACKS = st.lists(
    st.builds(lambda id, a, b: FaceTrack(id, min(a, b), max(a, b), 3),
              st.integers(1, 500), MOMENTS, MOMENTS),
    max_size=12,
)  # fmt: skip
PICTURES = st.none() | st.builds(
    lambda last, *given: picture_timeline(last, 0.2, *given),
    st.lists(ANY, max_size=2), st.none() | ANY, st.lists(ANY, max_size=12), TRACKS, st.booleans(),
)  # fmt: skip


def holds(found: Scenes, end: float) -> None:
    """From nought to the end, no gap, no overlap, and every stretch says what it is."""
    if end <= 0:
        assert found.stretches == ()
        return
    assert found.stretches[0].start == 0.0
    assert found.stretches[-1].end == pytest.approx(end, abs=6e-4)
    for one, other in itertools.pairwise(found.stretches):
        assert one.end == other.start
    for stretch in found.stretches:
        assert stretch.end >= stretch.start
        assert set(stretch.applies) | set(stretch.why_not) == {"face", "voice", "lips"}
        assert not set(stretch.applies) & set(stretch.why_not)
        assert all(why.endswith(".") for why in stretch.why_not.values())
        assert ("voice" in stretch.applies) == (stretch.heard is Heard.SPEECH)
        assert ("face" in stretch.applies) == bool(stretch.faces)
        assert ("lips" in stretch.applies) == ({"face", "voice"} <= set(stretch.applies))
    json.dumps(scenes_json(found), allow_nan=False)


BEYOND = picture_timeline([0.0, 1.7e308], 0.2, None, [], [], known=True)
"""The frame after the last one would come later than any number tells."""


@example(BEYOND, None, None)
@given(PICTURES, ACTIVITIES, st.none() | ANY)
def test_stretches_cover_the_file(
    pictures: PictureTimeline | None, sound: Activity | None, duration: float | None
) -> None:
    """Whatever cuts, faces and speech, and whatever a container promises of its length."""
    ends = [duration or 0.0, sound.duration if sound else 0.0, pictures.end if pictures else 0.0]
    holds(
        build_scenes(pictures, sound, duration),
        max([e for e in ends if math.isfinite(e)], default=0.0),
    )


@given(PICTURES, ACTIVITIES)
def test_lips_are_read_only_where_speech_and_a_face_are(
    pictures: PictureTimeline | None, sound: Activity | None
) -> None:
    """The exact spans for lip sync lie within those for the voice and within a face's time."""
    found = build_scenes(pictures, sound, None)
    for start, end in found.speech_in_view:
        middle = (start + end) / 2
        assert any(a <= middle < b for a, b in found.speech)
        assert pictures and any(a <= middle <= b for _, a, b in pictures.faces)


def test_three_shots_say_what_applies_to_each() -> None:
    """Speech over scenery, a silent face, a face with speech."""
    tracks = (FaceTrack(1, 5.0, 9.8, 25), FaceTrack(2, 10.0, 14.8, 25))
    pictures = picture_timeline([14.6, 14.8], 0.2, 15.0, [0.0, 5.0, 10.0], tracks, True)
    found = build_scenes(pictures, activity((0.2, 4.9), (10.1, 14.9), seconds=15.0), 15.0)
    assert found.shots == 3
    dubbed, silent, both = (
        next(s for s in found.stretches if s.start <= at < s.end) for at in (2, 7, 12)
    )
    assert (dubbed.shot, dubbed.faces, dubbed.applies) == (1, (), ("voice",))
    assert dubbed.why_not["lips"] == "Speech without a face in view: lip sync does not apply."
    assert (silent.shot, silent.faces, silent.applies) == (2, (1,), ("face",))
    assert silent.heard is Heard.SILENCE
    assert (both.shot, both.faces, both.applies) == (3, (2,), ("face", "voice", "lips"))
    assert found.speech_in_view == ((10.1, 14.9),)


def test_several_faces_are_noted_where_somebody_speaks() -> None:
    """Who speaks is not known, and it is said; where all are silent there is nothing to say."""
    pictures = PictureTimeline(10.0, faces=((1, 0.0, 10.0), (2, 0.0, 10.0)))
    found = build_scenes(pictures, activity((0.0, 5.0)), 10.0)
    assert "uses the face that fits best" in found.stretches[0].note
    assert found.stretches[0].applies == ("face", "voice", "lips")
    assert found.stretches[-1].note == ""


def test_sound_that_is_no_speech_is_not_called_more_than_it_is() -> None:
    """The whole refused, or a stretch of it: speech is not certain, with the reason."""
    reason = "No speech: the loudness does not vary in syllables."
    (whole,) = build_scenes(None, activity((0.0, 10.0), reason=reason), None).stretches
    assert whole.heard is Heard.SOUND and whole.why_not["voice"].endswith(reason)
    part = build_scenes(None, activity((0.0, 4.0), seconds=10.0, refused=((4.0, 10.0),)), None)
    assert [s.heard for s in part.stretches] == [Heard.SPEECH, Heard.SOUND]
    assert "may not be speech" in part.stretches[1].why_not["voice"]


def test_sound_and_picture_that_end_apart_are_told_apart() -> None:
    """Longer sound has no picture, longer pictures have no sound, a few frames are nothing."""
    longer = build_scenes(PictureTimeline(5.0, faces=((1, 0.0, 5.0),)), activity((0.0, 10.0)), 10.0)
    assert [(s.end, s.shot) for s in longer.stretches] == [(5.0, 1), (10.0, None)]
    assert longer.stretches[1].why_not["lips"] == scenes.NOT_SEEN
    shorter = build_scenes(PictureTimeline(10.0), activity((0.0, 4.0), seconds=4.0), 10.0)
    assert shorter.stretches[-1].why_not["voice"] == scenes.NO_SOUND
    nearly = build_scenes(PictureTimeline(10.0), activity((0.0, 10.1), seconds=10.1), 10.0)
    assert len(nearly.stretches) == 1


def test_a_face_does_not_reach_over_a_cut() -> None:
    """A face measured just before a cut is in view until the cut and no longer."""
    pictures = picture_timeline(
        [4.8, 5.0], 0.2, None, [0.0, 3.0], (FaceTrack(7, 1.0, 2.9, 9),), True
    )
    assert pictures.faces == ((7, 1.0, 3.0),)


def test_faces_that_could_not_be_looked_for_are_not_called_absent() -> None:
    """Not known is another thing than none."""
    (only,) = build_scenes(
        PictureTimeline(10.0, known=False), activity((0.0, 10.0)), 10.0
    ).stretches
    assert only.faces is None
    assert only.why_not["face"] == only.why_not["lips"] == scenes.FACES_UNKNOWN


def test_five_hundred_faces_and_a_thousand_cuts_stay_small() -> None:
    """Scenes become coarser and say how coarse they are; they still cover the file."""
    rng = np.random.default_rng(3)
    starts = rng.uniform(0, 3000, 500)
    tracks = [FaceTrack(n, float(a), float(a + 4), 20) for n, a in enumerate(starts, 1)]
    cuts = [0.0, *np.cumsum(rng.uniform(0.4, 5, 1000)).tolist()]
    found = build_scenes(
        picture_timeline([2999.8, 3000.0], 0.2, None, cuts, tracks, True), None, 3000.2
    )
    holds(found, 3000.2)
    assert len(found.stretches) <= scenes.MOST
    assert found.grain > scenes.GRAIN


@pytest.mark.parametrize("samples", [None, np.zeros(0, np.float32)])
def test_nothing_to_listen_to(samples: np.ndarray | None) -> None:
    """No sound at all has a reason of its own."""
    found = build_scenes(None, scenes.find_activity(samples), 3.0)
    assert found.no_speech == scenes.NOT_DECODED
    assert [s.heard for s in found.stretches] == [Heard.NOTHING]


def test_one_frame_and_one_sample() -> None:
    """The shortest there is gives one stretch each, and no division by anything."""
    one_frame = build_scenes(picture_timeline([0.0], 0.2, 0.04, [0.0], (), True), None, 0.04)
    assert [(s.start, s.end, s.shot) for s in one_frame.stretches] == [(0.0, 0.04, 1)]
    one_sample = build_scenes(None, scenes.find_activity(np.ones(1, np.float32)), None)
    assert len(one_sample.stretches) == 1
    assert one_sample.no_speech == "The sound is shorter than a tenth of a second."
