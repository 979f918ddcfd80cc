"""A part of a video that cannot be decoded is reported, and the other part is examined."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from ml.engine import shell
from ml.engine.analysis import analyse
from ml.engine.contract import Kind, Outcome, Result, Status
from ml.engine.results import result_json
from sandbox.decoders import sound_track
from tests.sandbox import tracks

PICTURES_FIRST, SOUND_FIRST = (tracks.VIDEO, tracks.SOUND), (tracks.SOUND, tracks.VIDEO)
PLACES = {
    "noise": (PICTURES_FIRST, "mp4"),
    "noise, the sound first": (SOUND_FIRST, "mp4"),
    "noise in a MKV": (PICTURES_FIRST, "mkv"),
}


def broken(kind: str, how: str) -> bytes:
    """A film whose "video" or "audio" cannot be decoded."""
    if how == "unread codec":
        return tracks.with_unread_codec(kind)
    order, container = PLACES[how]
    return tracks.with_damaged(kind, tracks.film(container, order), container)


def run(data: bytes) -> Result:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return analyse(file)


def stated(result: Result) -> dict[str, str]:
    return {fact["code"]: fact["text"] for fact in result_json(result)["media"]["stated"]}


@pytest.mark.parametrize("how", ["unread codec", *PLACES])
def test_a_film_whose_sound_cannot_be_decoded_is_examined_without_it(how: str) -> None:
    """Its pictures are all there; the result names the sound; no check says that it has none."""
    result = run(broken("audio", how))
    media = result.media
    assert media is not None and media.kind is Kind.VIDEO
    assert media.frames_decoded == 5
    assert not media.has_audio
    text = stated(result)["sound_not_decoded"]
    assert "sound" in text and "could not be decoded" in text
    assert text in result.verdict.reason
    assert result.verdict.outcome is Outcome.INCONCLUSIVE
    findings = {f.detector: f for f in result.findings}
    assert findings["voice_spoof"].status is Status.NOT_APPLICABLE
    assert "decoded" in findings["voice_spoof"].reason
    assert Status.FAILED not in {f.status for f in result.findings}


@pytest.mark.parametrize("how", ["unread codec", *PLACES])
def test_a_film_whose_pictures_cannot_be_decoded_is_examined_as_a_sound(how: str) -> None:
    """Its sound is all there; the result names the pictures; no check calls it a sound file."""
    result = run(broken("video", how))
    media = result.media
    assert media is not None and media.kind is Kind.AUDIO
    assert media.has_audio and media.width is None
    text = stated(result)["pictures_not_decoded"]
    assert "pictures" in text and "could not be decoded" in text
    assert text in result.verdict.reason
    findings = {f.detector: f for f in result.findings}
    for name in ("face_forgery", "synthetic_face", "temporal", "lip_sync"):
        assert findings[name].status is Status.NOT_APPLICABLE
        assert findings[name].reason == "The pictures of this file could not be decoded."
    assert Status.FAILED not in {f.status for f in result.findings}


def test_pictures_that_cannot_be_decoded_are_known_before_a_long_sound() -> None:
    """Minutes of sound before the first picture: the pictures are tried before the file is called
    a video."""
    film = tracks.encoded(
        "mp4", "-f", "lavfi", "-i", "sine=440:d=320:r=8000", "-itsoffset", "310",
        "-f", "lavfi", "-i", "testsrc=d=0.5:s=64x64:r=10", "-c:v", "libx264", "-c:a", "aac",
    )  # fmt: skip
    data = tracks.with_damaged("video", film)
    assert sound_track.MAX_WAITING < 320 * 16_000
    media = run(data).media
    assert media is not None and media.kind is Kind.AUDIO
    assert "pictures_not_decoded" in media.flags
    assert media.duration == pytest.approx(320, abs=1)


def test_a_file_of_which_nothing_is_read_is_not_called_damaged() -> None:
    """Well-formed, in codecs that are not read: the answer says that, with its own code."""
    data = tracks.encoded("mka", "-f", "lavfi", "-i", "sine=440:d=0.5", "-c:a", "tta")
    result = run(data)
    assert result.rejection == "variant_not_read"
    assert "damaged" not in result.verdict.reason


def test_verify_says_which_part_failed(tmp_path: Path) -> None:
    """The item of `verify --json` carries code and sentence."""
    path = tmp_path / "film.mp4"
    path.write_bytes(broken("audio", "noise"))
    item = json.loads(json.dumps(shell.examine(path)))
    assert item["media"]["stated"][0]["code"] == "sound_not_decoded"
    assert "could not be decoded" in item["media"]["stated"][0]["text"]
