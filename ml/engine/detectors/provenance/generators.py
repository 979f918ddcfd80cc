"""Finds statements that a program generated the picture: prompts and settings in the file, names of
generators, and the IPTC digital source type. Anyone can write them, so each is weak evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ml.engine.contract import UNSIGNED, Evidence, Strength
from ml.engine.detectors.provenance.claims import PLACES, Claim, Claims
from ml.engine.sentence import say

SOURCE_TYPE = re.compile(r"(?:^|[/:#])([A-Za-z]+)/?$")
GENERATED_TYPES = {
    "trainedalgorithmicmedia": "made by a generative model",
    "algorithmicmedia": "made by a program",
}
PARTLY_GENERATED_TYPES = {
    "compositewithtrainedalgorithmicmedia": "composed with parts from a generative model",
    "compositesynthetic": "composed with synthetic parts",
}
CAPTURED_TYPES = {
    "digitalcapture": "captured by a camera or recorder",
    "computationalcapture": "captured and computed by a camera",
    "negativefilm": "digitised from film",
    "positivefilm": "digitised from film",
    "print": "digitised from a print",
}
SETTINGS = re.compile(r"\bSteps:\s*\d+.*\b(?:Sampler|CFG scale|Seed|Model hash):", re.S | re.I)
JOB = re.compile(r"\bJob ID:\s*[0-9a-f]{8}-[0-9a-f]{4}-", re.I)
SWITCHES = re.compile(r"(?:^|\s)--(?:ar|v|niji|stylize|chaos|seed)\s+\S")
OWN_FIELDS = {
    "invokeai_metadata": "InvokeAI",
    "invokeai_graph": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "dream": "InvokeAI",
    "fooocus_scheme": "Fooocus",
    "generation_data": "a diffusion interface",
    "sd:mode": "a diffusion interface",
}
GENERATORS = re.compile(
    r"\b(stable[ -]?diffusion|automatic1111|comfyui|invokeai|fooocus|novelai|midjourney|"
    r"dall[-·. ]?e(?:[ -]?\d)?|gpt-image|gpt-4o|chatgpt|openai|adobe firefly|firefly|imagen|"
    r"gemini|made with google ai|imagined with ai|bing image creator|leonardo\.?ai|ideogram|flux|"
    r"draw things|dreamstudio|stability ai|runway(?:ml)?|pika labs|luma dream machine|kling|"
    r"hailuo|sora|veo|synthesia|heygen|d-id|elevenlabs|suno|stylegan\d?|diffusers)\b",
    re.I,
)
CREDIT_FIELDS = frozenset({"credit", "digitalsourcefiletype"})


def signs(claims: Claims) -> Iterator[Evidence]:
    yield from _source_types(claims)
    for claim in claims.texts:
        found = _prompt(claim) or _name(claim)
        if found:
            yield found


def source_type(value: str) -> str:
    """The last word of an IPTC source type, which is a web address or just that word."""
    found = SOURCE_TYPE.search(value.strip())
    return found.group(1).lower() if found else ""


def _source_types(claims: Claims) -> Iterator[Evidence]:
    for claim in claims.named("digitalsourcetype", "digitalsourcefiletype"):
        kind = source_type(claim.value)
        where = PLACES.get(claim.place, claim.place)
        if kind in GENERATED_TYPES:
            yield Evidence(
                "source_type_generated",
                say("provenance.stated_kind", place=where, kind=GENERATED_TYPES[kind], code=kind),
                Strength.WEAK,
                _data(claim),
                declares=UNSIGNED,
            )
        elif kind in PARTLY_GENERATED_TYPES:
            yield Evidence(
                "source_type_partly_generated",
                say(
                    "provenance.stated_kind",
                    place=where,
                    kind=PARTLY_GENERATED_TYPES[kind],
                    code=kind,
                ),
                Strength.WEAK,
                _data(claim),
                declares=UNSIGNED,
            )
        elif kind in CAPTURED_TYPES:
            yield Evidence(
                "source_type_captured",
                say("provenance.stated_capture", place=where, kind=CAPTURED_TYPES[kind]),
                Strength.CONTEXT,
                _data(claim),
            )


def _prompt(claim: Claim) -> Evidence | None:
    maker = _prompt_maker(claim)
    if maker is None:
        return None
    return Evidence(
        "generator_prompt",
        say("provenance.prompt", maker=maker, place=PLACES.get(claim.place, claim.place)),
        Strength.WEAK,
        _data(claim),
        declares=UNSIGNED,
    )


def _prompt_maker(claim: Claim) -> str | None:
    if SETTINGS.search(claim.value):
        return "a Stable Diffusion interface"
    if claim.field in OWN_FIELDS and claim.place == "png_text":
        return OWN_FIELDS[claim.field]
    if JOB.search(claim.value) and SWITCHES.search(claim.value):
        return "Midjourney"
    if claim.value.lstrip().startswith("{"):
        return _json_maker(claim.value)
    return None


def _json_maker(text: str) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # Long workflows are cut short on their way here: their beginning is telling enough.
        return "ComfyUI" if re.search(r'"class_type"\s*:\s*"(?:KSampler|CLIPText)', text) else None
    if not isinstance(value, dict):
        return None
    if _is_comfy_prompt(value) or _is_comfy_workflow(value):
        return "ComfyUI"
    if {"steps", "sampler", "seed"} <= value.keys() or {"prompt", "steps"} <= value.keys():
        return "a diffusion interface"
    return None


def _is_comfy_prompt(value: dict[str, Any]) -> bool:
    nodes = [node for node in value.values() if isinstance(node, dict)]
    return bool(nodes) and any("class_type" in node and "inputs" in node for node in nodes)


def _is_comfy_workflow(value: dict[str, Any]) -> bool:
    return isinstance(value.get("nodes"), list) and "last_node_id" in value


def _name(claim: Claim) -> Evidence | None:
    found = GENERATORS.search(claim.value)
    if not found:
        return None
    where = PLACES.get(claim.place, claim.place)
    if claim.names_a_tool or claim.field in CREDIT_FIELDS:
        return Evidence(
            "generator_named",
            say("provenance.generator", text=claim.display_text, place=where, field=claim.field),
            Strength.WEAK,
            _data(claim),
            declares=UNSIGNED,
        )
    return Evidence(
        "generator_mentioned",
        say("provenance.mentioned", text=claim.display_text, place=where, field=claim.field),
        Strength.WEAK,
        _data(claim),
    )


def _data(claim: Claim) -> dict[str, str]:
    return {"place": claim.place, "field": claim.field, "value": claim.value[:2000]}
