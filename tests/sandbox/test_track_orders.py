"""A film is examined whatever the order of its tracks, and the right ones are chosen."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest

from ml.engine.analysis import analyse
from ml.engine.contract import Examination, Finding, Kind, Media, Result, Status, View
from ml.engine.detectors.compression import detector as compression
from ml.engine.detectors.provenance import detector as provenance
from ml.engine.manifest import Manifest, Needs
from tests.sandbox import tracks


class Listener(Examination):
    """A check that keeps what it is shown."""

    manifest = Manifest("listener", "1", needs=Needs(frames_per_second=100.0))
    name, version = manifest.name, manifest.version

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.sound: np.ndarray | None = None

    def not_applicable(self, media: Media) -> str | None:
        return None

    def examine(self, media: Media) -> Listener:
        self.media = media
        return self

    def observe(self, view: View) -> None:
        self.shapes.append(view.frame.pixels.shape)

    def conclude(self) -> Finding:
        self.sound = self.media.audio()
        return Finding(self.name, self.version, Status.RAN, "Kept.")


def examined(data: bytes) -> tuple[Result, Listener]:
    kept = Listener()
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        result = analyse(file, detectors=(compression.make(), provenance.make(), kept))
    return result, kept


def pitch(samples: np.ndarray) -> float:
    """The strongest frequency, in Hz."""
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    return float(np.abs(np.fft.rfft(middle)).argmax()) * 16_000 / len(middle)


def named(value: object) -> str:
    return "-".join(value) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize(("container", "order"), tracks.possible(), ids=named)
def test_every_order_of_tracks_is_examined_with_the_right_video_and_sound(
    container: str, order: tuple[str, ...]
) -> None:
    """Main video and main sound come out whole; a cover, words or readings are never taken."""
    result, kept = examined(tracks.film(container, order))
    media = result.media
    assert media is not None and not media.incomplete, result
    assert not {"reader_broke", "decode_errors", "unknown_codec"} & set(media.flags)
    if tracks.VIDEO in order:
        assert media.kind is Kind.VIDEO
        assert set(kept.shapes) == {(tracks.WIDTH, tracks.WIDTH, 3)}
        assert media.frames_decoded == 5
        assert media.frames_expected in (None, 5)
    else:
        assert media.kind is Kind.AUDIO
    assert media.has_audio == (tracks.SOUND in order)
    if tracks.SOUND in order:
        assert kept.sound is not None
        assert pitch(kept.sound) == pytest.approx(tracks.TONE, abs=12)
    doubled = {tracks.OTHER_VIDEO, tracks.OTHER_SOUND} & set(order)
    assert "extra_streams" in media.flags or not doubled
    assert {f.status for f in result.findings} <= {Status.RAN, Status.NOT_APPLICABLE}


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_the_tracks_that_are_marked_as_default_are_chosen(container: str) -> None:
    """Of two videos and two sounds a player takes those that the file marks, and so do we."""
    order = (tracks.OTHER_VIDEO, tracks.OTHER_SOUND, tracks.VIDEO, tracks.SOUND)
    marks = ["-disposition:0", "0", "-disposition:1", "0"]
    marks += ["-disposition:2", "default", "-disposition:3", "default"]
    result, kept = examined(tracks.film(container, order, *marks))
    assert set(kept.shapes) == {(tracks.WIDTH, tracks.WIDTH, 3)}
    assert result.media is not None and kept.sound is not None
    assert result.media.frames_expected in (None, 5) and not result.media.incomplete
    assert pitch(kept.sound) == pytest.approx(tracks.TONE, abs=12)
    assert "extra_streams" in result.media.flags
