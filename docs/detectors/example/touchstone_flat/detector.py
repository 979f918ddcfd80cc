"""A complete detector: `make` is called once per process, `examine` once per file."""

from __future__ import annotations

from pathlib import Path

from ml.engine.contract import Evidence, Examination, Finding, Media, Status, Strength, View
from ml.engine.manifest import read_manifest


class Flat:
    manifest = read_manifest(Path(__file__).parent)
    name, version = manifest.name, manifest.version

    def not_applicable(self, media: Media) -> str | None:
        return "The picture is a single dot." if media.info.width == 1 else None

    def examine(self, media: Media) -> FlatExamination:
        return FlatExamination(self)


class FlatExamination(Examination):
    def __init__(self, detector: Flat) -> None:
        self.detector = detector
        self.shares: list[float] = []

    def observe(self, view: View) -> None:
        pixels = view.frame.pixels
        self.shares.append(float((pixels[:, 1:] == pixels[:, :-1]).all(axis=2).mean()))

    def conclude(self) -> Finding:
        share = max(self.shares, default=0.0)
        text = f"{100 * share:.0f} % of the picture is perfectly even."
        evidence = Evidence("flat_share", text, Strength.CONTEXT, {"share": round(share, 4)})
        return Finding(
            self.detector.name,
            self.detector.version,
            Status.RAN,
            text,
            score=share,
            evidence=(evidence,),
            counts={"frames": len(self.shares)},
        )


def make() -> Flat:
    return Flat()
