"""Provenance: a file's declarations are read, graded, and never overrated."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ml.engine.contract import Declaration, Finding, Kind, MediaInfo, Outcome, Status, Strength
from ml.engine.detectors.provenance import reading
from ml.engine.detectors.provenance.detector import make
from ml.engine.fusion.rule import decide
from ml.engine.results import plain
from sandbox.services import warden
from tests.bad_inputs import credentials
from tests.detectors.known import Known

SETTINGS = "a castle\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"
COMFY = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 20}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a castle"}},
}
WORKFLOW = {"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler"}], "links": []}
TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def examined(facts: Mapping[str, Any]) -> Finding:
    detector, media = make(), Known(facts, format="png")
    assert detector.not_applicable(media) is None
    return detector.examine(media).conclude()


def facts_of(data: bytes, tmp_path: Any) -> dict[str, Any]:
    """What the sandbox reads from real bytes."""
    path = tmp_path / "file"
    path.write_bytes(data)
    with path.open("rb") as file:
        return warden().facts(file)


def png(**texts: str) -> bytes:
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    data = io.BytesIO()
    Image.new("RGB", (64, 48), (10, 90, 160)).save(data, "PNG", pnginfo=info)
    return data.getvalue()


def jpeg(*, xmp: str = "", software: str = "", comment: str = "", **exif: str) -> bytes:
    tags = Image.Exif()
    numbers = {"make": 0x010F, "model": 0x0110, "changed": 0x0132, "description": 0x010E}
    for name, value in exif.items():
        tags[numbers[name]] = value
    if software:
        tags[0x0131] = software
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-'
        'rdf-syntax-ns#"><rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/'
        f'2008-02-29/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" {xmp}/></rdf:RDF></x:xmpmeta>'
    )
    data = io.BytesIO()
    Image.new("RGB", (64, 48), (10, 90, 160)).save(
        data, "JPEG", exif=tags, comment=comment.encode(), xmp=packet.encode() if xmp else b""
    )
    return data.getvalue()


def codes(finding: Finding) -> dict[str, Strength]:
    return {e.code: e.strength for e in finding.evidence}


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (png(parameters=SETTINGS), "generator_prompt", "Stable Diffusion"),
        (png(prompt=json.dumps(COMFY)), "generator_prompt", "ComfyUI"),
        (png(workflow=json.dumps(WORKFLOW)), "generator_prompt", "ComfyUI"),
        (png(invokeai_metadata="{}"), "generator_prompt", "InvokeAI"),
        (png(Comment=json.dumps({"steps": 28, "sampler": "k", "seed": 1})), "generator_prompt", ""),
        (
            png(
                Description="a castle --ar 16:9 --v 6 Job ID: 01234567-89ab-cdef-0123-456789abcdef"
            ),
            "generator_prompt",
            "Midjourney",
        ),
        (png(Software="NovelAI"), "generator_named", "NovelAI"),
        (jpeg(software="Adobe Firefly 2.0"), "generator_named", "Adobe Firefly"),
        (jpeg(xmp='xmp:CreatorTool="DALL-E 3"'), "generator_named", "DALL-E 3"),
        (
            jpeg(xmp=f'Iptc4xmpExt:DigitalSourceType="{TYPES}trainedAlgorithmicMedia"'),
            "source_type_generated",
            "generative model",
        ),
        (
            jpeg(
                xmp=f'Iptc4xmpExt:DigitalSourceType="{TYPES}compositeWithTrainedAlgorithmicMedia"'
            ),
            "source_type_partly_generated",
            "parts from a generative model",
        ),
    ],
)
def test_an_unsigned_statement_is_told_and_finds_nothing(
    data: bytes, code: str, says: str, tmp_path: Any
) -> None:
    """Through real files: anyone can write these, so they are weak and make no manipulation."""
    finding = examined(facts_of(data, tmp_path))
    assert codes(finding)[code] is Strength.WEAK
    assert says in finding.evidence[0].text
    verdict = decide(MediaInfo("0" * 64, 1, Kind.IMAGE, "png"), [finding])
    assert verdict.outcome is Outcome.DECLARED_GENERATED
    assert verdict.declared == Declaration(by=None, signed=False, trusted=False)
    assert verdict.probability_manipulated is None


@pytest.mark.parametrize(
    "data",
    [
        png(),
        png(Title="Steps: 20 to a better garden"),
        png(Description="Job ID: 01234567-89ab-cdef-0123-456789abcdef"),
        png(Comment='{"steps": 3}'),
        png(Comment="{not json"),
        jpeg(make="Canon", model="EOS R5", software="Firmware 1.2"),
        jpeg(software="Adobe Photoshop 25.0"),
        jpeg(software="FaceApp 11.2"),
        jpeg(xmp='xmp:CreatorTool="Adobe Photoshop 25.0" xmp:ModifyDate="2026-01-02T03:04:05"'),
        jpeg(xmp=f'Iptc4xmpExt:DigitalSourceType="{TYPES}compositeCapture"'),
        png(Comment="trained on Midjourney"),
        jpeg(xmp=f'Iptc4xmpExt:DigitalSourceType="{TYPES}digitalCapture"'),
        jpeg(description="Compared with a picture by Midjourney"),
        jpeg(comment="Runway show, spring collection"),
    ],
)
def test_nothing_else_is_taken_for_a_declaration(data: bytes, tmp_path: Any) -> None:
    """Cameras, editors, prose and half a likeness to a prompt do not decide anything."""
    finding = examined(facts_of(data, tmp_path))
    assert finding.status is Status.RAN
    assert all(e.declares is None and e.supports is None for e in finding.evidence)
    verdict = decide(MediaInfo("0" * 64, 1, Kind.IMAGE, "png"), [finding])
    assert verdict.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("data", "code", "strength"),
    [
        (jpeg(software="Adobe Photoshop 25.0"), "editor", Strength.WEAK),
        (jpeg(software="FaceApp 11.2"), "face_app", Strength.WEAK),
        (jpeg(software="Adobe Photoshop Lightroom Classic"), "editor", Strength.WEAK),
        (jpeg(software="darktable 4.6"), "developer", Strength.CONTEXT),
        (png(Software="ImageMagick 7"), "encoder", Strength.CONTEXT),
        (jpeg(description="Compared with Midjourney"), "generator_mentioned", Strength.WEAK),
        (png(), "no_metadata", Strength.CONTEXT),
        (png(), "c2pa_absent", Strength.CONTEXT),
    ],
)
def test_programs_are_graded(data: bytes, code: str, strength: Strength, tmp_path: Any) -> None:
    """Programs that alter are weak signs, for anyone can write their names; a converter is none."""
    assert codes(examined(facts_of(data, tmp_path)))[code] is strength


def test_camera_notes_are_context(tmp_path: Any) -> None:
    """Complete capture metadata is named as a claim that anyone can write."""
    facts = {
        "exif": {
            "claimed": {
                "Make": "Canon", "Model": "EOS R5", "ExposureTime": 0.01, "FNumber": 4.0,
                "DateTimeOriginal": "2026:01:02 03:04:05", "DateTime": "2026:02:02 03:04:05",
            }
        }
    }  # fmt: skip
    found = codes(examined(facts))
    assert found["capture_metadata"] is Strength.CONTEXT
    assert found["saved_later"] is Strength.CONTEXT


def test_signed_credentials_are_a_declaration_by_their_signer(tmp_path: Any) -> None:
    """A valid signature by a signer on no list is said as exactly that, and finds nothing."""
    finding = examined(facts_of(credentials.signed(), tmp_path))
    found = codes(finding)
    assert found["c2pa_valid_untrusted"] is Strength.CONTEXT
    assert found["c2pa_generated"] is Strength.WEAK
    sentence = next(e.text for e in finding.evidence if e.code == "c2pa_valid_untrusted")
    assert "not on this site's trust list" in sentence
    verdict = decide(MediaInfo("0" * 64, 1, Kind.IMAGE, "jpeg"), [finding])
    assert verdict.outcome is Outcome.DECLARED_GENERATED
    assert verdict.declared == Declaration("Touchstone tests", signed=True, trusted=False)


@pytest.mark.parametrize("data", [credentials.altered(), credentials.broken_signature()])
def test_broken_credentials_declare_nothing(data: bytes, tmp_path: Any) -> None:
    """What an invalid manifest says is not repeated as a fact; that it is invalid is."""
    finding = examined(facts_of(data, tmp_path))
    found = codes(finding)
    assert found["c2pa_invalid"] is Strength.WEAK
    assert all(e.declares is None and e.supports is None for e in finding.evidence)
    verdict = decide(MediaInfo("0" * 64, 1, Kind.IMAGE, "jpeg"), [finding])
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_an_ingredient_speaks_for_itself_and_is_never_trusted() -> None:
    """Who trusts the last signer does not trust whoever signed what the file was made from."""
    before = {"claim_generator": "Midjourney", "signer": "Anyone", "agents": [],
              "source_types": [f"{TYPES}trainedAlgorithmicMedia"]}  # fmt: skip
    facts = {"c2pa": {"state": "trusted", "claim_generator": "Editor", "signer": "Example Press",
                      "source_types": [], "agents": [], "inherited": [before]}}  # fmt: skip
    verdict = decide(MediaInfo("0" * 64, 1, Kind.IMAGE, "jpeg"), [examined(facts)])
    assert verdict.outcome is Outcome.DECLARED_GENERATED
    assert verdict.declared == Declaration("Anyone", signed=True, trusted=False)


@pytest.mark.parametrize("state", ["invalid", "remote", "malformed", "absent", "", "odd"])
def test_only_a_manifest_that_holds_declares(state: str) -> None:
    """Whatever else the sandbox may call it, its content is not repeated as a statement."""
    facts = {"c2pa": {"state": state, "claim_generator": "Midjourney", "signer": "Anyone",
                      "source_types": [f"{TYPES}trainedAlgorithmicMedia"],
                      "inherited": [{"claim_generator": "Midjourney"}]}}  # fmt: skip
    verdict = decide(MediaInfo("0" * 64, 1, Kind.IMAGE, "jpeg"), [examined(facts)])
    assert verdict.outcome is Outcome.INCONCLUSIVE and verdict.declared is None


def test_an_identity_says_what_was_checked_and_changes_no_declaration(tmp_path: Path) -> None:
    """Through a real file. It is context: it says who claims the file, not what the file is."""
    finding = examined(facts_of(credentials.identified(), tmp_path))
    found = codes(finding)
    assert found["c2pa_identity_valid"] is Strength.CONTEXT
    sentence = next(e.text for e in finding.evidence if e.code == "c2pa_identity_valid")
    assert "Example Press, Signer of the tests" in sentence
    assert "Its signature fits this file" in sentence and "not on this site's list" in sentence
    verdict = decide(MediaInfo("0" * 64, 1, Kind.IMAGE, "jpeg"), [finding])
    assert verdict.declared == Declaration("Touchstone tests", signed=True, trusted=False)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("trusted", "is on this site's list of identities"),
        ("unresolved", "was not fetched, so the identity was not checked"),
        ("invalid", "does not hold"),
        ("odd", "does not hold"),
        ("", "does not hold"),
    ],
)
def test_each_state_of_an_identity_has_its_sentence(state: str, says: str) -> None:
    """Identities are not reported for credentials that are invalid themselves."""
    identity = {"state": state, "names": ["Anyone"], "issuer": "did:web:x", "problems": []}
    facts = {"c2pa": {"state": "valid", "signer": "S", "identities": [identity]}}
    texts = " ".join(e.text for e in examined(facts).evidence if "identity" in e.code)
    assert says in texts
    facts["c2pa"]["state"] = "invalid"
    assert not [e for e in examined(facts).evidence if "identity" in e.code]


def test_a_soft_binding_is_named_as_not_looked_for(tmp_path: Path) -> None:
    data = {"alg": "com.example.mark", "blocks": [{"scope": {}, "value": "AAEC"}]}
    marked = credentials.with_assertion("c2pa.soft-binding", data)
    finding = examined(facts_of(marked, tmp_path))
    sentence = next(e.text for e in finding.evidence if e.code == "c2pa_soft_binding")
    assert "com.example.mark" in sentence and "It was not looked for" in sentence


def test_credentials_elsewhere_are_not_fetched(tmp_path: Any) -> None:
    """A manifest on the network is named as not looked at."""
    found = codes(examined(facts_of(credentials.with_remote(), tmp_path)))
    assert found["c2pa_remote"] is Strength.CONTEXT


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["exif", "claimed", "Software", "c2pa", "state", "identities",
             "names", "actions", "png_text", "keyword",
             "text", "streams", "tags", "encoder", "xmp", "DigitalSourceType", "comments"]
        )
        | st.text(max_size=10),
        inner,
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*reading.PLACES, "c2pa"]), json_values, max_size=7))
def test_no_facts_break_it(facts: dict[str, Any]) -> None:
    """Facts come from untrusted files: whatever their shape, there is a finding that JSON holds."""
    finding = examined(facts)
    assert finding.status is Status.RAN
    assert finding.evidence
    json.dumps(plain(finding), allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=3000))
def test_no_text_breaks_the_patterns(text: str) -> None:
    """Any text in any field is read in bounded time."""
    facts = {
        "png_text": [{"keyword": "parameters", "text": text}],
        "exif": {"claimed": {"Software": text, "UserComment": "{" + text}},
    }
    assert examined(facts).status is Status.RAN


def test_long_hostile_text_is_quick() -> None:
    """No pattern takes more than a moment for text made to make it slow."""
    import time

    started = time.monotonic()
    for text in ("Steps: 1" * 20_000, "{" * 200_000, "--v " * 50_000, "Job ID: " * 20_000):
        examined({"png_text": [{"keyword": "parameters", "text": text}]})
    assert time.monotonic() - started < 5
