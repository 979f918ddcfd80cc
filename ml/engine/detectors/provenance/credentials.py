"""Words Content Credentials (C2PA): a valid signature is not a trusted one, and a trusted signer
may still be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml.engine.contract import Declaration, Evidence, Strength
from ml.engine.detectors.provenance import generators
from ml.engine.detectors.provenance.claims import Identity, Manifest
from ml.engine.sentence import Sentence, joined, say

SIGNED = frozenset({"valid", "trusted"})
IDENTITIES = {
    "trusted": "c2pa_identity_trusted",
    "valid": "c2pa_identity_valid",
    "unresolved": "c2pa_identity_unresolved",
}
UNNAMED_SIGNER = say("provenance.unnamed_signer")
UNNAMED_IDENTITY = say("provenance.unnamed_identity")


def signs(manifest: Manifest) -> Iterator[Evidence]:
    if manifest.state in SIGNED:
        yield _signature(manifest)
        yield from _making(manifest, manifest.state == "trusted")
        yield from (_identity(one) for one in manifest.identities)
        if manifest.soft_bindings:
            yield _soft_binding(manifest.soft_bindings)
        for before in manifest.inherited:
            # The list vouches for the last signer alone, not for whoever signed an ingredient.
            yield from _making(before, False, "_source")
    elif manifest.state == "invalid":
        yield _broken(manifest)
    elif manifest.state == "remote":
        yield Evidence(
            "c2pa_remote",
            say("provenance.remote"),
            Strength.CONTEXT,
            _data(manifest),
        )
    elif manifest.state == "malformed":
        yield Evidence(
            "c2pa_malformed",
            say("provenance.malformed"),
            Strength.WEAK,
            _data(manifest),
        )
    else:
        yield Evidence(
            "c2pa_absent",
            say("provenance.absent"),
            Strength.CONTEXT,
        )


def _signature(manifest: Manifest) -> Evidence:
    signer = manifest.signer or UNNAMED_SIGNER
    tool = say("provenance.names_tool", tool=manifest.generator) if manifest.generator else ""
    if manifest.state == "trusted":
        return Evidence(
            "c2pa_trusted",
            joined(say("provenance.trusted", signer=signer), tool),
            Strength.CONTEXT,
            _data(manifest),
        )
    return Evidence(
        "c2pa_valid_untrusted",
        joined(say("provenance.untrusted", signer=signer), tool),
        Strength.CONTEXT,
        _data(manifest),
    )


def describe_identity(state: str, names: Sequence[str], issuer: str = "") -> Sentence:
    """Whom it names, and what was checked of it. An unknown state counts as invalid."""
    who = ", ".join(names) or UNNAMED_IDENTITY
    if state in ("trusted", "valid"):
        return say(f"provenance.identity_{state}", names=who)
    if state == "unresolved":
        return say("provenance.identity_unresolved", names=who, issuer=issuer)
    return say("provenance.identity_invalid")


def _identity(one: Identity) -> Evidence:
    return Evidence(
        IDENTITIES.get(one.state, "c2pa_identity_invalid"),
        describe_identity(one.state, one.names, one.issuer),
        Strength.CONTEXT,
        {
            "state": one.state,
            "names": list(one.names),
            "issuer": one.issuer,
            "problems": list(one.problems),
        },
    )


def _soft_binding(algorithms: Sequence[str]) -> Evidence:
    names = ", ".join(algorithms)
    return Evidence(
        "c2pa_soft_binding",
        say("provenance.soft_binding", names=names),
        Strength.CONTEXT,
        {"names": list(algorithms)},
    )


def _broken(manifest: Manifest) -> Evidence:
    changed = any("mismatch" in problem for problem in manifest.problems)
    text = say("provenance.changed" if changed else "provenance.invalid")
    return Evidence("c2pa_invalid", text, Strength.WEAK, _data(manifest))


def _making(manifest: Manifest, trusted: bool, whose: str = "") -> Iterator[Evidence]:
    kinds = {generators.source_type(value) for value in manifest.source_types}
    by = manifest.generator or manifest.signer or say("provenance.unnamed_program")
    declares = Declaration(manifest.signer or str(UNNAMED_SIGNER), signed=True, trusted=trusted)
    strength = Strength.STRONG if trusted else Strength.WEAK
    for names, code in (
        (generators.GENERATED_TYPES, "c2pa_generated"),
        (generators.PARTLY_GENERATED_TYPES, "c2pa_partly_generated"),
    ):
        for kind in sorted(kinds & names.keys()):
            yield Evidence(
                code,
                say(f"provenance.signed_kind{whose}", by=by, kind=names[kind], code=kind),
                strength,
                _data(manifest),
                declares=declares,
            )
    for kind in sorted(kinds & generators.CAPTURED_TYPES.keys()):
        yield Evidence(
            "c2pa_captured",
            say(
                f"provenance.signed_kind{whose}",
                by=by,
                kind=generators.CAPTURED_TYPES[kind],
                code=kind,
            ),
            Strength.CONTEXT,
            _data(manifest),
        )
    if not kinds & generators.GENERATED_TYPES.keys():
        named = [generators.GENERATORS.search(t) for t in (manifest.generator, *manifest.agents)]
        if any(named):
            yield Evidence(
                "c2pa_generator_named",
                say(f"provenance.signed_generator{whose}", by=by),
                strength,
                _data(manifest),
                declares=declares,
            )


def _data(manifest: Manifest) -> dict[str, object]:
    return {
        "state": manifest.state,
        "generator": manifest.generator,
        "signer": manifest.signer,
        "source_types": list(manifest.source_types),
        "actions": list(manifest.actions),
        "problems": list(manifest.problems),
    }
