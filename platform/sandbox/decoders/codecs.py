"""The decoders that libav may use, by libav's own names. Every other decoder stays unreachable."""

from __future__ import annotations

PICTURES = (
    # phones, cameras, editors and the web
    "h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "mpeg4", "mpeg2video", "mpeg1video", "h263",
    "mjpeg", "prores", "dnxhd", "ffv1", "rawvideo", "dvvideo", "jpeg2000",
    # older recordings: Windows Media, Flash, early QuickTime and AVI
    "wmv1", "wmv2", "wmv3", "vc1", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "flv", "vp6", "vp6f",
    "vp6a", "h263i", "h263p", "svq1", "svq3", "cinepak", "theora", "huffyuv", "ffvhuff", "png",
    "qtrle",
)  # fmt: skip
SOUND = (
    "aac", "aac_latm", "mp3", "mp3float", "mp2", "mp2float", "mp1", "mp1float", "opus", "libopus",
    "vorbis", "flac", "alac", "ac3", "eac3", "dca", "amrnb", "amrwb", "libopencore_amrnb",
    "libopencore_amrwb", "wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice", "gsm", "gsm_ms",
    "nellymoser", "speex", "libspeex",
    "pcm_s16le", "pcm_s16be", "pcm_s16le_planar", "pcm_s16be_planar", "pcm_s24le", "pcm_s24be",
    "pcm_s32le", "pcm_s32be", "pcm_u8", "pcm_s8", "pcm_u16le", "pcm_u16be", "pcm_f32le",
    "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd",
    "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "adpcm_yamaha", "adpcm_g722", "g722",
    "adpcm_g726", "g726",
)  # fmt: skip
ALLOWED = frozenset((*PICTURES, *SOUND))
WHITELIST = ",".join((*PICTURES, *SOUND))
