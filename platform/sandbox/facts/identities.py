"""Who says in Content Credentials that they made the file: identity assertions (CAWG).

Each is signed by itself, over a hash of the very file, by another key than the credentials'.
States: trusted (on this site's list), valid (the signature holds, whoever made it), unresolved (the
issuer would have to be looked up on the network), invalid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.facts.text import clean

LABEL = "cawg.identity"
MOST = 20
HELD = frozenset({"cawg.x509.signature.validated", "cawg.ica.credential_valid"})
ON_THE_LIST = frozenset({"cawg.x509.credential.trusted", "cawg.ica.trusted_issuer"})
NOT_ON_IT = frozenset({"cawg.x509.credential.untrusted", "cawg.ica.untrusted_issuer"})
NOT_ASKED = "cawg.ica.did_unavailable"
Json = Mapping[str, Any]


def are_in(manifest: Json) -> bool:
    return any(True for _ in _assertions(manifest))


def describe(manifest: Json, results: Any) -> list[dict[str, Any]]:
    """Of the newest manifest, with what was checked. `results`: of its validation."""
    return [_one(assertion, results) for assertion in _assertions(manifest)][:MOST]


def unread(manifest: Json) -> list[dict[str, Any]]:
    """Where the validator could not read one of them, nothing is known of any."""
    return [
        {"state": "invalid", "kind": "", "names": [], "issuer": "", "problems": ["unreadable"]}
        for _ in _assertions(manifest)
    ][:MOST]


def _assertions(manifest: Json) -> Iterator[Json]:
    listed = manifest.get("assertions")
    for assertion in listed if isinstance(listed, list) else ():
        if isinstance(assertion, Mapping) and str(assertion.get("label", "")).startswith(LABEL):
            yield assertion


def _one(assertion: Json, results: Any) -> dict[str, Any]:
    content = assertion.get("data")
    data: Json = content if isinstance(content, Mapping) else {}
    held, failed = (_codes(results, which, assertion) for which in ("success", "failure"))
    known = data.get("signature_info")
    by_certificate: Json = known if isinstance(known, Mapping) else {}
    payload = data.get("signer_payload")
    kind = _text(payload.get("sig_type")) if isinstance(payload, Mapping) else ""
    return {
        "state": _state(held, failed),
        "kind": kind or ("cawg.identity_claims_aggregation" if "issuer" in data else ""),
        "names": _names(by_certificate, data),
        "issuer": _text(data.get("issuer")),
        "problems": sorted(failed),
    }


def _state(held: set[str], failed: set[str]) -> str:
    if NOT_ASKED in failed:
        return "unresolved"
    if not held & HELD or failed - NOT_ON_IT:
        return "invalid"
    return "trusted" if held & ON_THE_LIST and not failed else "valid"


def _codes(results: Any, which: str, assertion: Json) -> set[str]:
    """Of the checks of this very assertion."""
    entries = results.get(which) if isinstance(results, Mapping) else None
    place = f"/{assertion.get('label')}"
    return {
        _text(entry.get("code"))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping)
        and str(entry.get("code", "")).startswith("cawg.")
        and str(entry.get("url", "")).endswith(place)
    }


def _names(by_certificate: Json, data: Json) -> list[str]:
    """The certificate's organisation and name, or the accounts that an issuer has seen."""
    names = [_text(by_certificate.get("issuer")), _text(by_certificate.get("common_name"))]
    seen = data.get("verifiedIdentities")
    for one in seen if isinstance(seen, list) else ():
        if isinstance(one, Mapping):
            provider = one.get("provider")
            at = _text(provider.get("name")) if isinstance(provider, Mapping) else ""
            name = _text(one.get("username")) or _text(one.get("name"))
            names.append(f"{name} ({at})" if name and at else name)
    return list(dict.fromkeys(name for name in names[:MOST] if name))


def _text(value: Any) -> str:
    return clean(value, 300)[0] if isinstance(value, str) else ""
