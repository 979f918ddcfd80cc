"""Identifies a file's format by its first bytes alone. Every format that is not listed is refused.

Names, extensions and declared types are ignored. Decoders never guess afterwards: each is given the
one format to read.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.types import Code, Rejected


@dataclass(frozen=True, slots=True)
class Kind:
    family: str
    """image | recording"""
    format: str
    reader: str
    """Pillow's format name, or libav's demuxer."""
    mime: str


JPEG = Kind("image", "jpeg", "JPEG", "image/jpeg")
PNG = Kind("image", "png", "PNG", "image/png")
WEBP = Kind("image", "webp", "WEBP", "image/webp")
GIF = Kind("image", "gif", "GIF", "image/gif")
HEIF = Kind("image", "heif", "HEIF", "image/heic")
AVIF = Kind("image", "avif", "AVIF", "image/avif")
MP4 = Kind("recording", "mp4", "mov", "video/mp4")
MOV = Kind("recording", "mov", "mov", "video/quicktime")
M4A = Kind("recording", "m4a", "mov", "audio/mp4")
MATROSKA = Kind("recording", "matroska", "matroska", "video/x-matroska")
WEBM = Kind("recording", "webm", "matroska", "video/webm")
AVI = Kind("recording", "avi", "avi", "video/x-msvideo")
WAV = Kind("recording", "wav", "wav", "audio/wav")
FLAC = Kind("recording", "flac", "flac", "audio/flac")
MP3 = Kind("recording", "mp3", "mp3", "audio/mpeg")
OGG = Kind("recording", "ogg", "ogg", "audio/ogg")
AAC = Kind("recording", "aac", "aac", "audio/aac")
TIFF = Kind("image", "tiff", "TIFF", "image/tiff")
BMP = Kind("image", "bmp", "BMP", "image/bmp")
JPEG2000 = Kind("image", "jpeg2000", "JPEG2000", "image/jp2")
JPEGXL = Kind("image", "jpegxl", "JPEGXL", "image/jxl")
MPEG_TS = Kind("recording", "mpegts", "mpegts", "video/mp2t")
MPEG_PS = Kind("recording", "mpegps", "mpeg", "video/mpeg")
MPEG_VIDEO = Kind("recording", "mpegvideo", "mpegvideo", "video/mpeg")
FLV = Kind("recording", "flv", "flv", "video/x-flv")
ASF = Kind("recording", "asf", "asf", "video/x-ms-asf")
MXF = Kind("recording", "mxf", "mxf", "application/mxf")
AIFF = Kind("recording", "aiff", "aiff", "audio/aiff")
AMR = Kind("recording", "amr", "amr", "audio/amr")
CAF = Kind("recording", "caf", "caf", "audio/x-caf")
AU = Kind("recording", "au", "au", "audio/basic")

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_M4A_BRANDS = {b"M4A ", b"M4B ", b"M4P ", b"f4a ", b"f4b "}
_MP4_BRANDS = {
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41",
    b"mp42", b"avc1", b"dash", b"M4V ", b"M4VH", b"M4VP", b"f4v ", b"MSNV", b"XAVC", b"3gp4",
    b"3gp5", b"3gp6", b"3gp7", b"3g2a", b"3g2b", b"mmp4", b"cmfc", b"hvc1", b"av01", b"iso ",
    b"3gp1", b"3gp2", b"3gp3", b"3gp8", b"3gp9", b"3gg6", b"3gg7", b"3gg9", b"3gr6", b"3gr7",
    b"3gs6", b"3gs7", b"3gs9", b"3ge6", b"3ge7", b"3ge9", b"3g2c", b"kddi", b"mjp2", b"mj2s",
    b"f4p ", b"dmb1", b"isml", b"piff", b"caqv", b"MP4 ", b"mp4v", b"isoa", b"isob", b"isoc",
}  # fmt: skip
_OLD_MOV = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}


def sniff(head: bytes) -> Kind:
    """The kind, or Rejected(empty | type_not_allowed)."""
    if not head:
        raise Rejected(Code.EMPTY)
    kind = _signature(head)
    if kind is None:
        raise Rejected(Code.TYPE_NOT_ALLOWED)
    return kind


def _signature(head: bytes) -> Kind | None:
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return {b"WEBP": WEBP, b"AVI ": AVI, b"WAVE": WAV}.get(head[8:12])
    if head.startswith(b"\x1aE\xdf\xa3"):
        return _ebml(head)
    if head.startswith(b"fLaC"):
        return FLAC
    if head.startswith(b"OggS"):
        return OGG
    if head.startswith(b"ID3") and len(head) > 10:
        return MP3
    if head[4:8] == b"ftyp":
        return _brand(head)
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"FORM":
        return AIFF if head[8:12] in (b"AIFF", b"AIFC") else None
    if head[:2] == b"BM":
        return _bitmap(head)
    if _is_transport_stream(head):
        return MPEG_TS
    if head[4:8] in _OLD_MOV and head[:2] in (b"\x00\x00", b"\x00\x01"):
        return MOV
    if MXF_PARTITION in head:
        return MXF  # what comes before the first partition may be up to 64 KiB of anything
    return _bare_sound(head)


MXF_PARTITION = bytes.fromhex("060e2b34020501010d01020101")
_STARTS = (
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0\x08\0\0\0", TIFF),
    (b"MM\0+\0\x08\0\0", TIFF),
    (b"\0\0\0\x0cjP  \r\n\x87\n", JPEG2000),
    (b"\xffO\xffQ\0", JPEG2000),
    (b"\0\0\0\x0cJXL \r\n\x87\n", JPEGXL),
    (b"\xff\x0a", JPEGXL),
    (b"\0\0\x01\xba", MPEG_PS),
    (b"\0\0\x01\xb3", MPEG_VIDEO),
    (b"FLV\x01", FLV),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), ASF),
    (MXF_PARTITION, MXF),
    (b"#!AMR\n", AMR),
    (b"#!AMR-WB\n", AMR),
    (b"caff\0\x01\0\0", CAF),
    (b".snd\0\0", AU),
)
_BITMAP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def _bitmap(head: bytes) -> Kind | None:
    """`BM` alone is also the beginning of many a text: ask for a header of a known length."""
    length = int.from_bytes(head[14:18], "little")
    return BMP if length in _BITMAP_HEADERS and len(head) >= 26 else None


def _is_transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes, alone, behind a time of 4 bytes (cameras), or before 16 bytes of
    error correction: each begins with the same byte."""
    for first, step in ((0, 188), (4, 192), (0, 204)):
        places = range(first, len(head), step)
        if len(places) >= 2 and all(head[at] == 0x47 for at in places):
            return True
    return False


def _brand(head: bytes) -> Kind | None:
    """By the major brand; a generic one is settled by the compatible brands."""
    length = min(int.from_bytes(head[:4], "big"), 512)
    major = head[8:12]
    brands = [head[i : i + 4] for i in range(16, length - 3, 4)]
    if major in _AVIF_BRANDS:
        return AVIF
    if major in _HEIF_BRANDS:
        return AVIF if major in (b"mif1", b"msf1") and _AVIF_BRANDS & set(brands) else HEIF
    if major == b"qt  ":
        return MOV
    if major in _M4A_BRANDS:
        return M4A
    if major in _MP4_BRANDS or _MP4_BRANDS & set(brands):
        return MP4
    return None


def _ebml(head: bytes) -> Kind | None:
    start = head.find(b"\x42\x82", 4, 128)
    if start < 0:
        return None
    at = start + 2
    wide = 9 - head[at : at + 1].rjust(1, b"\x80")[0].bit_length()
    length = int.from_bytes(head[at : at + wide], "big") & ((1 << 7 * wide) - 1)
    doc = head[at + wide : at + wide + min(length, 64)]
    return {b"webm": WEBM, b"matroska": MATROSKA}.get(doc.rstrip(b"\0"))


def _bare_sound(head: bytes) -> Kind | None:
    """MPEG audio and ADTS have only a sync word: ask for two frames in a row."""
    if len(head) < 8 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:  # ADTS: layer 0
        length = ((head[3] & 3) << 11) | (head[4] << 3) | (head[5] >> 5)
        following = head[length : length + 2]
        good = length >= 7 and (len(following) < 2 or following[1] & 0xF6 == 0xF0)
        return AAC if good and following[:1] in (b"", b"\xff") else None
    if head[1] & 0xE6 == 0xE2:  # layer III
        length = mpeg_frame_length(head)
        following = head[length : length + 2]
        good = length > 0 and (len(following) < 2 or following[1] & 0xE6 == 0xE2)
        return MP3 if good and following[:1] in (b"", b"\xff") else None
    return None


_BITRATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def mpeg_frame_length(four: bytes) -> int:
    """Bytes of the MPEG layer III frame with this header; 0 when it is none."""
    if len(four) < 4 or four[0] != 0xFF or four[1] & 0xE6 != 0xE2:
        return 0
    version, rate = (four[1] >> 3) & 3, (four[2] >> 2) & 3
    if version == 1 or rate == 3:
        return 0
    bits = _BITRATES[version == 3][four[2] >> 4]
    if not bits:
        return 0
    slots = 144_000 if version == 3 else 72_000
    return slots * bits // _RATES[version][rate] + ((four[2] >> 1) & 1)
