"""Content Credentials as nodes of a tree: `{title, mark, rows [{label, value}], below [node]}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, ngettext

from ml.engine.media.file_metadata import leaves

Json = Mapping[str, Any]
DEEPEST = 40
UNTRUSTED = "signingCredential.untrusted"
"""The one failed check that leaves a signature valid."""


def drawn(tree: Json) -> dict[str, Any] | None:
    manifest = tree.get("manifest")
    if not isinstance(manifest, Mapping):
        return None
    root = _manifest(manifest, gettext("Newest manifest"), 0)
    cut = int(tree.get("cut") or 0)
    text = ngettext(
        "{count} value was left out or cut.", "{count} values were left out or cut.", cut
    )
    return {"root": root, "cut": text.format(count=cut) if cut else ""}


def _node(title: str, rows: list[tuple[str, Any]], below: list[Any], mark: str = "") -> Json:
    return {
        "title": title,
        "mark": mark,
        "rows": [
            {"label": label, "value": value} for label, value in rows if value not in ("", None)
        ],
        "below": [one for one in below if one],
    }


def _manifest(one: Json, title: str, depth: int) -> Json:
    name = one.get("title") or one.get("label") or ""
    title = f"{title}: {name}" if name else title
    if one.get("shown_before"):
        return _node(title, [], [], gettext("shown above"))
    if one.get("left_out") or depth > DEEPEST:
        return _node(title, [], [], gettext("left out: nested too deeply"))
    signature = one.get("signature") or {}
    rows = [
        (gettext("Made by the program"), _generator(one.get("generator"))),
        (gettext("Signed by"), _joined(signature.get("issuer"), signature.get("common_name"))),
        (gettext("Signed at"), signature.get("time")),
        (gettext("Signature algorithm"), signature.get("alg")),
        (gettext("Serial number of the certificate"), signature.get("cert_serial_number")),
        (gettext("Format"), one.get("format")),
        (gettext("Label"), one.get("label")),
    ]
    below = [
        _validation(one.get("validation")),
        *(_assertion(entry) for entry in one.get("assertions") or ()),
        *(_ingredient(source, depth + 1) for source in one.get("ingredients") or ()),
    ]
    failed = (one.get("validation") or {}).get("failed") or []
    mark = ""
    if failed and all(entry["code"] == UNTRUSTED for entry in failed):
        mark = gettext("signer not on the trust list")
    elif failed:
        text = ngettext("{count} check failed", "{count} checks failed", len(failed))
        mark = text.format(count=len(failed))
    return _node(title, rows, below, mark)


def _generator(generator: Any) -> str:
    if isinstance(generator, str):
        return generator
    listed = generator if isinstance(generator, list) else [generator]
    return ", ".join(
        _joined(one.get("name"), one.get("version"), " ")
        for one in listed
        if isinstance(one, Mapping)
    )


def _joined(first: Any, second: Any, by: str = ", ") -> str:
    return by.join(dict.fromkeys(str(one) for one in (first, second) if one))


def _validation(validation: Any) -> Json | None:
    if not isinstance(validation, Mapping):
        return None
    held = int(validation.get("held") or 0)
    text = ngettext(
        "{count} check of the signature passed", "{count} checks of the signature passed", held
    )
    rows = [(gettext("Passed"), text.format(count=held))]
    rows += [
        (gettext("Failed"), _joined(one["code"], one["text"], ": ")) for one in validation["failed"]
    ]
    rows += [
        (gettext("Noted"), _joined(one["code"], one["text"], ": ")) for one in validation["noted"]
    ]
    return _node(gettext("Validation"), rows, [])


def _assertion(assertion: Json) -> Json:
    """Actions one by one; any other statement as its values."""
    label, data = str(assertion.get("label") or ""), assertion.get("data")
    actions = data.get("actions") if isinstance(data, Mapping) else None
    if label.startswith("c2pa.actions") and isinstance(actions, list):
        below = [
            _node(str(one.get("action") or gettext("Action")), _values(one, "action"), [])
            for one in actions
            if isinstance(one, Mapping)
        ]
        return _node(gettext("Actions"), [(gettext("Label"), label)], below)
    return _node(gettext("Statement {label}").format(label=label), _values(data), [])


def _values(data: Any, but: str = "") -> list[tuple[str, Any]]:
    found = leaves(data, "", 0)
    return [(name or gettext("Value"), value) for name, value in found if not but or name != but]


def _ingredient(source: Json, depth: int) -> Json:
    manifest = source.get("manifest")
    rows = [
        (gettext("Relation"), source.get("relationship")),
        (gettext("Format"), source.get("format")),
    ]
    below = [
        _manifest(manifest, gettext("Its manifest"), depth)
        if isinstance(manifest, Mapping)
        else None
    ]
    return _node(
        gettext("Made from: {title}").format(title=source.get("title") or "–"), rows, below
    )
