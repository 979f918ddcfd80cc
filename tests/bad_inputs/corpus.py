"""Bad inputs of forty kinds and the expected result of each. All are made here, none is downloaded.

`CASES` is what other tests use too: a number and name, the bytes, and the expected end. Number 38
(file names), 39 (HTTP) and 40 (traps for models) belong to others; the names and the media for them
are at the end, as `NAMES` and `MODEL_TRAPS`.
"""

from __future__ import annotations

import functools
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from tests.bad_inputs import parts
from tests.bad_inputs.containers import (
    ASX,
    CUE,
    DASH,
    FFCONCAT,
    M3U,
    SDP,
    attachments,
    avi_with_playlist,
    backward_times,
    cover_art_only,
    cut_film,
    endless_stts,
    external_address,
    external_data,
    huge_film,
    huge_rate,
    nested_boxes,
    no_moov,
    no_timescale,
    odd_box_size,
    overflowing_box,
    playlist,
    resolution_change,
    subtitles_only,
    ten_hours,
    thousand_tracks,
    two_videos,
)
from tests.bad_inputs.credentials import altered, broken_signature, recursive, signed, with_remote
from tests.bad_inputs.images import (
    EPS,
    SVG,
    apng_sum,
    broken_huffman,
    cmyk_jpeg,
    deep_heic,
    deep_png,
    heic_thousands_of_tiles,
    jpeg_cut,
    jpeg_huge_frame,
    jpeg_thousands_of_scans,
    odd_exif,
    other_type,
    palette_with_alpha,
    png_bomb,
    png_endless_size,
    png_half,
    png_no_width,
    png_profile_bomb,
    png_stuffed_data,
    png_text_bomb,
    png_wrong_crc,
    polyglot,
    strip,
    tiff_loop,
    webp_sum,
)
from tests.bad_inputs.stills import (
    JP2_HEAD,
    JXL_HEAD,
    bmp_huge,
    bmp_no_size,
    jp2_huge,
    jp2_tiles,
    jxl_animated,
    jxl_bare_huge,
    jxl_empty_stream,
    jxl_huge,
    tiff_huge,
    tiff_not_a_number,
    tiff_of_a_camera,
    tiff_thousands_of_pages,
)
from tests.sandbox import media


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[], bytes]
    rejected: frozenset[str] = frozenset()
    """Codes of which one must be the answer; empty: the file is accepted."""
    incomplete: bool | None = None
    """For accepted files: whether it must be stated that a part is missing."""
    flags: frozenset[str] = frozenset()
    """Facts that must be stated."""


def _no(name: str, make: Callable[[], bytes], *codes: str) -> Case:
    return Case(name, make, rejected=frozenset(codes))


def _yes(
    name: str, make: Callable[[], bytes], *flags: str, incomplete: bool | None = False
) -> Case:
    return Case(name, make, incomplete=incomplete, flags=frozenset(flags))


# --- content credentials -------------------------------------------------------------------------
ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY e SYSTEM "file:///etc/passwd">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&c;&e;</x:xmpmeta>"""


def xmp_entities() -> bytes:
    return parts.with_xmp(media.picture("JPEG"), ENTITIES)


def huge_manifest() -> bytes:
    """50 MB in the place of Content Credentials."""
    piece = b"JP\0\1" + bytes(65_000)
    data = media.picture("JPEG")
    segments = b"".join(
        parts.jpeg_segment(0xEB, b"JP" + struct.pack(">HI", 1, n + 1) + piece[8:])
        for n in range(800)
    )
    return data[:2] + segments + data[2:]


# --- transport -----------------------------------------------------------------------------------
def noise_after_signature() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + random.Random(37).randbytes(1 << 20)


CORRUPT = "corrupt"
CASES: list[Case] = [
    _no("01_png_30000_squared", png_bomb, "too_many_pixels"),
    _no("02_png_largest_header", png_endless_size, "too_many_pixels"),
    _no("03_png_text_bomb", png_text_bomb, "decompression_bomb"),
    _no("04_png_profile_bomb", png_profile_bomb, "decompression_bomb"),
    _no("05_png_stuffed_data", png_stuffed_data, "decompression_bomb"),
    _no("06_png_no_width", png_no_width, CORRUPT),
    _yes("07_png_half", png_half, incomplete=True),
    _yes("07_png_wrong_crc", png_wrong_crc, incomplete=True),
    _yes("08_jpeg_cut", jpeg_cut, incomplete=True),
    _no("09_jpeg_huge_frame", jpeg_huge_frame, "too_many_pixels"),
    _no("10_jpeg_thousands_of_scans", jpeg_thousands_of_scans, "too_expensive"),
    _yes("11_cmyk_jpeg", cmyk_jpeg, "cmyk"),
    _yes("11_16_bit_png", deep_png, "high_bit_depth"),
    _yes("11_palette_with_alpha", palette_with_alpha, "transparency"),
    _yes("11_deep_heic", deep_heic, "high_bit_depth"),
    _yes("12_odd_exif", odd_exif, "metadata_malformed"),
    _yes("13_polyglot", polyglot, "trailing_data"),
    _no("14_svg", lambda: SVG, "type_not_allowed"),
    _no("15_eps", lambda: EPS, "type_not_allowed"),
    *[
        _no(f"16_{kind.lower()}", functools.partial(other_type, kind), "type_not_allowed")
        for kind in ("PSD", "ICO", "FITS")
    ],
    _no("17_tiff_loop", tiff_loop, CORRUPT),
    _no("17_tiff_no_directory", lambda: b"II*\0\xff\xff\xff\x7f", CORRUPT),
    _no("17_tiff_huge", tiff_huge, "too_many_pixels"),
    _no("17_tiff_thousands_of_pages", tiff_thousands_of_pages, "too_many_frames"),
    _no("17_tiff_of_a_camera", tiff_of_a_camera, "variant_not_read"),
    _no("17_bmp_huge", bmp_huge, "too_many_pixels"),
    _no("17_bmp_no_size", bmp_no_size, CORRUPT),
    _no("17_jp2_huge", jp2_huge, "too_many_pixels"),
    _no("17_jp2_tiles", jp2_tiles, "too_expensive"),
    _no("17_jxl_huge", jxl_huge, "too_many_pixels"),
    _no("17_jxl_bare_huge", jxl_bare_huge, "too_many_pixels"),
    _no("17_jxl_animated", jxl_animated, "variant_not_read"),
    _no("17_jxl_no_codestream", lambda: JXL_HEAD, CORRUPT),
    _no("17_jxl_empty", jxl_empty_stream, CORRUPT),
    _no("17_jp2_no_codestream", lambda: JP2_HEAD, CORRUPT),
    _yes("17_float_tiff_not_a_number", tiff_not_a_number, "values_scaled"),
    _no("18_gif_100000_frames", lambda: parts.gif((1, 1), 100_000), "too_many_frames"),
    _no("19_gif_huge_frame", lambda: parts.gif((1, 1), 1, (65_535, 65_535)), "too_many_pixels"),
    _no("20_apng_sum", apng_sum, "too_many_pixels"),
    _no("20_webp_sum", webp_sum, "too_many_pixels"),
    _no("21_heic_tiles", heic_thousands_of_tiles, CORRUPT),
    _no("21_broken_huffman", broken_huffman, CORRUPT),
    _no("22_strip", strip, "aspect_not_supported"),
    _no("23_hls_file", lambda: playlist("file:///etc/passwd"), "type_not_allowed"),
    _no("24_hls_http", lambda: playlist("http://127.0.0.1:{port}/x.ts"), "type_not_allowed"),
    _no("24_hls_cloud", lambda: playlist("http://169.254.169.254/x"), "type_not_allowed"),
    _no("25_ffconcat", lambda: FFCONCAT, "type_not_allowed"),
    *[
        _no(f"26_{name}", functools.partial(bytes, data), "type_not_allowed")
        for name, data in (("sdp", SDP), ("dash", DASH), ("asx", ASX), ("cue", CUE), ("m3u", M3U))
    ],
    _no("27_external_flag", external_data, "external_reference"),
    _no("27_external_address", external_address, "external_reference"),
    _yes("27_avi_with_playlist", avi_with_playlist, incomplete=None),
    _yes("28_cut_film", cut_film, incomplete=True),
    _no("29_no_moov", no_moov, CORRUPT),
    *[
        _no(f"29_box_size_{size}", functools.partial(odd_box_size, size), CORRUPT)
        for size in (0, 1, 7)
    ],
    _no("29_box_overflow", overflowing_box, CORRUPT),
    _no("30_nested_boxes", nested_boxes, CORRUPT),
    _no("30_thousand_tracks", thousand_tracks, CORRUPT),
    _no("30_attachments", attachments, CORRUPT),
    _yes("31_endless_stts", endless_stts, "timestamps_invalid", incomplete=None),
    _yes("31_no_timescale", no_timescale, "timestamps_invalid", incomplete=None),
    _yes("31_huge_rate", huge_rate, "timestamps_invalid", incomplete=None),
    _yes("31_backward_times", backward_times, "timestamps_invalid", incomplete=None),
    _no("32_ten_hours", ten_hours, "too_long"),
    _no("33_huge_film", huge_film, "too_many_pixels"),
    _yes("34_resolution_change", resolution_change, "resolution_change", incomplete=None),
    _yes("35_sound_only", lambda: media.sound("ipod", "aac")),
    _yes("35_cover_art_only", cover_art_only, "cover_art_ignored"),
    _yes("35_two_videos", two_videos, "extra_streams"),
    _no("35_subtitles_only", subtitles_only, "no_media"),
    _yes("36_remote_manifest", with_remote),
    _yes("36_broken_signature", broken_signature),
    _yes("36_altered_pixels", altered),
    _yes("36_recursive_ingredients", recursive),
    _yes("36_huge_manifest", huge_manifest),
    _yes("36_xmp_entities", xmp_entities),
    _yes("36_signed", signed),
    _no("37_empty", lambda: b"", "empty"),
    _no("37_one_byte", lambda: b"x", "type_not_allowed"),
    _no("37_zeros", lambda: bytes(10 << 20), "type_not_allowed"),
    _no("37_noise_after_signature", noise_after_signature, CORRUPT),
]

NAMES = (
    "../../x", "x" * 300, "a%00.jpg", "\u202egpj.exe", "a\r\nb.jpg", "-i", "concat:a|b",
    "subfile,,start,0,end,0,,:/etc/passwd", "%03d.png", "http://127.0.0.1/x.jpg", "CON.mp4",
    "a\0b.jpg", "|id", "$(id).png", "'; drop table x; --.jpg", "<img src=x onerror=alert(1)>.jpg",
)  # fmt: skip
"""38: stored as text only, never a path or an argument. For the tests of intake and of pages."""

MODEL_TRAPS: dict[str, Callable[[], bytes]] = {
    "no_face": lambda: media.picture("PNG", 320, 240),
    "all_black": lambda: media.flat_picture(0),
    "all_white": lambda: media.flat_picture(255),
    "black_film": lambda: media.still_film(seconds=2, fps=10),
    "one_frame_film": lambda: media.video(frames=1, sound=None),
    "one_pixel": lambda: media.picture("PNG", 1, 1),
    "silence": lambda: media.silence(),
}
"""40: well-formed, and nothing in them to judge. For the tests of the engine."""
