"""Content Credentials (C2PA), validated with nothing fetched from anywhere.

States: absent, valid (the signature holds, the signer is on no list here), trusted, invalid,
remote (only an address was found; it was not asked), malformed. What identity assertions in them
are worth changes none of these: they are signed by others, and have states of their own.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

import c2pa

from sandbox.facts import identities, manifest_tree
from sandbox.facts.text import clean
from sandbox.sniff import Kind
from sandbox.source import Source
from sandbox.trust import Of, Trusted

MOST_JSON = 8 * 1024 * 1024
MOST_CRJSON = 256 * 1024
MOST_LISTED = 50
_ADDRESS = re.compile(r"https?://[^\s\"'<>]{1,500}")
_SIGNS = re.compile(rb"c2pa|C2PA|jumb|provenance|contentauth")
WINDOW = 4 * 1024 * 1024
_SUPPORTED = {
    "jpeg", "png", "webp", "gif", "heif", "avif", "tiff", "mp4", "mov", "m4a", "avi", "wav", "flac",
    "mp3",
}  # fmt: skip
_STATES = {"Valid": "valid", "Trusted": "trusted", "Invalid": "invalid"}


def warm_up() -> None:
    """Load the library's parts; the context itself is made in each child."""
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "JPEG")
    _read("image/jpeg", data, {})


def _context(trusted: Trusted, *, with_identities: bool) -> Any:
    settings: dict[str, Any] = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
        "core": {"allowed_network_hosts": [], "decode_identity_assertions": with_identities},
    }
    trust: dict[str, Any] = {}
    if Of.SIGNERS in trusted:
        trust["trust_anchors"] = trusted[Of.SIGNERS].pem
    kinds = {Of.TIMES: "tsa"} | ({Of.IDENTITIES: "cawg"} if with_identities else {})
    if anchors := [
        {"trust_anchors": trusted[of].pem, "trust_kind": kind}
        for of, kind in kinds.items()
        if of in trusted
    ]:
        trust["anchors"] = anchors
    return c2pa.Context.from_dict(settings | ({"trust": trust} if trust else {}))


def read(source: Source, kind: Kind, trusted: Trusted) -> dict[str, Any]:
    if kind.format not in _SUPPORTED:
        return {"state": "absent", "note": "this container holds no Content Credentials"}
    if not _any_sign(source):
        return {"state": "absent"}  # spares the validator what it cannot be about
    return _read(kind.mime, source.stream(), trusted)


def _any_sign(source: Source) -> bool:
    """Whether any of the words occurs without which there can be no credentials and no pointer."""
    at, overlap = 0, 32
    while at < source.size:
        if _SIGNS.search(source.at(at, WINDOW)):
            return True
        at += WINDOW - overlap
    return False


def _read(mime: str, stream: Any, trusted: Trusted) -> dict[str, Any]:
    try:
        store, crjson = _opened(mime, stream, trusted, with_identities=False)
    except c2pa.C2paError.ManifestNotFound:
        return {"state": "absent"}
    except c2pa.C2paError as error:
        return _refused(error)
    if store is None:
        return {"state": "malformed", "problems": ["too_large"]}
    active = _active(store)
    if active is None:
        return {"state": "malformed", "problems": ["no_active_manifest"]}
    assertions: list[dict[str, Any]] = []
    if identities.are_in(active):
        assertions, with_them = _identities(mime, stream, trusted, active)
        crjson = with_them or crjson
    lists = {str(of): trusted[of].as_json() if of in trusted else None for of in Of}
    return _summary(store, active) | {"identities": assertions, "trust": lists, "crjson": crjson}


def _opened(
    mime: str, stream: Any, trusted: Trusted, *, with_identities: bool
) -> tuple[dict[str, Any] | None, str]:
    """The store of manifests, or None where it is too large; and the same as crJSON, where that is
    not too large."""
    stream.seek(0)
    context = _context(trusted, with_identities=with_identities)
    with c2pa.Reader(mime, stream, context=context) as reader:
        text = reader.json()
        if len(text) > MOST_JSON:
            return None, ""
        store = json.loads(text)
        return store if isinstance(store, dict) else {}, _compact(reader.crjson())


def _compact(crjson: str) -> str:
    if len(crjson) > 4 * MOST_CRJSON:
        return ""
    text = json.dumps(json.loads(crjson), separators=(",", ":"))
    return text if len(text) <= MOST_CRJSON else ""


def _identities(
    mime: str, stream: Any, trusted: Trusted, active: dict[str, Any]
) -> tuple[list[dict[str, Any]], str]:
    """A second reading: one that the validator cannot read loses it the whole manifest."""
    try:
        store, crjson = _opened(mime, stream, trusted, with_identities=True)
    except c2pa.C2paError:
        store, crjson = None, ""
    manifest = _active(store) if store else None
    if store is None or manifest is None:
        return identities.unread(active), ""
    results = store.get("validation_results")
    results = results.get("activeManifest") if isinstance(results, dict) else None
    return identities.describe(manifest, results), crjson


def _active(store: dict[str, Any]) -> dict[str, Any] | None:
    manifests = store.get("manifests")
    found = manifests.get(store.get("active_manifest")) if isinstance(manifests, dict) else None
    return found if isinstance(found, dict) else None


def _refused(error: Exception) -> dict[str, Any]:
    text = str(error)
    name = type(error).__name__.removeprefix("_C2pa")
    if "remote" in text.lower():
        address = _ADDRESS.search(text)
        return {"state": "remote", "url": clean(address.group(), 500)[0] if address else ""}
    return {"state": "malformed", "problems": [name], "detail": clean(text, 200)[0]}


def _summary(store: dict[str, Any], active: dict[str, Any]) -> dict[str, Any]:
    manifests = store["manifests"]
    signature = active.get("signature_info")
    signature = signature if isinstance(signature, dict) else {}
    actions = _actions(active)[:MOST_LISTED]
    others = [m for m in manifests.values() if isinstance(m, dict) and m is not active]
    problems = _problems(store)
    state = _STATES.get(str(store.get("validation_state")), "invalid" if problems else "valid")
    return {
        "state": state,
        "claim_generator": _generator(active),
        "signer": _signer(active),
        "signature": {k: _text(signature.get(k)) for k in ("alg", "common_name", "time")},
        "title": _text(active.get("title")),
        "actions": [_text(a.get("action")) for a in actions],
        "source_types": _unique(_text(a.get("digitalSourceType")) for a in actions),
        "agents": _unique(_agent(a.get("softwareAgent")) for a in actions),
        "inherited": [entry for m in others[:MOST_LISTED] if (entry := _inherited(m))],
        "soft_bindings": _soft_bindings(active),
        "ingredients": [_ingredient(i) for i in _list(active.get("ingredients"))],
        "manifests": len(manifests),
        "problems": problems,
        "tree": manifest_tree.build(store, manifests, str(store["active_manifest"])),
    }


def _inherited(manifest: dict[str, Any]) -> dict[str, Any] | None:
    """What the manifest of an ingredient says of its making, in the name of its own signer."""
    actions = _actions(manifest)[:MOST_LISTED]
    statement = {
        "source_types": _unique(_text(a.get("digitalSourceType")) for a in actions),
        "agents": _unique(_agent(a.get("softwareAgent")) for a in actions),
    }
    if not any(statement.values()) and not _generator(manifest):
        return None
    return {"claim_generator": _generator(manifest), "signer": _signer(manifest), **statement}


def _signer(manifest: dict[str, Any]) -> str:
    signature = manifest.get("signature_info")
    signature = signature if isinstance(signature, dict) else {}
    return _text(signature.get("issuer")) or _text(signature.get("common_name"))


def _actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for assertion in _list(manifest.get("assertions")):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            data = assertion.get("data")
            found += _list(data.get("actions")) if isinstance(data, dict) else []
    return found


def _soft_bindings(manifest: dict[str, Any]) -> list[str]:
    """By which algorithms (watermarks, fingerprints) the credentials say that they are found again
    where they were removed. None of them is computed here."""
    found = []
    for assertion in _list(manifest.get("assertions")):
        if str(assertion.get("label", "")).startswith("c2pa.soft-binding"):
            data = assertion.get("data")
            found.append(_text(data.get("alg")) if isinstance(data, dict) else "")
    return _unique(found)


def _problems(store: dict[str, Any]) -> list[str]:
    """The codes of every failed check, of this file and of what it was made from."""
    codes: list[str] = []
    results = store.get("validation_results")
    active = results.get("activeManifest") if isinstance(results, dict) else None
    if isinstance(active, dict):
        codes += [_text(entry.get("code")) for entry in _list(active.get("failure"))]
    if isinstance(results, dict):
        for delta in _list(results.get("ingredientDeltas")):
            inner = delta.get("validationDeltas")
            if isinstance(inner, dict):
                codes += [_text(entry.get("code")) for entry in _list(inner.get("failure"))]
    codes += [_text(entry.get("code")) for entry in _list(store.get("validation_status"))]
    return _unique(codes)


def _generator(manifest: dict[str, Any]) -> str:
    for info in _list(manifest.get("claim_generator_info")):
        name = _text(info.get("name"))
        if name:
            return f"{name} {_text(info.get('version'))}".strip()
    return _text(manifest.get("claim_generator"))


def _ingredient(ingredient: dict[str, Any]) -> dict[str, str]:
    return {k: _text(ingredient.get(k)) for k in ("title", "format", "relationship")}


def _agent(value: Any) -> str:
    return _text(value.get("name")) if isinstance(value, dict) else _text(value)


def _list(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [item for item in value[:MOST_LISTED] if isinstance(item, dict)]


def _text(value: Any) -> str:
    return clean(value, 300)[0] if isinstance(value, str) else ""


def _unique(values: Any) -> list[str]:
    return list(dict.fromkeys(v for v in values if v))
