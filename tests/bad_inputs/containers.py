"""Videos, sounds and playlists whose container is false, loops, or refers to other files."""

from __future__ import annotations

import functools
import struct

from tests.bad_inputs import parts
from tests.sandbox import media


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
