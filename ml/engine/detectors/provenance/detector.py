"""Grades what the file claims about its own origin. See card.md for what the grades are worth."""

from __future__ import annotations

from pathlib import Path

from ml.engine.contract import Detector, Evidence, Examination, Finding, Media, Status, Strength
from ml.engine.detectors.provenance import credentials, generators, reading, tools
from ml.engine.manifest import read_manifest
from ml.engine.sentence import say

MANIFEST = read_manifest(Path(__file__).parent)
MOST_EVIDENCE = 40
WITHOUT_A_PLACE = {"bmp": "BMP", "amr": "AMR", "mpegvideo": "MPEG video"}
"""Formats that cannot state where the media comes from."""
GRADES = list(Strength)


class Provenance:
    """Reads only what the sandbox has gathered; wants no frame."""

    manifest = MANIFEST
    name = MANIFEST.name
    version = MANIFEST.version

    def not_applicable(self, media: Media) -> str | None:
        name = WITHOUT_A_PLACE.get(media.info.format)
        return say("provenance.no_place", format=name) if name else None

    def examine(self, media: Media) -> ProvenanceExamination:
        return ProvenanceExamination(media)


class ProvenanceExamination(Examination):
    def __init__(self, media: Media) -> None:
        self._media = media

    def conclude(self) -> Finding:
        claims = reading.claims(self._media.facts)
        evidence = _ordered(
            [*credentials.signs(claims.manifest), *generators.signs(claims), *tools.signs(claims)]
        )
        return Finding(
            detector=MANIFEST.name,
            version=MANIFEST.version,
            status=Status.RAN,
            reason=_reason(evidence),
            evidence=evidence,
            counts={"texts": len(claims.texts), "evidence": len(evidence)},
        )


def _ordered(evidence: list[Evidence]) -> tuple[Evidence, ...]:
    once = {(e.code, e.text): e for e in evidence}.values()
    by_weight = sorted(once, key=lambda e: (e.declares is None, -GRADES.index(e.strength)))
    return tuple(by_weight[:MOST_EVIDENCE])


def _reason(evidence: tuple[Evidence, ...]) -> str:
    first = evidence[0]
    if first.strength is Strength.CONTEXT:
        return say("provenance.nothing")
    return first.text


def make() -> Detector:
    return Provenance()
