"""The formats of cameras, scanners, phones and older recorders: each is decoded, and examined."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ml.engine.contract import Status
from ml.engine.results import media_json
from sandbox.types import Limits, Rejected
from tests.bad_inputs import parts
from tests.sandbox import formats, media
from tests.sandbox.conftest import Decoded
from tests.sandbox.test_track_orders import examined, pitch


@pytest.mark.parametrize("name", formats.PICTURES)
def test_each_variant_of_a_picture_shows_the_scene(
    name: str, decode: Callable[..., Decoded]
) -> None:
    """Whole, at its size, and like what went in, whatever the packing, depth and colours."""
    got = decode(formats.whole(name))
    assert (got.header.kind, got.header.format) == ("image", formats.PICTURES[name][0])
    assert (got.header.width, got.header.height) == (160, 120)
    assert not got.footer.incomplete, got.footer
    pixels = got.frames[0][2].astype(int)
    wanted = media.scene().astype(int)
    if np.ptp(pixels, axis=2).max() <= 2:  # grey
        wanted = np.asarray(Image.fromarray(media.scene()).convert("L").convert("RGB")).astype(int)
    assert np.abs(pixels - wanted).mean() < (20 if name.endswith("_P") else 12)
    assert ("high_bit_depth" in got.footer.flags) == any(
        word in name for word in ("16_bit", "32_bit", "rgb48", "fractions")
    )


@pytest.mark.parametrize("name", formats.VIDEOS)
def test_each_video_is_decoded_with_its_sound(name: str, decode: Callable[..., Decoded]) -> None:
    """All 15 frames, and the tone."""
    got = decode(formats.whole(name))
    assert (got.header.kind, got.header.format) == ("video", formats.VIDEOS[name][0])
    assert got.footer.frames_decoded in (14, 15)
    assert not got.footer.incomplete, got.footer
    assert got.audio is not None
    assert pitch(got.audio) == pytest.approx(440, abs=12)


@pytest.mark.parametrize("name", formats.SOUNDS)
def test_each_sound_is_decoded(name: str, decode: Callable[..., Decoded]) -> None:
    """As long as what went in, with the tone that went in."""
    got = decode(formats.whole(name))
    assert (got.header.kind, got.header.format) == ("audio", formats.SOUNDS[name][0])
    assert not got.footer.incomplete, got.footer
    assert got.audio is not None
    assert len(got.audio) / 16_000 == pytest.approx(0.6, abs=0.12)
    assert pitch(got.audio) == pytest.approx(440, abs=12)


@pytest.mark.parametrize("name", formats.ALL)
def test_each_format_is_examined_and_no_check_breaks(name: str) -> None:
    """Through the engine: checks ran or say why they do not apply; each fact has a sentence."""
    result, _ = examined(formats.whole(name))
    assert result.rejection is None
    assert {f.status for f in result.findings} <= {Status.RAN, Status.NOT_APPLICABLE}
    assert all(f.reason for f in result.findings)
    assert result.media is not None
    assert all(fact["text"].endswith(".") for fact in media_json(result.media)["stated"])


@pytest.mark.parametrize(
    ("name", "check", "word"),
    [
        ("jp2", "compression", "JPEG 2000"),
        ("jxl", "compression", "JPEG XL"),
        ("tiff_jpeg", "compression", "TIFF"),
        ("tiff_fractions", "compression", "scaled"),
        ("bmp_RGB", "provenance", "BMP"),
        ("amr", "provenance", "AMR"),
    ],
)
def test_a_check_says_why_a_format_tells_it_nothing(name: str, check: str, word: str) -> None:
    """Not applicable, with the reason; never a finding from traces of the format itself."""
    result, _ = examined(formats.whole(name))
    finding = next(f for f in result.findings if f.detector == check)
    assert finding.status is Status.NOT_APPLICABLE
    assert word in finding.reason


def test_a_document_of_several_pages_says_how_many(decode: Callable[..., Decoded]) -> None:
    """Three pages: the first is examined, and that is stated with the number."""
    result, kept = examined(formats.pages(3))
    assert kept.shapes == [(120, 160, 3)]
    assert result.media is not None and result.media.pages == 3
    facts = {fact["code"]: fact["text"] for fact in media_json(result.media)["stated"]}
    assert facts["multi_page"] == "The file contains 3 pages. The first is analysed."
    single = decode(formats.pages(1))
    assert single.header.pages == 1 and "multi_page" not in single.footer.flags


def test_pixels_of_more_than_8_bits_are_said() -> None:
    """A picture of 16 bits a channel states that it is examined at 8."""
    result, _ = examined(formats.whole("tiff_rgb48"))
    assert result.media is not None
    facts = {fact["code"]: fact["text"] for fact in media_json(result.media)["stated"]}
    assert "8 bits per channel" in facts["high_bit_depth"]


@pytest.mark.parametrize("make", [formats.bitmap_packed, formats.bitmap_of_os2])
def test_old_bitmaps_are_decoded(make: Callable[[], bytes], decode: Callable[..., Decoded]) -> None:
    """Run lengths, and the header of OS/2."""
    got = decode(make())
    assert got.header.format == "bmp" and not got.footer.incomplete
    assert got.frames[0][2].std() > 1


def test_metadata_of_a_tiff_is_read(facts: Callable[[bytes], dict[str, Any]]) -> None:
    """Camera, program and XMP are claims; how the pixels are laid out is not among them."""
    out = io.BytesIO()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/' x:y='z'/>"
    Image.fromarray(media.scene()).save(
        out, "TIFF", tiffinfo={271: "Kamera", 305: "Darkroom 3", 700: xmp}
    )
    read_facts = facts(out.getvalue())
    assert read_facts["exif"]["claimed"]["Make"] == "Kamera"
    assert read_facts["exif"]["claimed"]["Software"] == "Darkroom 3"
    assert "StripOffsets" not in read_facts["exif"]["claimed"]
    assert read_facts["tiff"]["compression"] == "none" and read_facts["tiff"]["bits"] == [8, 8, 8]


def test_a_camera_raw_file_is_not_judged_by_its_preview(decode: Callable[..., Decoded]) -> None:
    """A TIFF that holds a sensor's values: the small picture beside them is not the file."""
    filtered = struct.pack("<H", 32803)
    raw = parts.tiff([(256, 3, 1, b"\4\0"), (257, 3, 1, b"\4\0"), (262, 3, 1, filtered)])
    with pytest.raises(Rejected) as refusal:
        decode(raw)
    assert refusal.value.code == "variant_not_read"


@pytest.mark.parametrize(
    "name", ["tiff_raw", "bmp_RGB", "jp2", "jp2_bare", "jp2_rgb48", "jxl", "jxl_bare"]
)
def test_the_limit_of_pixels_holds_for_each_new_format(
    name: str, decode: Callable[..., Decoded]
) -> None:
    """The size is refused before the decoder is asked."""
    with pytest.raises(Rejected) as refusal:
        decode(formats.whole(name), limits=Limits(max_pixels=10_000))
    assert refusal.value.code == "too_many_pixels"


def test_a_jpeg_xl_picture_is_turned_and_its_metadata_are_read(
    tmp_path: Path, decode: Callable[..., Decoded], facts: Callable[[bytes], dict[str, Any]]
) -> None:
    """Written by another program than the one that reads it here, from a turned JPEG."""
    cjxl = shutil.which("cjxl")
    if not cjxl:
        pytest.skip("cjxl (Debian: libjxl-tools) is not installed")
    exif = Image.Exif()
    exif[0x0112], exif[0x0131] = 6, "Darkroom 3"
    (tmp_path / "in.jpg").write_bytes(media.picture("JPEG", exif=exif.tobytes(), quality=95))
    for options in (["--lossless_jpeg=1"], ["--lossless_jpeg=0"]):
        subprocess.run(
            [cjxl, *options, tmp_path / "in.jpg", tmp_path / "out.jxl"],
            check=True, capture_output=True,
        )  # fmt: skip
        data = (tmp_path / "out.jxl").read_bytes()
        got = decode(data)
        assert (got.header.width, got.header.height) == (120, 160)
        assert "rotated" in got.footer.flags
        turned = np.rot90(media.scene(), -1).astype(int)
        assert np.abs(got.frames[0][2].astype(int) - turned).mean() < 12
        if options == ["--lossless_jpeg=1"]:  # encoded anew, the Exif is dropped by the encoder
            assert facts(data)["exif"]["claimed"]["Software"] == "Darkroom 3"
