"""The facts of a film or a sound: its container's tags, boxes, times and its encoder's traces."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox import containers
from sandbox.containers.boxes import walk
from sandbox.facts import xmp
from sandbox.facts.pictures import MOST_BLOCK, box_names
from sandbox.facts.text import Claims, clean
from sandbox.sniff import Kind
from sandbox.source import Source
from sandbox.types import Limits

BOXED = ("mp4", "mov", "m4a")
MAX_STREAMS = 16
MAX_PACKETS = 40
_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_TRACES = re.compile(
    rb"(x264 - core[ -~]{0,1200}|x265 \(build[ -~]{0,1200}"
    rb"|LAME\d\.[ -~]{1,12}|Lav[cf]\d+\.[\d.]{1,12})"
)


def _tags(source: Source, kind: Kind, limits: Limits) -> Any:
    container = _opened(source, kind, limits)
    with container:
        facts = _claims(container.metadata).as_facts() or {"claimed": {}, "malformed": False}
        if kind.format in BOXED:
            head = source.at(0, 256)
            if head[4:8] == b"ftyp":
                facts["brand"] = clean(head[8:12])[0]
                end = min(int.from_bytes(head[:4], "big"), 256)
                facts["brands"] = [clean(head[i : i + 4])[0] for i in range(16, end - 3, 4)]
            facts["times"] = _times(source)
            facts["edit_list"] = any(box.type == b"elst" for box in walk(source).boxes)
        return facts


def _claims(metadata: Any) -> Claims:
    claims = Claims()
    for name, value in metadata.items():
        claims.add(name, value)
    return claims


def _opened(source: Source, kind: Kind, limits: Limits) -> Any:
    from sandbox.decoders.recordings import Elsewhere, open_container

    containers.measure(source, kind, limits)  # refuses what is too much before libav meets it
    return open_container(source, kind, limits, Elsewhere())


def _streams(source: Source, kind: Kind, limits: Limits) -> Any:
    with _opened(source, kind, limits) as container:
        streams = [_stream(stream) for stream in list(container.streams)[:MAX_STREAMS]]
        traces = _traces(container)
    for number, found in traces.items():
        if number < len(streams):
            streams[number]["encoder"] = found
    return streams


def _stream(stream: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"type": stream.type, "tags": _claims(stream.metadata).claimed}
    context = stream.codec_context
    if context is None:
        return facts
    facts |= {
        "codec": context.name, "profile": context.profile or "",
        "bit_rate": context.bit_rate or None,
    }  # fmt: skip
    if stream.type == "video":
        facts |= {
            "pixel_format": context.pix_fmt or "", "width": context.width,
            "height": context.height, "b_frames": bool(context.has_b_frames),
            "frame_rate": _ratio(stream.average_rate), "base_rate": _ratio(stream.base_rate),
        }  # fmt: skip
    elif stream.type == "audio":
        facts |= {"sample_rate": context.sample_rate, "channels": context.channels}
    return facts


def _ratio(value: Any) -> float | None:
    return round(float(value), 4) if value and 0 < float(value) < 1e6 else None


def _traces(container: Any) -> dict[int, list[str]]:
    """What encoders write about themselves into the first packets."""
    found: dict[int, list[str]] = {}
    for count, packet in enumerate(container.demux()):
        if count >= MAX_PACKETS:
            break
        if packet.size:
            for match in _TRACES.findall(bytes(packet)[:65536])[:4]:
                text = clean(match, 1300)[0]
                seen = found.setdefault(packet.stream_index, [])
                if text not in seen and len(seen) < 8:
                    seen.append(text)
    return found


def _times(source: Source) -> list[dict[str, str]]:
    times: list[dict[str, str]] = []
    for box in walk(source).boxes:
        if box.type not in (b"mvhd", b"tkhd", b"mdhd") or len(times) >= 60:
            continue
        wide = source.peek(box.offset, 1) == b"\1"
        size = 8 if wide else 4
        for i, what in enumerate(("created", "modified")):
            raw = source.peek(box.offset + 4 + i * size, size)
            seconds = int.from_bytes(raw, "big")
            if 0 < seconds < 2**33:
                moment = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
                times.append({"box": box.type.decode(), "what": what, "time": moment})
    return times


def _boxes(source: Source, kind: Kind, limits: Limits) -> Any:
    return box_names(source) if kind.format in BOXED else None


def _xmp(source: Source, kind: Kind, limits: Limits) -> Any:
    if kind.format not in BOXED:
        return None
    for box in walk(source).boxes:
        if box.type == b"uuid" and source.peek(box.offset, 16) == _XMP_UUID:
            return xmp.read(source.at(box.offset + 16, min(box.length - 16, MOST_BLOCK)))
        if box.type == b"XMP_":
            return xmp.read(source.at(box.offset, min(box.length, MOST_BLOCK)))
    return None


SECTIONS: dict[str, Callable[[Source, Kind, Limits], Any]] = {
    "container": _tags,
    "streams": _streams,
    "boxes": _boxes,
    "xmp": _xmp,
}
