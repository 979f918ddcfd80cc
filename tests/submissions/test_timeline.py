"""The timeline says what applies where, in a drawing and in words, also for old results."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from django.template.loader import render_to_string

from media_analysis.submissions.presenters.timeline import timeline

ALL = {"face": "No face is in view.", "voice": "There is no sound here.", "lips": "Not here."}


def stretch(
    start: float, end: float, shot: int | None, faces: list[int] | None, sound: str, *applies: str,
    note: str = "",
) -> dict[str, Any]:  # fmt: skip
    why_not = {name: why for name, why in ALL.items() if name not in applies}
    return {"start": start, "end": end, "shot": shot, "faces": faces, "heard": sound,
            "applies": list(applies), "why_not": why_not, "note": note}  # fmt: skip


FINDINGS = [
    {"detector": "face_forgery", "status": "ran", "reason": "r", "segments": []},
    {"detector": "lip_sync", "status": "ran", "reason": "r", "segments": []},
]
FILM: dict[str, Any] = {
    "media": {"kind": "video", "duration": 12.0},
    "tracks": [{"id": 1, "first": 4.0, "last": 12.0}],
    "findings": FINDINGS,
    "scenes": {
        "shots": 2,
        "speech_seconds": 7.5,
        "no_speech": None,
        "grain": 0.1,
        "stretches": [
            stretch(0.0, 4.0, 1, [], "speech", "voice"),
            stretch(4.0, 8.0, 2, [1], "sound", "face"),
            stretch(8.0, 12.0, 2, [1, 2], "speech", "face", "voice", "lips", note="Who?"),
        ],
    },
}


def rendered(result: Mapping[str, Any]) -> str:
    return render_to_string("bench/timeline.html", {"timeline": timeline(result)})


def test_scenes_are_drawn_and_written() -> None:
    """A cut, faces, speech and other sound as bars; the table says the same in words."""
    drawn = timeline(FILM)
    assert drawn is not None
    lane = drawn["lanes"][0]
    assert (lane["name"], lane["cuts"]) == ("Scenes", [4.0])
    assert lane["faces"] == [{"start": 4.0, "length": 8.0}]
    assert lane["speech"] == [{"start": 0.0, "length": 4.0}, {"start": 8.0, "length": 4.0}]
    assert lane["sound"] == [{"start": 4.0, "length": 4.0}]
    first, second, third = drawn["scenes"]["rows"]
    assert (first["in_view"], first["heard"]) == ("No\N{NO-BREAK SPACE}face", "Speech")
    assert (second["in_view"], second["heard"]) == (
        "Face\N{NO-BREAK SPACE}1",
        "Sound, possibly not speech",
    )
    assert third["in_view"] == "Face\N{NO-BREAK SPACE}1, Face\N{NO-BREAK SPACE}2"
    assert third["applies"] == "Face checks, lip sync" and third["because"] == "Who?"
    assert drawn["scenes"]["summary"] == "2 shots, 7.5 s of speech"
    page = rendered(FILM)
    assert "What applies to which part" in page and 'class="cut"' in page


def test_checks_that_are_not_there_are_not_promised() -> None:
    """Speech alone applies to the voice; without a voice check nothing is examined there."""
    drawn = timeline(FILM)
    assert drawn is not None
    assert drawn["scenes"]["rows"][0]["applies"] == "None of these checks"
    voiced = deepcopy(FILM)
    voiced["findings"].append({"detector": "voice_spoof", "status": "ran", "reason": "r"})
    assert timeline(voiced)["scenes"]["rows"][0]["applies"] == "Voice"  # type: ignore[index]


@pytest.mark.parametrize("scenes", ["missing", None, {}, {"stretches": []}])
def test_results_without_scenes_still_show(scenes: Any) -> None:
    """Older results, and files of which nothing could be told: faces and checks as before."""
    old = deepcopy(FILM)
    if scenes == "missing":
        del old["scenes"]
    else:
        old["scenes"] = scenes
    drawn = timeline(old)
    assert drawn is not None
    assert [lane["name"] for lane in drawn["lanes"]] == ["Face 1"]
    page = rendered(old)
    assert "What applies" not in page and "Face 1" in page
    assert timeline({"media": {"kind": "image"}, "scenes": None}) is None


def test_a_sound_file_has_a_timeline_without_pictures() -> None:
    """No shot, no face; the drawing reaches to the end of the sound."""
    sound = {
        "media": {"kind": "audio", "duration": 4.0},
        "findings": FINDINGS,
        "scenes": {
            "shots": 0, "speech_seconds": 0.0, "no_speech": "No speech.", "grain": 0.1,
            "stretches": [stretch(0.0, 4.5, None, [], "sound")],
        },
    }  # fmt: skip
    drawn = timeline(sound)
    assert drawn is not None and drawn["duration"] == 4.5
    (row,) = drawn["scenes"]["rows"]
    assert (row["shot"], row["in_view"]) == ("", "No\N{NO-BREAK SPACE}picture")
    assert drawn["scenes"]["summary"] == ""
    page = rendered(sound)
    assert 'aria-label="The timeline as a table"' not in page
    assert "No\N{NO-BREAK SPACE}picture" in page


def test_how_finely_a_restless_film_was_divided_is_told() -> None:
    """Only where it matters: half a second and more."""
    restless = deepcopy(FILM)
    restless["scenes"]["grain"] = 3.2
    assert "closer than 3.2 s" in timeline(restless)["scenes"]["summary"]  # type: ignore[index]
    restless["scenes"]["stretches"][0]["faces"] = None
    assert timeline(restless)["scenes"]["rows"][0]["in_view"] == "Not known"  # type: ignore[index]


def spoken(*scores: float) -> dict[str, Any]:
    """A sound of four seconds, each with a score of the check of the voice."""
    segments = [{"start": n, "end": n + 1.0, "score": s, "label": ""} for n, s in enumerate(scores)]
    finding = {"detector": "voice_spoof", "status": "ran", "reason": "r", "segments": segments,
            "parameters": {"found_at": 1.2, "segment_found_at": 0.86}}  # fmt: skip
    return {"media": {"kind": "audio", "duration": 4.0}, "findings": [finding], "scenes": None}


def test_a_segment_below_the_bound_is_not_labelled_as_found() -> None:
    """Its row says when and how high; of findings without a bound every row keeps its label."""
    sound = spoken(0.05, 0.95)
    for segment in sound["findings"][0]["segments"]:
        segment["label"] = "synthetic voice"
    assert [row["label"] for row in timeline(sound)["rows"]] == ["", "synthetic voice"]  # type: ignore[index]
    sound["findings"][0]["parameters"] = {}
    assert [row["label"] for row in timeline(sound)["rows"]] == 2 * ["synthetic voice"]  # type: ignore[index]


DRAWINGS = {"waveform": "/w.png", "spectrogram": "/s.png"}


def test_the_sound_is_drawn_with_the_suspicious_segments_of_the_voice() -> None:
    """Only those above the bound are marked, hatched, on both drawings; each can be listened to."""
    drawn = timeline(spoken(0.01, 0.999, 0.02, 0.999), DRAWINGS)
    assert drawn is not None and drawn["drawn"]
    waveform, spectrogram = drawn["lanes"][-2:]
    assert (waveform["kind"], spectrogram["kind"]) == ("waveform", "spectrogram")
    assert (
        [mark["start"] for mark in waveform["segments"]]
        == [1, 3]
        == [mark["start"] for mark in spectrogram["segments"]]
    )
    assert [(row["seconds"], row["until"]) for row in drawn["listen"]] == [(1, 2.0), (3, 4.0)]
    page = render_to_string("bench/timeline.html", {"timeline": drawn, "seekable": True})
    assert page.count('class="suspicious-strip" fill="url(#hatch-thin)"') == 4
    assert 'data-stretch="1" data-until="2.0"' in page and 'href="/s.png"' in page
    assert "They prove nothing by themselves." in page


def test_media_without_drawings_of_its_sound_looks_as_before() -> None:
    """Analysed before there were any: no lane, no word of it."""
    drawn = timeline(spoken(0.01, 0.999))
    assert drawn is not None and [lane["kind"] for lane in drawn["lanes"]] == ["bars"]
    page = render_to_string("bench/timeline.html", {"timeline": drawn, "seekable": True})
    assert "<image" not in page and "spectrogram" not in page


def test_a_finding_without_a_bound_of_segments_marks_nothing() -> None:
    """Of an earlier version of the check: its bound is not computed from the installed one."""
    finding = spoken(0.999)
    finding["findings"][0]["parameters"] = {"found_at": -99.0}
    drawn = timeline(finding, DRAWINGS)
    assert drawn is not None and drawn["listen"] == [] == drawn["lanes"][-1]["segments"]
