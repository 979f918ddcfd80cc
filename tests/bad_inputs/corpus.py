"""Bad inputs of forty kinds and what must become of each. Every one is made here, none is fetched.

`CASES` is what other tests use too: a number and name, the bytes, and the expected end. Number 38
(file names), 39 (HTTP) and 40 (traps for models) belong to others; the names and the media for them
are at the end, as `NAMES` and `MODEL_TRAPS`.
"""

from __future__ import annotations

import functools
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.bad_inputs import parts
from tests.bad_inputs.credentials import altered, broken_signature, recursive, signed, with_remote
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


# --- pictures ------------------------------------------------------------------------------------
def png_bomb() -> bytes:
    row = zlib.compressobj(9)
    data = b"".join(row.compress(bytes(3751)) for _ in range(30_000)) + row.flush()
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + parts.png_chunk(b"IHDR", header)
        + parts.png_chunk(b"IDAT", data) + parts.png_chunk(b"IEND", b"")
    )  # fmt: skip


def png_endless_size() -> bytes:
    return parts.png(2**31 - 1, 2**31 - 1, data=b"\0" * 100)


def png_text_bomb() -> bytes:
    body = b"Comment\0\0" + parts.zeros_compressed(400 << 20)
    return parts.png(4, 4, extra=parts.png_chunk(b"zTXt", body))


def png_profile_bomb() -> bytes:
    body = b"icc\0\0" + parts.zeros_compressed(400 << 20)
    return parts.png(4, 4, extra=parts.png_chunk(b"iCCP", body))


def png_stuffed_data() -> bytes:
    header = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + parts.png_chunk(b"IHDR", header)
        + parts.png_chunk(b"IDAT", parts.zeros_compressed(300 << 20))
        + parts.png_chunk(b"IEND", b"")
    )  # fmt: skip


def png_no_width() -> bytes:
    return parts.png(0, 10, data=b"\0" * 10)


def png_half() -> bytes:
    data = media.picture("PNG", 320, 240)
    return data[: len(data) // 2]


def png_wrong_crc() -> bytes:
    data = media.picture("PNG", 320, 240)
    at = data.rindex(b"IDAT") + 4
    length = struct.unpack(">I", data[at - 8 : at - 4])[0]
    return parts.edit(data, at + length, b"\0\0\0\0")


def jpeg_cut() -> bytes:
    data = media.picture("JPEG", 320, 240, quality=92)
    return data[: len(data) * 6 // 10]


def jpeg_huge_frame() -> bytes:
    data = media.picture("JPEG")
    at = data.index(b"\xff\xc0") + 5
    return parts.edit(data, at, struct.pack(">HH", 65_500, 65_500))


def jpeg_thousands_of_scans() -> bytes:
    data = media.picture("JPEG", 1000, 1000, progressive=True)
    start = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", start + 2)
    scan = data[start:second]
    scan = scan[: scan.rindex(b"\xff\xc4")] if b"\xff\xc4" in scan[2:] else scan
    return data[:start] + scan * 5000 + b"\xff\xd9"


def cmyk_jpeg() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(media.scene()).convert("CMYK").save(out, "JPEG", quality=95)
    return out.getvalue()


def deep_png() -> bytes:
    ramp = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in ramp)
    return parts.png(64, 48, bits=16, color=0, data=rows)


def palette_with_alpha() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    picture = Image.fromarray(media.scene()).quantize(16)
    picture.save(out, "PNG", transparency=bytes([0] * 4 + [255] * 12))
    return out.getvalue()


def deep_heic() -> bytes:
    import io

    import pillow_heif

    deep = (media.scene().astype(np.uint16) << 4).astype(np.uint16)
    out = io.BytesIO()
    file = pillow_heif.from_bytes("RGB;12", (160, 120), deep.tobytes())
    file.save(out)
    return out.getvalue()


def odd_exif() -> bytes:
    text = b"<script>alert(1)</script>\0\r\n\x1b[31m\xe2\x80\xae\0"
    entries = [
        (0x0112, 3, 1, struct.pack("<H", 999)),
        (0x010E, 2, len(text), text),
        (0x010F, 2, 10, b"Evil\0Corp\0"),
        (0x8769, 4, 1, struct.pack("<I", 8)),
        (0x011A, 5, 1, struct.pack("<II", 1, 0)),
    ]
    return parts.with_exif(media.picture("JPEG"), parts.tiff(entries, following=8))


def polyglot() -> bytes:
    page = b"<html><script>alert(document.domain)</script></html>"
    archive = b"PK\3\4" + bytes(26) + b"PK\5\6" + bytes(18)
    return media.picture("JPEG") + page + archive


SVG = b"""<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">
<script>alert(1)</script><image href="file:///etc/passwd"/></svg>"""
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) (r) file quit\n%%EOF\n"


def other_type(kind: str) -> bytes:
    import io

    from PIL import Image

    if kind == "PSD":
        return b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 4, 4, 8, 3) + bytes(64)
    if kind == "FITS":
        return b"SIMPLE  =                    T".ljust(2880)
    out = io.BytesIO()
    Image.fromarray(media.scene(32, 32)).save(out, kind)
    return out.getvalue()


def tiff_loop() -> bytes:
    return parts.tiff([(0x0100, 3, 1, b"\4\0"), (0x0101, 3, 1, b"\4\0")], following=8)


def apng_sum() -> bytes:
    """400 frames of 2000 x 2000: each is small, together they are 1.6 thousand million pixels."""
    frame = zlib.compress(bytes(2000 * 251), 9)
    control = struct.pack(">IIIIIHHBB", 0, 2000, 2000, 0, 0, 1, 10, 0, 0)
    chunks = [parts.png_chunk(b"acTL", struct.pack(">II", 400, 0))]
    chunks.append(parts.png_chunk(b"fcTL", control))
    chunks.append(parts.png_chunk(b"IDAT", frame))
    number = 1
    for _ in range(399):
        chunks.append(parts.png_chunk(b"fcTL", struct.pack(">I", number) + control[4:]))
        chunks.append(parts.png_chunk(b"fdAT", struct.pack(">I", number + 1) + frame))
        number += 2
    header = struct.pack(">IIBBBBB", 2000, 2000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + parts.png_chunk(b"IHDR", header) + b"".join(chunks)
        + parts.png_chunk(b"IEND", b"")
    )  # fmt: skip


def webp_sum() -> bytes:
    """4,000 frames of 1 x 1 said to be 16,000 x 16,000 each."""
    size = struct.pack("<I", 15_999)[:3]
    frame = b"ANMF" + struct.pack("<I", 24) + bytes(6) + size * 2 + bytes(4) + b"VP8L\0\0\0\0"
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + size * 2
    body += b"ANIM" + struct.pack("<I", 6) + bytes(6) + frame * 4000
    return b"RIFF" + struct.pack("<I", len(body)) + body


def heic_thousands_of_tiles() -> bytes:
    data = media.picture("HEIF")
    at = parts.find_box(data, b"iinf") + 12
    return parts.edit(data, at, struct.pack(">H", 60_000))


def broken_huffman() -> bytes:
    """A lossless WebP whose code tables are noise."""
    data = bytearray(media.picture("WEBP", lossless=True))
    noise = random.Random(4863)
    for at in range(30, len(data)):
        data[at] = noise.randrange(256)
    return bytes(data)


def strip() -> bytes:
    return parts.png(100_000, 1)


# --- containers ----------------------------------------------------------------------------------
def playlist(target: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n".encode()


FFCONCAT = b"ffconcat version 1.0\nfile canary.mp4\n"
SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"
DASH = b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>'
ASX = b'<asx version="3.0"><entry><ref href="http://127.0.0.1/x"/></entry></asx>'
CUE = b'FILE "canary.wav" WAVE\n  TRACK 01 AUDIO\n'
M3U = b"canary.mp4\nhttp://127.0.0.1/x\n"


@functools.cache
def film() -> bytes:
    return media.video(frames=50)


@functools.cache
def fast_film() -> bytes:
    return media.video(frames=50, muxer={"movflags": "faststart"}, sound=None)


def external_data() -> bytes:
    data = film()
    at = data.index(b"url \0\0\0\1")
    return parts.edit(data, at + 7, b"\0")


def external_address() -> bytes:
    """The data reference names another file, and says so."""
    address = b"file:///etc/passwd\0"
    entry = parts.full_box(b"url ", address)
    dref = parts.full_box(b"dref", struct.pack(">I", 1) + entry)
    data = film()
    old = parts.find_box(data, b"dref")
    length = struct.unpack(">I", data[old : old + 4])[0]
    grown = len(dref) - length
    data = data[:old] + dref + data[old + length :]
    for parent in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        at = data.rindex(parent, 0, old) - 4
        size = struct.unpack(">I", data[at : at + 4])[0]
        data = parts.edit(data, at, struct.pack(">I", size + grown))
    return data


def avi_with_playlist() -> bytes:
    """A subtitle stream whose first block is a playlist: an old hole, in its shape."""
    data = media.video(container="avi", codec="mpeg4", sound=None, frames=10)
    hidden = b"GAB2\0\2\0" + playlist("file:///etc/passwd")
    chunk = b"01tx" + struct.pack("<I", len(hidden)) + hidden + b"\0" * (len(hidden) & 1)
    at = data.index(b"movi") + 4
    data = data[:at] + chunk + data[at:]
    movi = data.index(b"movi") - 4
    size = struct.unpack("<I", data[movi : movi + 4])[0]
    data = parts.edit(data, movi, struct.pack("<I", size + len(chunk)))
    return parts.edit(data, 4, struct.pack("<I", len(data) - 8))


def cut_film() -> bytes:
    data = fast_film()
    start = parts.find_box(data, b"mdat")
    return data[: start + (len(data) - start) * 7 // 10]


def no_moov() -> bytes:
    return parts.FTYP + parts.box(b"mdat", b"\0" * 5000)


def odd_box_size(size: int) -> bytes:
    data = fast_film()
    return parts.edit(data, parts.find_box(data, b"moov"), struct.pack(">I", size))


def overflowing_box() -> bytes:
    return parts.FTYP + struct.pack(">I", 1) + b"moov" + struct.pack(">Q", 2**64 - 1) + bytes(100)


def nested_boxes() -> bytes:
    """50,000 boxes, each in the one before; only the types that are parents go on."""
    depth = 50_000
    body = b"".join(
        struct.pack(">I", 8 * (depth - i)) + (b"moov" if i == 0 else b"udta") for i in range(depth)
    )
    return parts.FTYP + body


def thousand_tracks() -> bytes:
    data = fast_film()
    start = parts.find_box(data, b"moov")
    length = struct.unpack(">I", data[start : start + 4])[0]
    moov = data[start + 8 : start + length]
    at = parts.find_box(moov, b"trak")
    track = moov[at : at + struct.unpack(">I", moov[at : at + 4])[0]]
    moov = moov + track * 1000
    return data[:start] + parts.box(b"moov", moov) + data[start + length :]


def attachments() -> bytes:
    one = parts.ebml(0x466E, b"a.ttf") + parts.ebml(0x4660, b"font/ttf") + parts.ebml(0x465C, b"x")
    return parts.ebml_file(parts.ebml(0x1941A469, parts.ebml(0x61A7, one) * 10_000))


def endless_stts() -> bytes:
    data = fast_film()
    at = parts.find_box(data, b"stts") + 16
    return parts.edit(data, at, struct.pack(">I", 2**31))


def no_timescale() -> bytes:
    data = fast_film()
    at = parts.find_box(data, b"mdhd") + 20
    return parts.edit(data, at, struct.pack(">I", 0))


def huge_rate() -> bytes:
    data = fast_film()
    at = parts.find_box(data, b"stts") + 20
    return parts.edit(data, at, struct.pack(">I", 1))


def backward_times() -> bytes:
    """Matroska clusters put in the wrong order: time jumps back."""
    data = media.video(
        container="matroska", codec="mpeg4", sound=None, frames=60, options={"g": "1"},
        muxer={"cluster_time_limit": "500"},
    )  # fmt: skip
    starts = [i for i in range(len(data) - 4) if data[i : i + 4] == b"\x1f\x43\xb6\x75"]
    end = data.index(b"\x1c\x53\xbb\x6b", starts[-1])
    clusters = [data[a:b] for a, b in zip(starts, [*starts[1:], end], strict=True)]
    order = [clusters[0], *reversed(clusters[1:])]
    return data[: starts[0]] + b"".join(order) + data[end:]


@functools.cache
def ten_hours() -> bytes:
    """Ten hours of black, one frame a second."""
    return media.still_film(seconds=36_000, fps=1)


@functools.cache
def huge_film() -> bytes:
    return media.still_film(seconds=2, fps=2, size=(8192, 8192))


def resolution_change() -> bytes:
    return media.changing_film()


def cover_art_only() -> bytes:
    return media.sound_with_cover()


def two_videos() -> bytes:
    return media.two_video_streams()


def subtitles_only() -> bytes:
    track = (
        parts.ebml(0xD7, b"\1") + parts.ebml(0x73C5, b"\1") + parts.ebml(0x83, b"\x11")
        + parts.ebml(0x86, b"S_TEXT/UTF8")
    )  # fmt: skip
    block = parts.ebml(0xA3, b"\x81\0\0\x80hello")
    return parts.ebml_file(
        parts.ebml(0x1549A966, parts.ebml(0x2AD7B1, b"\x0f\x42\x40")),
        parts.ebml(0x1654AE6B, parts.ebml(0xAE, track)),
        parts.ebml(0x1F43B675, parts.ebml(0xE7, b"\0") + block),
    )


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
