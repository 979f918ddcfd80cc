"""The copy itself: in time, small, and of nothing but pixels and samples."""

from __future__ import annotations

import io
import subprocess
from tempfile import TemporaryFile
from typing import Any

import av
import numpy as np
import pytest

from media_analysis.previews.services.rendering import Made, Stopped, make
from sandbox.types import Rejected
from tests.media.films import FFMPEG
from tests.previews import claps

STEADY = [n / 25 for n in range(100)]
UNEVEN = [n / 50 for n in range(50) if n % 7] + [1 + n / 12 for n in range(36)]
ONE_FRAME = 1 / 25


def copied(source: io.BytesIO, **how: Any) -> tuple[Made, io.BytesIO]:
    arguments = {
        "max_seconds": 60,
        "progress": lambda share: None,
        "should_stop": lambda: False,
        **how,
    }
    with TemporaryFile() as original, TemporaryFile() as copy:
        original.write(source.getvalue())
        original.flush()
        original.seek(0)
        made = make(original, copy, **arguments)
        copy.seek(0)
        return made, io.BytesIO(copy.read())


FILMS: dict[str, dict[str, Any]] = {
    "as most are": {"times": STEADY, "form": "mp4"},
    "Matroska": {"times": STEADY},
    "frames come unevenly": {"times": UNEVEN},
    "the sound starts later": {"times": STEADY, "sound": (1.5, 4.0)},
    "the sound starts much later": {
        "times": [n / 10 for n in range(160)], "sound": (12.0, 16.0), "clap": 14.0
    },
    "the pictures start later": {"times": [t + 0.7 for t in STEADY]},
    "the sound has a hole": {"times": STEADY, "hole": (0.5, 1.4)},
    "the sound is short": {"times": STEADY, "sound": (0.0, 2.6)},
    "the sound goes on": {"times": STEADY[:70], "sound": (0.0, 6.0)},
    "sixty frames a second": {"times": [n / 60 for n in range(240)], "rate": 60},
    "times in thousandths": {"times": [round(n / 30, 3) for n in range(120)]},
}  # fmt: skip


@pytest.mark.parametrize("name", FILMS)
def test_flash_and_click_stay_where_they_were(name: str) -> None:
    """In the copy both come within one frame of their moment, and of each other."""
    how = {"clap": 2.2, **FILMS[name]}
    clap = how.pop("clap")
    _, copy = copied(claps.film(how.pop("times"), clap, **how))
    found = claps.seen(copy)
    assert found.flash is not None and found.click is not None
    assert abs(found.click - clap) <= ONE_FRAME / 2
    # A frame is shown from its time on: at the earliest when the original's was, or one later.
    assert -0.002 <= found.flash - clap <= max(ONE_FRAME, 1 / 12)
    original = claps.seen(claps.film(**{"times": FILMS[name]["times"], "clap": clap, **how}))
    assert original.flash is not None and original.click is not None
    drift = (found.flash - found.click) - (original.flash - original.click)
    assert abs(drift) <= ONE_FRAME


def test_every_frame_up_to_thirty_a_second_is_kept() -> None:
    """25 and 30 a second stay whole, also where times are rounded; of 60 every other goes."""
    for times, expected in (
        (STEADY, 100),
        ([round(n / 30, 3) for n in range(120)], 120),
        ([n / 60 for n in range(240)], 120),
    ):
        made, copy = copied(claps.film(times, 2.2, rate=60))
        with av.open(copy, "r") as container:
            assert len(list(container.decode(video=0))) == expected
        assert made.fps == pytest.approx(expected / 4, rel=0.02)


def test_a_copy_is_small_and_in_free_formats() -> None:
    """VP9 and Opus in WebM, the longer side at most 480; odd sizes lose a line."""
    made, copy = copied(claps.film(STEADY, 2.2, size=(1282, 722)))
    with av.open(copy, "r") as container:
        assert container.format.name == "matroska,webm"
        names = [s.codec_context.name for s in container.streams]
        assert (container.streams.video[0].width, container.streams.video[0].height) == (480, 270)
    assert names[0] == "vp9" and "opus" in names[1]
    assert made.media_type == "video/webm"
    assert made.seconds == pytest.approx(4.0, abs=0.1)


def test_a_film_without_sound_and_a_sound_without_film() -> None:
    """Each alone makes a copy of what there is."""
    made, copy = copied(claps.film(STEADY, 2.2, sound=None))
    assert claps.seen(copy).click is None and made.media_type == "video/webm"
    wave = io.BytesIO()
    with av.open(wave, "w", format="wav") as container:
        voice = container.add_stream("pcm_s16le", rate=claps.RATE, layout="mono")
        claps._sound(container, voice, 1.0, (0.0, 2.0), None)
    made, copy = copied(wave)
    found = claps.seen(copy)
    assert (made.media_type, made.fps) == ("audio/webm", None)
    assert found.flash is None and found.click == pytest.approx(1.0, abs=0.005)
    assert found.seconds == pytest.approx(made.seconds, abs=0.03)


def test_a_turned_film_stands_upright(tmp_path: Any) -> None:
    """What a telephone only marks as turned is turned in the copy."""
    flat = tmp_path / "flat.mp4"
    flat.write_bytes(claps.film(STEADY[:30], 0.8, sound=None, form="mp4").getvalue())
    turned = tmp_path / "turned.mp4"
    subprocess.run(
        [FFMPEG, "-y", "-loglevel", "error", "-display_rotation", "90", "-i", str(flat), "-c",
         "copy", str(turned)], check=True,
    )  # fmt: skip
    _, copy = copied(io.BytesIO(turned.read_bytes()))
    with av.open(copy, "r") as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (320, 180, 3)
    corners = [frame[y, x, 0] > 120 for y, x in ((20, 20), (20, -20), (-20, -20), (-20, 20))]
    assert sum(corners) == 1 and not corners[0], "the mark is in another corner now"


def test_the_same_original_gives_the_same_copy() -> None:
    """To the byte: made twice, it is stored once."""
    source = claps.film(STEADY[:40], 0.8)
    assert copied(source)[1].getvalue() == copied(source)[1].getvalue()


def test_nothing_that_the_file_says_of_itself_is_in_the_copy() -> None:
    """Only pixels and samples cross: no title, no writer's name, no other stream."""
    source = claps.film(STEADY[:25], 0.4)
    marked = io.BytesIO(source.getvalue() + b"canary-after-the-end")
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        container.metadata["title"] = "canary"
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), n, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    for file in (marked, out):
        assert b"canary" in file.getvalue()
        assert b"canary" not in copied(file)[1].getvalue()


def test_too_long_and_broken_are_refused_in_words() -> None:
    """With the sandbox's own code, so that the page can say why."""
    with pytest.raises(Rejected) as too_long:
        copied(claps.film(STEADY, 2.2), max_seconds=2)
    assert too_long.value.code == "too_long"
    with pytest.raises(Rejected):
        copied(io.BytesIO(claps.film(STEADY, 2.2).getvalue()[:200]))


def test_it_stops_when_told_to() -> None:
    """Between two frames, and in the sound as well."""
    stops = iter([False, False, True])
    with pytest.raises(Stopped):
        copied(claps.film(STEADY, 2.2), should_stop=lambda: next(stops))
