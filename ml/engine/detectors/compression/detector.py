"""The detector of compression history. It can ask for a review but never decides by itself (see
docs/detectors/compression.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml.engine.contract import (
    Detector,
    Evidence,
    Examination,
    Finding,
    Kind,
    Media,
    Pixels,
    Status,
    View,
)
from ml.engine.detectors.compression import double_jpeg, grid, resampling, sentences, traces
from ml.engine.detectors.compression.blocks import luminance
from ml.engine.detectors.compression.quantisation import Origin, origin
from ml.engine.manifest import read_manifest
from ml.engine.sentence import say

MANIFEST = read_manifest(Path(__file__).parent)
LOSSY_OTHERWISE = frozenset({"heif", "avif"})
"""These have transforms of their own, so that an earlier JPEG no longer shows."""


class Compression:
    """For an image: its tables, pixels and periodicity. For a video or sound: its container."""

    manifest = MANIFEST
    name = MANIFEST.name
    version = MANIFEST.version

    def not_applicable(self, media: Media) -> str | None:
        unknown = traces.unknown_history(media)
        if unknown:
            return unknown
        if media.info.kind is Kind.AUDIO and not traces.encoders(media.facts):
            return say("compression.bare_sound")
        return None

    def examine(self, media: Media) -> CompressionExamination:
        return CompressionExamination(media)


class CompressionExamination(Examination):
    def __init__(self, media: Media) -> None:
        self._media = media
        self._evidence: list[Evidence] = []
        self._counts: dict[str, int] = {}
        self._score: float | None = None

    def observe(self, view: View) -> None:
        if self._media.info.kind is Kind.IMAGE:
            self._evidence += self._still(view.frame.pixels)

    def _still(self, pixels: Pixels) -> Iterator[Evidence]:
        tables = traces.quantisation_tables(self._media.facts)
        made_by = origin(tables) if tables else None
        if made_by:
            yield sentences.tables(made_by, tables)
        if self._media.info.format in LOSSY_OTHERWISE:
            return
        light = luminance(pixels)
        yield from self._earlier_grid(light, made_by, tables)
        rhythm = resampling.rhythm(light, was_jpeg=bool(made_by))
        if rhythm:
            yield from sentences.rhythm(rhythm, was_jpeg=bool(made_by))

    def _earlier_grid(
        self, light: Any, made_by: Origin | None, tables: list[list[int]]
    ) -> Iterator[Evidence]:
        edges = grid.grid(light)
        left = top = 0
        if edges and made_by is None:
            place = edges.strongest()
            if place[2] >= sentences.GRID_IN_CLEAN:
                left, top = place[:2]
                yield sentences.grid_in_clean(place, edges)
        elif edges and made_by and made_by.quality >= sentences.GRID_FINE_ENOUGH:
            place = edges.strongest(besides_origin=True)
            if place[2] >= sentences.GRID_BESIDES:
                yield sentences.grid_besides(place, edges)
        present = double_jpeg.table(tables[0]) if tables else None
        earlier = double_jpeg.earlier_save(light, present, left=left, top=top)
        if earlier is None:
            return
        self._score = round(earlier.score, 6)
        self._counts["blocks"] = earlier.blocks
        yield sentences.earlier_save(earlier, made_by)

    def conclude(self) -> Finding:
        evidence = (*self._evidence, *traces.evidence(self._media))
        return Finding(
            detector=MANIFEST.name,
            version=MANIFEST.version,
            status=Status.RAN,
            reason=sentences.reason(evidence),
            score=self._score,
            evidence=evidence,
            counts=self._counts,
            parameters={"score": "nats a coefficient for an earlier JPEG save"},
        )


def make() -> Detector:
    return Compression()
