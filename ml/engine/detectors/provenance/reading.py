"""Turns the sandbox's facts into claims. Facts are plain JSON from untrusted files: any value may
be missing or have the wrong type, and nothing here raises an error for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from ml.engine.detectors.provenance.claims import ABSENT, Claim, Claims, Identity, Manifest

PLACES = {
    "exif": "exif",
    "xmp": "xmp",
    "png_text": "png_text",
    "comments": "comment",
    "container": "container",
    "streams": "stream",
}
TRANSPARENT = frozenset({"claimed", "tags"})
"""Keys that hold claims and are not their names."""
STRUCTURE = frozenset(
    {"problems", "error", "times", "brands", "type", "codec", "profile", "pixel_format", "bit_rate",
     "width", "height", "b_frames", "frame_rate", "base_rate", "sample_rate", "channels",
     "edit_list"}
)  # fmt: skip
"""Keys that say how the file is built; the other detector reads those."""
MOST_TEXTS = 2000
DEEPEST = 12


def claims(facts: Mapping[str, Any]) -> Claims:
    texts: list[Claim] = []
    for key, place in PLACES.items():
        found = (
            _keyword_texts(facts.get(key))
            if key == "png_text"
            else _leaves(facts.get(key), place, place, 0)
        )
        texts += islice(found, MOST_TEXTS - len(texts))
    odd = any(isinstance(facts.get(k), Mapping) and facts[k].get("malformed") for k in PLACES)
    return Claims(tuple(texts), manifest(facts.get("c2pa")), malformed=odd)


def _keyword_texts(value: Any) -> Iterator[Claim]:
    """PNG text: each has a keyword and a text."""
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, Mapping) and _word(entry.get("text")).strip():
            yield Claim("png_text", _bare(_word(entry.get("keyword"))), entry["text"])


def _leaves(value: Any, place: str, field: str, depth: int) -> Iterator[Claim]:
    if depth > DEEPEST:
        return
    if isinstance(value, str):
        if value.strip():
            yield Claim(place, field, value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in STRUCTURE:
                name = field if key in TRANSPARENT else _bare(str(key))
                yield from _leaves(item, place, name, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for item in value:
            yield from _leaves(item, place, field, depth + 1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield Claim(place, field, str(value))


def _bare(name: str) -> str:
    """`Iptc4xmpExt:DigitalSourceType` and `{http://...}DigitalSourceType` are one field."""
    bare = name.rsplit("}", 1)[-1]
    if not bare.lower().startswith(("sd:", "com.")):
        bare = bare.rsplit(":", 1)[-1]
    return bare.lower()


def manifest(value: Any) -> Manifest:
    if not isinstance(value, Mapping):
        return ABSENT
    return Manifest(
        state=_word(value.get("state")) or "malformed",
        generator=_word(value.get("claim_generator")),
        signer=_word(value.get("signer")),
        source_types=_words(value.get("source_types")),
        actions=_words(value.get("actions")),
        agents=_words(value.get("agents")),
        problems=_words(value.get("problems")),
        identities=tuple(_identities(value.get("identities"))),
        soft_bindings=_words(value.get("soft_bindings")),
        inherited=tuple(_inherited(value.get("inherited"))),
    )


def _identities(value: Any) -> Iterator[Identity]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, Mapping):
            yield Identity(
                state=_word(entry.get("state")),
                names=_words(entry.get("names")),
                issuer=_word(entry.get("issuer")),
                problems=_words(entry.get("problems")),
            )


def _inherited(value: Any) -> Iterator[Manifest]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, Mapping):
            yield Manifest(
                state="valid",
                generator=_word(entry.get("claim_generator")),
                signer=_word(entry.get("signer")),
                source_types=_words(entry.get("source_types")),
                agents=_words(entry.get("agents")),
            )


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return ()
    return tuple(v for v in value if isinstance(v, str))
