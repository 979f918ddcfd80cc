"""Content Credentials (C2PA) in words: valid is not trusted, trusted is not true."""

from __future__ import annotations

from collections.abc import Iterator

from ml.engine.contract import Declaration, Evidence, Strength
from ml.engine.detectors.provenance import generators
from ml.engine.detectors.provenance.claims import Manifest

SIGNED = frozenset({"valid", "trusted"})


def signs(manifest: Manifest) -> Iterator[Evidence]:
    if manifest.state in SIGNED:
        yield _signature(manifest)
        yield from _making(manifest, manifest.state == "trusted")
        for before in manifest.inherited:
            # The list vouches for the last signer alone, not for whoever signed an ingredient.
            yield from _making(before, False, " of a file that it was made from")
    elif manifest.state == "invalid":
        yield _broken(manifest)
    elif manifest.state == "remote":
        yield Evidence(
            "c2pa_remote",
            "The file points at Content Credentials elsewhere on the network. They were not "
            "fetched: nothing leaves this server during an analysis.",
            Strength.CONTEXT,
            _data(manifest),
        )
    elif manifest.state == "malformed":
        yield Evidence(
            "c2pa_malformed",
            "The file holds something in the place of Content Credentials that cannot be read.",
            Strength.WEAK,
            _data(manifest),
        )
    else:
        yield Evidence(
            "c2pa_absent",
            "The file carries no Content Credentials. Most files do not, and most websites remove "
            "them: this says nothing either way.",
            Strength.CONTEXT,
        )


def _signature(manifest: Manifest) -> Evidence:
    signer = manifest.signer or "an unnamed signer"
    tool = f" It names {manifest.generator} as the program." if manifest.generator else ""
    if manifest.state == "trusted":
        return Evidence(
            "c2pa_trusted",
            f"Content Credentials: the signature is valid and by {signer}, who is on this site's "
            f"trust list.{tool} It vouches for who signed, not for what the picture shows.",
            Strength.CONTEXT,
            _data(manifest),
        )
    return Evidence(
        "c2pa_valid_untrusted",
        f"Content Credentials: the signature is valid, but the signer ({signer}) is not on this "
        f"site's trust list, so anyone may have made it.{tool}",
        Strength.CONTEXT,
        _data(manifest),
    )


def _broken(manifest: Manifest) -> Evidence:
    changed = any("mismatch" in problem for problem in manifest.problems)
    text = (
        "Content Credentials do not fit the file: it was changed after it was signed. Saving it "
        "again in a program that does not know them is enough for that."
        if changed
        else "Content Credentials are present but their signature is not valid."
    )
    return Evidence("c2pa_invalid", text, Strength.WEAK, _data(manifest))


def _making(manifest: Manifest, trusted: bool, whose: str = "") -> Iterator[Evidence]:
    kinds = {generators.source_type(value) for value in manifest.source_types}
    by = manifest.generator or manifest.signer or "an unnamed program"
    declares = Declaration(manifest.signer or "an unnamed signer", signed=True, trusted=trusted)
    strength = Strength.STRONG if trusted else Strength.WEAK
    for names, code in (
        (generators.GENERATED_TYPES, "c2pa_generated"),
        (generators.PARTLY_GENERATED_TYPES, "c2pa_partly_generated"),
    ):
        for kind in sorted(kinds & names.keys()):
            yield Evidence(
                code,
                f"The signed Content Credentials{whose}, by {by}, say that it was {names[kind]} "
                f"({kind}).",
                strength,
                _data(manifest),
                declares=declares,
            )
    for kind in sorted(kinds & generators.CAPTURED_TYPES.keys()):
        yield Evidence(
            "c2pa_captured",
            f"The signed Content Credentials{whose}, by {by}, say that it was "
            f"{generators.CAPTURED_TYPES[kind]}.",
            Strength.CONTEXT,
            _data(manifest),
        )
    if not kinds & generators.GENERATED_TYPES.keys():
        named = [generators.GENERATORS.search(t) for t in (manifest.generator, *manifest.agents)]
        if any(named):
            yield Evidence(
                "c2pa_generator_named",
                f"The signed Content Credentials{whose} name a generator among the programs: {by}.",
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
