"""Compression history: measured on natural pictures that the test saves in known ways."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ml.engine.contract import Evidence, Finding, Frame, Kind, Status, Strength, View
from ml.engine.detectors.compression import grid, resampling, sentences, traces
from ml.engine.detectors.compression.blocks import coefficients, luminance
from ml.engine.detectors.compression.detector import make
from ml.engine.detectors.compression.double_jpeg import earlier_save, table
from ml.engine.detectors.compression.quantisation import LUMINANCE, ROBIDOUX, origin, scaled
from ml.engine.results import plain
from sandbox.services import warden
from tests.detectors.known import Known
from tests.detectors.natural import pictures, pixels, saved

NAMES = ("portrait", "temple", "flower", "camera", "ascent", "aero")
EVERY = pytest.mark.parametrize("picture", pictures(), ids=NAMES)


def tables_of(image: Image.Image) -> list[list[int]]:
    return [list(t) for t in image.quantization.values()]  # type: ignore[attr-defined]


def examined(image: Image.Image, *, jpeg: bool) -> Finding:
    facts = {"jpeg": {"quantisation": tables_of(image)}} if jpeg else {}
    media = Known(facts, format="jpeg" if jpeg else "png")
    examination = make().examine(media)
    examination.observe(View(Frame(0, 0.0, pixels(image))))
    return examination.conclude()


def evidence_of(finding: Finding, code: str) -> Evidence | None:
    return next((e for e in finding.evidence if e.code == code), None)


# --- quantisation tables --------------------------------------------------------------------------
@settings(deadline=None)
@given(st.integers(1, 100))
def test_the_common_tables_are_recognised_at_every_quality(quality: int) -> None:
    """What Pillow writes is named with the very quality that it was asked for."""
    image = saved(Image.new("RGB", (16, 16), (90, 20, 60)), quality)
    found = origin(tables_of(image))
    if quality == 100:
        assert found.family == "unquantised"
    else:
        assert (found.family, found.quality, found.exact) == ("ijg", quality, True)


@settings(deadline=None)
@given(st.integers(20, 99))
def test_other_tables_are_not_taken_for_the_common_ones(quality: int) -> None:
    """mozjpeg's are known by name; a camera's are called its own, with a near quality."""
    moz = scaled(ROBIDOUX, quality)
    assert origin([list(moz), list(moz)]).family == "mozjpeg"
    rng = random.Random(quality)
    own = [max(1, int(step) + rng.choice([-1, 1, 2])) for step in scaled(LUMINANCE, quality)]
    found = origin([own, own])
    assert not found.exact
    assert found.family == "own"
    assert abs(found.quality - quality) <= 12


def test_tables_through_the_sandbox_are_in_rows(tmp_path: Path) -> None:
    """The sandbox hands over the same order that the families are written in."""
    path = tmp_path / "picture.jpg"
    Image.new("RGB", (32, 32), (1, 90, 60)).save(path, quality=83)
    with path.open("rb") as file:
        found = origin(traces.quantisation_tables(warden().facts(file)))
    assert (found.family, found.quality) == ("ijg", 83)


# --- saved more than once -------------------------------------------------------------------------
@EVERY
@pytest.mark.parametrize("now", [75, 85, 95])
def test_one_save_is_not_two(picture: Image.Image, now: int) -> None:
    """No false alarm on any picture at any quality."""
    finding = examined(saved(picture, now), jpeg=True)
    assert evidence_of(finding, "earlier_save") is None
    assert evidence_of(finding, "no_earlier_save")


@EVERY
@pytest.mark.parametrize(("before", "now"), [(50, 75), (60, 80), (75, 90), (85, 95), (92, 95)])
def test_an_earlier_worse_save_is_found(picture: Image.Image, before: int, now: int) -> None:
    """With the quality that it had, give or take three."""
    finding = examined(saved(saved(picture, before), now), jpeg=True)
    found = evidence_of(finding, "earlier_save")
    assert found and found.strength is Strength.WEAK and found.supports is None
    assert abs(found.data["quality"] - before) <= 3
    assert finding.score == pytest.approx(found.data["score"], abs=1e-4)


@EVERY
def test_a_picture_that_never_was_a_jpeg_has_no_earlier_save(picture: Image.Image) -> None:
    """Clean pixels stay clean."""
    finding = examined(picture, jpeg=False)
    assert evidence_of(finding, "earlier_save") is None
    assert evidence_of(finding, "block_grid") is None


@EVERY
@pytest.mark.parametrize("before", [50, 75, 90])
def test_a_png_that_was_a_jpeg_is_found(picture: Image.Image, before: int) -> None:
    """Changing the container does not remove the history."""
    found = evidence_of(examined(saved(picture, before), jpeg=False), "earlier_save")
    assert found and abs(found.data["quality"] - before) <= 3


@EVERY
def test_a_cut_jpeg_shows_where_it_was_cut(picture: Image.Image) -> None:
    """A strongly compressed picture, cut and kept without loss, has its grid elsewhere."""
    cut = saved(picture, 50).convert("RGB").crop((3, 5, picture.width, picture.height))
    found = evidence_of(examined(cut, jpeg=False), "block_grid")
    assert found and (found.data["left"], found.data["top"]) == (5, 3)


def test_too_small_a_picture_says_nothing() -> None:
    """Statistics of a handful of blocks are not given."""
    light = luminance(pixels(saved(pictures()[1].crop((0, 0, 64, 64)), 80)))
    assert earlier_save(light, None) is None
    assert resampling.rhythm(light, was_jpeg=True) is None
    assert grid.grid(light[:32, :32]) is None


# --- enlarged -------------------------------------------------------------------------------------
@EVERY
@pytest.mark.parametrize("factor", [1.37, 1.5])
def test_enlarging_leaves_its_rhythm(picture: Image.Image, factor: float) -> None:
    """Bilinear enlargement of clean pixels is seen."""
    size = (round(picture.width * factor), round(picture.height * factor))
    finding = examined(picture.resize(size, Image.Resampling.BILINEAR), jpeg=False)
    assert evidence_of(finding, "resampling")


@EVERY
@pytest.mark.parametrize("now", [None, 80, 95])
def test_pixels_as_they_are_have_no_rhythm(picture: Image.Image, now: int | None) -> None:
    """Neither clean nor as a JPEG."""
    finding = examined(saved(picture, now) if now else picture, jpeg=bool(now))
    assert evidence_of(finding, "resampling") is None


# --- recordings -----------------------------------------------------------------------------------
def film(**changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "container": {"claimed": {"encoder": "Lavf61.1.100"}},
        "streams": [
            {
                "type": "video",
                "tags": {"handler_name": "VideoHandler"},
                "encoder": ["x264 - core 164 - options: cabac=1 crf=23.0 rc=crf"],
            }
        ],
    }
    return facts | changes


def concluded(facts: dict[str, Any]) -> Finding:
    return make().examine(Known(facts, Kind.VIDEO, "mp4")).conclude()


def test_software_that_wrote_a_film_is_named() -> None:
    """With its settings, as a weak and ordinary trace."""
    found = evidence_of(concluded(film()), "software_encoder")
    assert found and found.strength is Strength.WEAK
    assert "x264" in found.text and found.data["settings"]["crf"] == "23.0"


def test_a_camera_that_did_not_write_its_own_film_is_said() -> None:
    """A claim of a camera beside a software encoder is a contradiction worth a look."""
    claimed = {"claimed": {"com.apple.quicktime.model": "iPhone 15", "encoder": "Lavf61"}}
    found = evidence_of(concluded(film(container=claimed)), "camera_and_encoder")
    assert found and "iPhone 15" in found.text


def test_a_film_that_names_nobody_has_no_trace() -> None:
    """Nothing is invented for a bare container."""
    finding = concluded({"container": {"claimed": {}}, "streams": [{"type": "video", "tags": {}}]})
    assert finding.evidence == ()
    assert "no search for traces" in finding.reason


def test_sound_without_a_telling_container_is_not_applicable() -> None:
    """A plain WAV has no history to read."""
    assert make().not_applicable(Known({}, Kind.AUDIO, "wav"))
    assert make().not_applicable(Known(film(), Kind.AUDIO, "m4a")) is None


# --- whatever comes -------------------------------------------------------------------------------
shapes = st.sampled_from([(1, 1), (7, 9), (8, 8), (63, 200), (130, 131), (200, 64), (257, 300)])


@settings(max_examples=40, deadline=None)
@given(shapes, st.sampled_from(["black", "white", "noise", "ramp"]), st.booleans())
def test_no_pixels_break_it(shape: tuple[int, int], content: str, jpeg: bool) -> None:
    """Any size and content gives a finding with finite numbers that JSON holds."""
    height, width = shape
    ramp = np.arange(height * width * 3) // 3 % 256
    made = {
        "black": np.zeros((height, width, 3)),
        "white": np.full((height, width, 3), 255),
        "noise": np.random.default_rng(0).integers(0, 256, (height, width, 3)),
        "ramp": ramp.reshape(height, width, 3),
    }[content]
    image = Image.fromarray(made.astype(np.uint8))
    finding = examined(saved(image, 80) if jpeg else image, jpeg=jpeg)
    assert finding.status is Status.RAN
    json.dumps(plain(finding), allow_nan=False)
    assert "NaN" not in json.dumps(plain(finding))


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["jpeg", "container", "streams"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["quantisation", "claimed", "tags", "encoder", "handler_name"]),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=12,
        ),
    )
)
def test_no_facts_break_it(facts: dict[str, Any]) -> None:
    """Facts come from untrusted files and may have any shape."""
    assert concluded(facts).status is Status.RAN
    examination = make().examine(Known(facts))
    examination.observe(View(Frame(0, 0.0, np.zeros((64, 64, 3), np.uint8))))
    assert examination.conclude().status is Status.RAN


def test_evidence_never_decides_by_itself() -> None:
    """Nothing that this detector says supports an outcome, and its score is no probability."""
    twice = saved(saved(pictures()[1], 50), 90)
    finding = examined(twice, jpeg=True)
    assert finding.probability_manipulated is None and finding.log10_lr is None
    assert all(e.supports is None for e in finding.evidence)
    assert sentences.ORDINARY in evidence_of(finding, "earlier_save").text  # type: ignore[union-attr]


def test_the_transform_is_the_encoders() -> None:
    """Coefficients of a JPEG lie at multiples of its steps."""
    image = saved(pictures()[1].convert("L"), 60)
    steps = table(tables_of(image)[0]).reshape(8, 8)
    found = coefficients(luminance(pixels(image)))[:, 0, 1] / steps[0, 1]
    assert np.median(np.abs(found - np.round(found))) < 0.06
