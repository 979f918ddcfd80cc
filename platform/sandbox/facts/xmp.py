"""XMP: read without entities, document types or anything that could reach outside or explode."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import defusedxml.ElementTree as safe
from defusedxml.common import DefusedXmlException

from sandbox.facts.text import Claims

MOST = 2 * 1024 * 1024
MAX_ELEMENTS = 5_000
_PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
}
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XML = "{http://www.w3.org/XML/1998/namespace}"


def warm_up() -> None:
    read(b"<a xmlns:x='http://purl.org/dc/terms/' x:b='1'>t</a>")
    read(b"<!DOCTYPE a><a/>")
    read(b"<a>")


def read(packet: bytes) -> dict[str, Any] | None:
    if not packet.strip(b"\0 \r\n\t"):
        return None
    if len(packet) > MOST:
        return {"claimed": {}, "malformed": True, "problems": ["too_large"]}
    try:
        root = safe.fromstring(packet.strip(b"\0 \r\n\t"), forbid_dtd=True)
    except DefusedXmlException as error:
        return {"claimed": {}, "malformed": True, "problems": [f"refused_{type(error).__name__}"]}
    except Exception as error:
        return {"claimed": {}, "malformed": True, "problems": [type(error).__name__]}
    claims = Claims()
    problems = []
    for count, (element, name) in enumerate(_named(root)):
        if count >= MAX_ELEMENTS:
            problems.append("too_many_elements")
            break
        if element.text and element.text.strip() and name:
            claims.add(name, element.text.strip())
        for key, value in element.attrib.items():
            if key == f"{_RDF}resource" and name:
                claims.add(name, value)
            elif not key.startswith((_RDF, _XML)):
                claims.add(_short(key), value)
    if claims.odd:
        problems.append("control_characters")
    claims.odd = bool(problems)
    return claims.as_facts(problems=problems)


def _named(root: Element) -> Any:
    """Each element with its own name, or, for RDF's lists, the name of what they belong to."""
    stack = [(root, "")]
    while stack:
        element, inherited = stack.pop()
        tag = element.tag if isinstance(element.tag, str) else ""
        name = inherited if tag.startswith(_RDF) else _short(tag)
        yield element, name
        stack.extend((child, name) for child in reversed(element))


def _short(tag: str) -> str:
    if not tag.startswith("{"):
        return tag
    space, _, local = tag[1:].partition("}")
    prefix = _PREFIXES.get(space)
    return f"{prefix}:{local}" if prefix else local
