"""Reads what a file's structure reveals about its encoding: the tables of a still, the encoders of
a recording.

Facts are plain JSON from untrusted files: any value may be missing or have the wrong type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml.engine.contract import Evidence, Media, Strength
from ml.engine.sentence import say

SOFTWARE = re.compile(
    r"\b(x264|x265|Lav[cf]\d*|libx26[45]|libvpx|libaom|SVT-AV1|LAME|HandBrake)", re.I
)
SERVICE = re.compile(
    r"\b(Google|YouTube|WhatsApp|Telegram|TikTok|Instagram|Facebook|Vimeo)\b", re.I
)
REMUXED_NAMES = frozenset({"VideoHandler", "SoundHandler"})
SETTING = re.compile(r"\b(crf|bitrate|qp|rc)=([\w.]+)")
CAMERA_KEYS = ("com.apple.quicktime.make", "com.apple.quicktime.model", "com.android.version",
               "com.android.manufacturer", "com.android.model", "make", "model")  # fmt: skip
MOST_SHOWN = 6


def quantisation_tables(facts: Mapping[str, Any]) -> list[list[int]]:
    """In rows, luminance first; empty where the file has none that can be used."""
    jpeg = facts.get("jpeg")
    tables = jpeg.get("quantisation") if isinstance(jpeg, Mapping) else None
    if not isinstance(tables, list):
        return []
    return [t for t in tables if _is_table(t)]


def _is_table(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 64
        and all(isinstance(step, int) and 0 < step < 65536 for step in value)
    )


def encoders(facts: Mapping[str, Any]) -> list[str]:
    """Every program that says it wrote a stream or the container."""
    found = [text for part in _parts(facts) for text in _texts(part.get("encoder"))]
    return list(dict.fromkeys(found))


def handler_names(facts: Mapping[str, Any]) -> list[str]:
    found = [text for part in _parts(facts) for text in _texts(part.get("handler_name"))]
    return list(dict.fromkeys(found))


def camera(facts: Mapping[str, Any]) -> str:
    """The device that the container claims, or nothing."""
    found = [
        text for part in _parts(facts) for key in CAMERA_KEYS for text in _texts(part.get(key))
    ]
    return " ".join(dict.fromkeys(found))[:120]


def _parts(facts: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The container's claims, and each stream with its tags."""
    container = facts.get("container")
    if isinstance(container, Mapping):
        claimed = container.get("claimed")
        if isinstance(claimed, Mapping):
            yield claimed
    streams = facts.get("streams")
    for stream in streams if isinstance(streams, list) else ():
        if isinstance(stream, Mapping):
            yield stream
            tags = stream.get("tags")
            if isinstance(tags, Mapping):
                yield tags


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence):
        return [item for item in value if isinstance(item, str)]
    return []


def unknown_history(media: Media) -> str | None:
    """Why the pixels of this image cannot reveal an earlier JPEG; None if they can."""
    other = {"jpeg2000": "JPEG 2000", "jpegxl": "JPEG XL"}.get(media.info.format)
    if other:
        return say("compression.other_transform", format=other)
    stored = media.facts.get("tiff")
    packing = stored.get("compression") if isinstance(stored, Mapping) else None
    if packing in ("jpeg", "old_jpeg", "jpeg2000", "webp"):
        return say("compression.tiff", packing=packing)
    if "values_scaled" in media.info.flags:
        return say("compression.scaled")
    return None


def evidence(media: Media) -> list[Evidence]:
    return [*_software(media.facts), *_service(media.facts)]


def _software(facts: Mapping[str, Any]) -> Iterator[Evidence]:
    written_by = encoders(facts)
    names = [found.group(1) for text in written_by if (found := SOFTWARE.search(text))]
    remuxed = [name for name in handler_names(facts) if name in REMUXED_NAMES]
    if not names and not remuxed:
        return
    settings = dict(found for text in written_by for found in SETTING.findall(text))
    data = {
        "encoders": [text[:300] for text in written_by[:MOST_SHOWN]],
        "handler_names": remuxed,
        "settings": settings,
    }
    software = ", ".join(dict.fromkeys(names)) or say("compression.ffmpeg")
    device = camera(facts)
    if device:
        yield Evidence(
            "camera_and_encoder",
            say("compression.camera_software", camera=device, software=software),
            Strength.WEAK,
            data | {"camera": device},
        )
        return
    yield Evidence(
        "software_encoder",
        say("compression.software", software=software),
        Strength.WEAK,
        data,
    )


def _service(facts: Mapping[str, Any]) -> Iterator[Evidence]:
    texts = [*encoders(facts), *handler_names(facts)]
    names = [found.group(1) for text in texts if (found := SERVICE.search(text))]
    if names:
        yield Evidence(
            "service",
            say("compression.service", name=names[0]),
            Strength.CONTEXT,
            {"names": list(dict.fromkeys(names))},
        )
