"""Tests whether third-party encoders distinguish machines from people on unseen sources.

A simple classifier is fitted on the features of each layer. The layers' scores are combined as in
service (`ml/engine/detectors/voice_spoof/listeners.py`), by lines fitted on unseen sources. Each
fold's classifiers score everything that the fold leaves out: unchanged clips and clips through
codecs, engines, and people outside the manifest. They were trained on none of it and on nothing of
the test split. Calibration and bounds are fitted on train and val, and everything else is only
measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lab.voice import fitting, measure
from lab.voice.borrowed import ANY_WAYS, AS_IT_IS, CODECS, Encoded, Job
from lab.voice.codecs import NEURAL
from lab.voice.data import FOLDS, Fold
from lab.voice.store import CLIP, ENGINE, GENUINE, VOCODED, Row
from ml.engine.audio_encoders import speakers, whisper
from ml.engine.detectors.voice_spoof import listeners
from ml.evaluation.calibration import fit_platt

Scores = dict[Job, float]
Answers = dict[Job, dict[str, float]]
"""By job, what each layer's listener says."""
Lines = Mapping[str, listeners.Line]
Watch = Callable[[Sequence["Variant"]], Any]

OTHER_LANGUAGES = frozenset(
    {"gen-kokoro", "gen-fastspeech", "gen-tacotron", "gen-openjtalk", "gen-festival-ca"}
)
"""Engines that speak languages of which there is no genuine speech to show beside them: a listener
might take the language for the mark of a machine."""
ONLY_ASKED = OTHER_LANGUAGES | {"gen-freetts", "gen-sam"}
"""Engines that are never shown: these, and some that are kept for measuring."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Which layers are asked, and what the classifiers were shown beside the clips."""

    layers: tuple[str, ...]
    made: bool = False
    """Engines' speech and vocoded copies."""
    worn: bool = False
    """Clips degraded in any way, both classes alike."""
    more: bool = False
    """Genuine speech beside the manifest's."""
    codecs: tuple[str, ...] = ()
    """Clips through these, both classes alike."""

    def shows(self, job: Job, row: Row, may_see: Callable[[Row], bool]) -> bool:
        if not may_see(row) or (row.origin == ENGINE and row.source in ONLY_ASKED):
            return False
        if job[1] in CODECS:
            return job[1] in self.codecs
        if job[1] in ANY_WAYS:
            return self.worn
        if row.origin == GENUINE:
            return self.more
        return row.origin == CLIP or (self.made and row.origin in (ENGINE, VOCODED))

    def __str__(self) -> str:
        every = set(self.codecs) == set(CODECS)
        parts = (
            ("made", self.made),
            ("degraded", self.worn),
            ("more people", self.more),
            ("codecs" if every else "codecs but the neural ones", bool(self.codecs)),
        )
        beside = [name for name, there in parts if there]
        return f"{', '.join(self.layers)}; {', '.join(['clips', *beside])}"


LN10 = float(np.log(10))
WORDS = tuple(f"{whisper.WORDS} {number}" for number in (0, 1, 3))
"""The convolutions, and the first layers above them. Higher layers distinguished little when each
was used alone."""
ALL = (*WORDS, *speakers.STAGES)
SERVED = Variant(ALL, made=True, worn=True, more=True, codecs=CODECS)
NO_NEURAL = replace(SERVED, codecs=tuple(name for name in CODECS if name not in NEURAL))
"""Never shown anything through a neural codec: what it makes of one that it never met."""
VARIANTS = (NO_NEURAL, SERVED)


def judged(
    encoded: Encoded,
    variant: Variant,
    may_see: Callable[[Row], bool],
    is_wanted: Callable[[Job], bool],
) -> Answers:
    """What the classifiers answer for the wanted jobs, trained only on the rows they may see."""
    wanted = [k for k, job in enumerate(encoded.jobs) if is_wanted(job)]
    if not wanted:
        return {}
    layers = fitted_layers(encoded, variant, training_rows(encoded, variant, may_see))
    scores = {
        layer.name: layer({layer.name: encoded.layers[layer.name][wanted]}) for layer in layers
    }
    return {
        encoded.jobs[k]: {name: float(answers[place]) for name, answers in scores.items()}
        for place, k in enumerate(wanted)
    }


def together(answers: Answers, lines: Lines) -> Scores:
    """One score a job, as in service."""
    if not answers:
        return {}
    names = next(iter(answers.values()))
    by_layer = {name: np.array([answer[name] for answer in answers.values()]) for name in names}
    scores = listeners.together(listeners.means(by_layer), lines)
    return dict(zip(answers, map(float, scores), strict=True))


def lines_of(answers: Answers, rows: Sequence[Row]) -> Lines:
    """The line that makes each audio encoder's mean a ratio, from answers out of source."""
    names = next(iter(answers.values()))
    found = {}
    for encoder in dict.fromkeys(map(listeners.encoder_name_of, names)):
        of = [name for name in names if listeners.encoder_name_of(name) == encoder]
        means = [float(np.mean([answer[name] for name in of])) for answer in answers.values()]
        line = fit_platt([rows[n].is_fake for n, _ in answers], means)
        found[encoder] = (LN10 * line.slope, LN10 * line.offset)
    return found


def training_rows(encoded: Encoded, variant: Variant, may_see: Callable[[Row], bool]) -> list[int]:
    """The lines that the variant's classifiers are fitted on."""
    jobs = enumerate(encoded.jobs)
    return [k for k, job in jobs if variant.shows(job, encoded.rows[job[0]], may_see)]


def fitted_layers(encoded: Encoded, variant: Variant, seen: list[int]) -> list[listeners.Layer]:
    """A classifier for each layer that the variant uses, trained on the lines that are seen."""
    rows = [encoded.rows[encoded.jobs[k][0]] for k in seen]
    fake = np.array([row.is_fake for row in rows])
    people = [
        row.group if not row.is_fake and encoded.jobs[k][1] == AS_IT_IS else None
        for k, row in zip(seen, rows, strict=True)
    ]
    return [
        listeners.Layer(name, fitting.fitted(encoded.layers[name][seen], fake, people))
        for name in variant.layers
    ]


def out_of_source(encoded: Encoded, variant: Variant) -> Answers:
    """Of everything but copies and random ways, by classifiers that met neither its source, nor a
    copy or a sister of it, nor the test split."""

    def is_judged(job: Job, fold: Fold) -> bool:
        row = encoded.rows[job[0]]
        return row.origin != VOCODED and job[1] not in ANY_WAYS and fold.holds_out(row.source)

    answers: Answers = {}
    for fold in FOLDS:
        answers |= judged(
            encoded,
            variant,
            lambda row, fold=fold: row.split != "test" and not fold.holds_out(row.source),  # type: ignore[misc]  # mypy infers no lambda with a default
            lambda job, fold=fold: is_judged(job, fold),  # type: ignore[misc]  # mypy infers no lambda with a default
        )
    return answers


def line_of(encoded: Encoded, variant: Variant) -> dict[str, Any]:
    """A variant's calibration and bounds, from train and val, and all figures out of source."""
    rows, answers = encoded.rows, out_of_source(encoded, variant)
    fitted_on = {
        job: answer
        for job, answer in answers.items()
        if _is(rows[job[0]], CLIP) and rows[job[0]].split != "test" and job[1] == AS_IT_IS
    }
    lines = lines_of(fitted_on, rows)
    scores = together(answers, lines)
    clips = of_way(scores, AS_IT_IS, lambda n: _is(rows[n], CLIP))
    known = {n: score for n, score in clips.items() if rows[n].split != "test"}
    used = measure.calibrated(known, rows)
    decides = measure.decides(_genuine_by_source(scores, rows))
    bounds = (used["found_at"], decides["at"])
    test = {n: score for n, score in clips.items() if rows[n].split == "test"}
    return {
        "variant": variant,
        "lines": lines,
        "used": used,
        "decides": decides,
        "known": _figures(known, rows, used, bounds),
        "everywhere": _figures(clips, rows, used, bounds),
        "test": _figures(test, rows, used, bounds),
        "codecs": {
            way: at_bounds(of_way(scores, way, lambda n: _is(rows[n], CLIP)), rows, bounds)
            for way in CODECS
        },
        "engines": _engines(scores, encoded, used, bounds),
        "people": measure.by_source(
            of_way(scores, AS_IT_IS, lambda n: _is(rows[n], GENUINE)), rows, *bounds
        ),
    }


def _is(row: Row, origin: str) -> bool:
    return row.origin == origin


def of_way(scores: Scores, way: str, wanted: Callable[[int], bool]) -> dict[int, float]:
    """By row; of one way."""
    return {n: score for (n, went), score in scores.items() if went == way and wanted(n)}


def _genuine_by_source(scores: Scores, rows: Sequence[Row]) -> dict[str, list[float]]:
    """Scores of genuine speech outside the test split, as it is and through codecs."""
    found: dict[str, list[float]] = {}
    for (number, _), score in scores.items():
        row = rows[number]
        if not row.is_fake and row.split != "test":
            found.setdefault(row.source, []).append(score)
    return found


def _figures(
    scores: measure.Scores,
    rows: Sequence[Row],
    used: Mapping[str, Any],
    bounds: tuple[float, float],
) -> dict[str, Any]:
    return {
        **measure.summary(scores, rows),
        "cllr": measure.cllr(scores, rows, used),
        **at_bounds(scores, rows, bounds),
        "by_source": measure.by_source(scores, rows, *bounds),
    }


def at_bounds(
    scores: measure.Scores, rows: Sequence[Row], bounds: tuple[float, float]
) -> dict[str, Any]:
    """Shares asked about and decided, of each class."""
    shares: dict[str, Any] = {}
    for label in ("real", "fake"):
        values = np.array([v for n, v in scores.items() if rows[n].label == label])
        for name, bound in zip(("asked", "decided"), bounds, strict=True):
            share = round(float((values >= bound).mean()), 4) if len(values) else None
            shares[f"{label}_{name}"] = share
        shares[f"{label}s"] = len(values)
    return shares


def _engines(
    scores: Scores, encoded: Encoded, used: Mapping[str, Any], bounds: tuple[float, float]
) -> dict[str, Any]:
    """What each engine was made to say here, beside the genuine clips of the test split."""
    rows, figures = encoded.rows, {}
    genuine = of_way(
        scores,
        AS_IT_IS,
        lambda n: _is(rows[n], CLIP) and rows[n].split == "test" and not rows[n].is_fake,
    )
    for engine in sorted({row.source for row in rows if row.origin == ENGINE}):
        spoken = of_way(
            scores,
            AS_IT_IS,
            lambda n, engine=engine: _is(rows[n], ENGINE) and rows[n].source == engine,  # type: ignore[misc]  # mypy infers no lambda with a default
        )
        if spoken:
            both = genuine | spoken
            figures[engine] = measure.summary(both, rows) | at_bounds(both, rows, bounds)
    return figures


def compared(encoded: Encoded, watch: Watch = lambda variants: variants) -> list[dict[str, Any]]:
    """The figures of each variant; the last one is served."""
    return [line_of(encoded, variant) for variant in watch(VARIANTS)]
