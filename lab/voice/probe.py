"""Do ears that others trained tell machines from people where no one of the source was shown?

On what each layer hears stands a plain classifier; the chosen layers' scores are brought together
as in service (`ml/engine/detectors/voice_spoof/listeners.py`), by lines that were fitted out of
source.
Variants are compared by leave-one-source-out on train and val alone; the one that is chosen there
is then, once, tried on the test split, clean and degraded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lab.voice import fitting, measure
from lab.voice.borrowed import ANY_WAYS, AS_IT_IS, PLAIN, WAYS, Heard, Job
from lab.voice.data import FOLDS, Fold
from lab.voice.store import CLIP, ENGINE, GENUINE, VOCODED, Row
from ml.engine.audio_encoders import speakers, whisper
from ml.engine.detectors.voice_spoof import listeners
from ml.evaluation.calibration import fit_platt

Scores = dict[int, float]
Answers = dict[int, dict[str, float]]
"""By row, what each layer's listener says."""
Lines = Mapping[str, listeners.Line]
Watch = Callable[[Sequence["Variant"]], Any]

ONLY_ASKED = frozenset({"gen-kokoro", "gen-fastspeech", "gen-tacotron", "gen-openjtalk"})
"""Engines that are not shown: they speak Japanese and Chinese, of which there is no genuine speech
to show beside them, and a listener might take the language for the mark of a machine."""


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
    without: str = ""
    """An engine whose home-made speech is not shown."""

    def shows(self, job: Job, row: Row, may_see: Callable[[Row], bool]) -> bool:
        if not may_see(row):
            return False
        if row.origin == ENGINE and (row.source in ONLY_ASKED or row.source == self.without):
            return False
        if job[1] != AS_IT_IS:
            return self.worn and job[1] in ANY_WAYS
        if row.origin == GENUINE:
            return self.more
        return row.origin == CLIP or (self.made and row.origin in (ENGINE, VOCODED))

    def __str__(self) -> str:
        said = (("made", self.made), ("degraded", self.worn), ("more people", self.more))
        beside = [name for name, there in said if there]
        less = f", {self.without} left out" if self.without else ""
        return f"{', '.join(self.layers)}; {', '.join(['clips', *beside])}{less}"


LN10 = float(np.log(10))
UNKNOWN = "gen-hibari"
"""The engine that speaks in the test split alone; what is asked with its home-made speech shown is
asked without it too."""
WORDS = tuple(f"{whisper.WORDS} {number}" for number in (0, 1, 3))
"""The convolutions, and how far up what they heard has gone. Higher layers told little when each
was asked alone."""
WHO = tuple(speakers.STAGES)
ALL = (*WORDS, *WHO)
VARIANTS = (
    *(Variant((layer,)) for layer in ALL),
    Variant(WORDS),
    Variant(ALL),
    *(Variant((layer,), made=True, worn=True, more=True) for layer in ALL),
    Variant(WORDS, made=True, worn=True, more=True),
    Variant(WHO, made=True, worn=True, more=True),
    Variant((*WORDS, WHO[0]), made=True, worn=True, more=True),
    Variant((*WORDS, WHO[1]), made=True, worn=True, more=True),
    Variant(ALL, made=True, worn=True),
    Variant(ALL, made=True, worn=True, more=True),
    Variant(ALL, made=True, worn=True, more=True, without=UNKNOWN),
)


def judged(
    heard: Heard,
    variant: Variant,
    may_see: Callable[[Row], bool],
    asked: Callable[[Job], bool],
) -> dict[Job, dict[str, float]]:
    """What the listeners say of the jobs that are asked for, having seen only what they may."""
    wanted = [k for k, job in enumerate(heard.jobs) if asked(job)]
    if not wanted:
        return {}
    layers = asked_layers(heard, variant, shown(heard, variant, may_see))
    told = {layer.name: layer({layer.name: heard.layers[layer.name][wanted]}) for layer in layers}
    return {
        heard.jobs[k]: {name: float(answers[place]) for name, answers in told.items()}
        for place, k in enumerate(wanted)
    }


def as_they_are(found: Mapping[Job, dict[str, float]]) -> Answers:
    """By row; of jobs that are each one row's."""
    return {number: answers for (number, _), answers in found.items()}


def together(answers: Answers, lines: Lines) -> Scores:
    """One score a row, as in service."""
    if not answers:
        return {}
    names = next(iter(answers.values()))
    by_layer = {name: np.array([told[name] for told in answers.values()]) for name in names}
    scores = listeners.together(listeners.means(by_layer), lines)
    return dict(zip(answers, map(float, scores), strict=True))


def lines_of(answers: Answers, rows: Sequence[Row]) -> Lines:
    """What makes each ear's mean a ratio, from answers out of source."""
    names = next(iter(answers.values()))
    found = {}
    for ear in dict.fromkeys(map(listeners.ear_of, names)):
        of = [name for name in names if listeners.ear_of(name) == ear]
        means = [float(np.mean([told[name] for name in of])) for told in answers.values()]
        line = fit_platt([rows[n].is_fake for n in answers], means)
        found[ear] = (LN10 * line.slope, LN10 * line.offset)
    return found


def shown(heard: Heard, variant: Variant, may_see: Callable[[Row], bool]) -> list[int]:
    """The lines that the variant's classifiers are fitted on."""
    jobs = enumerate(heard.jobs)
    return [k for k, job in jobs if variant.shows(job, _row(heard, job), may_see)]


def asked_layers(heard: Heard, variant: Variant, seen: list[int]) -> list[listeners.Layer]:
    """A classifier for each layer that the variant asks, from the lines that are seen."""
    rows = [_row(heard, heard.jobs[k]) for k in seen]
    fake = np.array([row.is_fake for row in rows])
    people = [
        row.group if not row.is_fake and heard.jobs[k][1] == AS_IT_IS else None
        for k, row in zip(seen, rows, strict=True)
    ]
    return [
        listeners.Layer(name, fitting.fitted(heard.layers[name][seen], fake, people))
        for name in variant.layers
    ]


def out_of_source(heard: Heard, variant: Variant) -> Answers:
    """Of every clip of train and val, by classifiers that never met its source, nor a copy
    or a sister of it; they did not meet the test split either."""
    return _fold_by_fold(heard, variant, lambda row: row.split != "test")


def everywhere(heard: Heard, variant: Variant) -> Answers:
    """The same over all clips of the manifest: the test split's are asked about as well, and shown
    to those who do not ask about their source."""
    return _fold_by_fold(heard, variant, lambda row: True)


def _fold_by_fold(heard: Heard, variant: Variant, counts: Callable[[Row], bool]) -> Answers:
    """Clips as they are of the rows that count, by classifiers shown other folds' rows."""

    def asked(job: Job, fold: Fold) -> bool:
        row = _row(heard, job)
        clip = job[1] == AS_IT_IS and row.origin == CLIP
        return clip and counts(row) and fold.holds_out(row.source)

    answers: Answers = {}
    for fold in FOLDS:
        found = judged(
            heard,
            variant,
            lambda row, fold=fold: counts(row) and not fold.holds_out(row.source),  # type: ignore[misc]  # mypy infers no lambda with a default
            lambda job, fold=fold: asked(job, fold),  # type: ignore[misc]  # mypy infers no lambda with a default
        )
        answers |= as_they_are(found)
    return answers


def each_layer_once(heard: Heard) -> Callable[[Variant], Answers]:
    """`out_of_source`, where a layer that several variants ask answers once."""
    kept: dict[Variant, Answers] = {}

    def answers(variant: Variant) -> Answers:
        for layer in variant.layers:
            alone = replace(variant, layers=(layer,))
            if alone not in kept:
                kept[alone] = out_of_source(heard, alone)
        each = [kept[replace(variant, layers=(layer,))] for layer in variant.layers]
        return {n: {k: v for one in each for k, v in one[n].items()} for n in each[0]}

    return answers


def _row(heard: Heard, job: Job) -> Row:
    return heard.rows[job[0]]


def on_test(heard: Heard, variant: Variant, lines: Lines) -> dict[str, Scores]:
    """The test split's clips as they are, and a part of them after each way."""
    found = judged(
        heard,
        variant,
        lambda row: row.split != "test",
        lambda job: (
            _row(heard, job).origin == CLIP
            and _row(heard, job).split == "test"
            and job[1] in (AS_IT_IS, *WAYS)
        ),
    )
    return {
        way: together(
            as_they_are({job: told for job, told in found.items() if job[1] == way}), lines
        )
        for way in (AS_IT_IS, *WAYS)
    }


def unmet_engines(heard: Heard, line: Mapping[str, Any]) -> dict[str, Any]:
    """What each engine was made to say here, judged by listeners that never met it, at the
    bound that was found out of source; beside the genuine clips of the test split."""
    told = {}
    for engine in sorted({row.source for row in heard.rows if row.origin == ENGINE}):

        def asked(job: Job, engine: str = engine) -> bool:
            row = _row(heard, job)
            said_here = row.origin == ENGINE and row.source == engine
            genuine = row.origin == CLIP and row.split == "test" and not row.is_fake
            return job[1] == AS_IT_IS and (said_here or genuine)

        found = judged(
            heard,
            replace(line["variant"], without=engine),
            lambda row, engine=engine: row.split != "test" and row.source != engine,  # type: ignore[misc]  # mypy infers no lambda with a default
            asked,
        )
        scores = together(as_they_are(found), line["lines"])
        told[engine] = at_bound(heard, scores, line["used"])
    return told


def unmet_people(heard: Heard, line: Mapping[str, Any]) -> dict[str, Any]:
    """How much of the genuine speech beside the manifest is flagged, at the bound that was found
    out of source, by listeners that never met its source."""
    scores: Scores = {}
    for source in sorted({row.source for row in heard.rows if row.origin == GENUINE}):
        found = judged(
            heard,
            line["variant"],
            lambda row, source=source: row.split != "test" and row.source != source,  # type: ignore[misc]  # mypy infers no lambda with a default
            lambda job, source=source: _row(heard, job).source == source,  # type: ignore[misc]  # mypy infers no lambda with a default
        )
        scores |= together(as_they_are(found), line["lines"])
    found_at = line["used"]["found_at"]
    told: dict[str, Any] = sources_of(measure.by_source(scores, heard.rows, found_at))["real"]
    return told


def compared(
    heard: Heard, plain: Heard | None = None, watch: Watch = lambda variants: variants
) -> dict[str, Any]:
    """All figures: the variants out of source, then the best of them on the test split, shown all
    engines and without the one that speaks there. `plain` is something simpler than the ear,
    heard by one layer."""
    answers = each_layer_once(heard)
    lines = [_line(heard, variant, answers(variant)) for variant in watch(VARIANTS)]
    best = chosen(lines)
    less = blind(best["variant"])
    other = _line(heard, less, answers(less))
    return {
        "plain": plain
        and _line(plain, "mel statistics; clips", out_of_source(plain, Variant((PLAIN,)))),
        "variants": lines,
        "best": best,
        "everywhere": line_everywhere(heard, best),
        "engines": unmet_engines(heard, best),
        "people": unmet_people(heard, best),
        "tests": {
            "all engines shown": tested(heard, best),
            f"{UNKNOWN} never shown": tested(heard, other),
        },
    }


def chosen(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The lowest equal error rate. Where some were shown all the genuine speech that is at hand,
    one of those: it spares people who speak otherwise than the manifest's. Of rates that agree to a
    tenth of a percent the one whose ratios cost less."""
    asked = [line for line in lines if not line["variant"].without]
    return min(
        asked, key=lambda line: (not line["variant"].more, round(line["eer"], 3), line["cllr"])
    )


def blind(variant: Variant) -> Variant:
    """The same, never shown the engine that speaks in the test split."""
    return replace(variant, without=UNKNOWN)


def tested(heard: Heard, line: Mapping[str, Any]) -> dict[str, Any]:
    """The test split, by the calibration and at the bound that were found out of source."""
    found = on_test(heard, line["variant"], line["lines"])
    known = {n: v for n, v in found[AS_IT_IS].items() if heard.rows[n].source != UNKNOWN}
    parts = {AS_IT_IS: found[AS_IT_IS], f"{AS_IT_IS}, no {UNKNOWN}": known} | found
    used = line["used"]
    return {
        "ways": {way: at_bound(heard, part, used) for way, part in parts.items()},
        "sources": sources_of(measure.by_source(found[AS_IT_IS], heard.rows, used["found_at"])),
    }


def at_bound(heard: Heard, scores: Scores, used: Mapping[str, Any]) -> dict[str, Any]:
    """What scores say by a calibration that they had no part in."""
    return (
        measure.summary(scores, heard.rows)
        | {"cllr": measure.cllr(scores, heard.rows, used)}
        | {label: _share(heard, scores, label, used["found_at"]) for label in ("real", "fake")}
    )


def line_of(heard: Heard, variant: Variant) -> dict[str, Any]:
    """A variant's figures out of source, over train and val."""
    return _line(heard, variant, out_of_source(heard, variant))


def line_everywhere(heard: Heard, line: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a line's variant out of source over all clips of the manifest; the ears are
    brought together by the lines of train and val."""
    answers = everywhere(heard, line["variant"])
    return _line(heard, line["variant"], answers, line["lines"])


def _line(
    heard: Heard, variant: Variant | str, answers: Answers, lines: Lines | None = None
) -> dict[str, Any]:
    lines = lines or lines_of(answers, heard.rows)
    scores = together(answers, lines)
    used = measure.calibrated(scores, heard.rows)
    return {
        "variant": variant,
        "lines": lines,
        "used": used,
        "cllr": measure.cllr(scores, heard.rows, used),
        **measure.summary(scores, heard.rows),
        **sources_of(measure.by_source(scores, heard.rows, used["found_at"])),
    }


def _share(heard: Heard, scores: Scores, label: str, found_at: float) -> float:
    flagged = [v >= found_at for n, v in scores.items() if heard.rows[n].label == label]
    return round(float(np.mean(flagged)), 4)


def sources_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Shares flagged, of real and of fake sources."""
    return {
        label: {
            name.removeprefix(f"{label} "): entry
            for name, entry in found.items()
            if name.startswith(f"{label} ")
        }
        for label in ("real", "fake")
    }


def as_text(told: Mapping[str, Any]) -> str:
    """Tables for the page."""
    best, tests, everywhere = told["best"], told["tests"], told["everywhere"]
    text = [
        f"Leave-one-source-out, {best['reals']} real and {best['fakes']} fake clips of train and "
        "val:",
        "",
        "| heard by; shown | AUC | EER | Cllr | most flagged real source |",
        "|---|---|---|---|---|",
    ]
    for line in [*([told["plain"]] if told["plain"] else []), *told["variants"]]:
        worst, entry = max(line["real"].items(), key=lambda item: item[1]["flagged"])
        text.append(
            f"| {line['variant']} | {line['auc']:.3f} | {line['eer']:.1%} | {line['cllr']:.2f} "
            f"| {entry['flagged']:.0%} of {entry['clips']} ({worst}) |"
        )
    text += [
        "",
        "The chosen one in the same way over all clips of the manifest, those of the test split "
        f"among them ({everywhere['reals']} real, {everywhere['fakes']} fake): AUC "
        f"{everywhere['auc']:.3f}, EER {everywhere['eer']:.1%}.",
        "",
        f"What the chosen one ({best['variant']}) flags at its bound, out of source, and in "
        "the test split:",
        "",
        "| source | out of source | " + " | ".join(f"test, {name}" for name in tests) + " |",
        "|---|---|" + "---|" * len(tests),
    ]
    for label in ("real", "fake"):
        columns = [best[label], *(test["sources"][label] for test in tests.values())]
        text += [
            f"| {label} {name} | " + " | ".join(_of(column.get(name)) for column in columns) + " |"
            for name in sorted({name for column in columns for name in column})
        ]
    for name, test in tests.items():
        text += [
            "",
            f"The test split, {name}; bound and calibration as they were out of source:",
            "",
            "| way | AUC | EER | Cllr | real flagged | fake flagged | clips |",
            "|---|---|---|---|---|---|---|",
        ]
        text += [
            f"| {way} | {line['auc']:.2f} | {line['eer']:.0%} | {line['cllr']:.2f} "
            f"| {line['real']:.0%} | {line['fake']:.0%} | {line['reals'] + line['fakes']} |"
            for way, line in test["ways"].items()
        ]
    if told["engines"]:
        text += [
            "",
            "What each engine was made to say here, by listeners that never met it, beside the "
            f"genuine clips of the test split. {len(ONLY_ASKED)} of them are never shown "
            f"({', '.join(sorted(ONLY_ASKED))}), since they speak Japanese or Chinese; the genuine "
            "clips do not, so the language may be a part of what is told:",
            "",
            "| engine | AUC | EER | flagged | sounds |",
            "|---|---|---|---|---|",
        ]
        text += [
            f"| {name} | {line['auc']:.2f} | {line['eer']:.0%} | {line['fake']:.0%} "
            f"| {line['fakes']} |"
            for name, line in told["engines"].items()
        ]
    if told["people"]:
        text += [
            "",
            "Genuine speech beside the manifest's, by listeners that never met its source:",
            "",
            "| source | flagged |",
            "|---|---|",
            *(f"| {name} | {_of(entry)} |" for name, entry in told["people"].items()),
        ]
    return "\n".join(text)


def _of(entry: Mapping[str, Any] | None) -> str:
    return f"{entry['flagged']:.0%} of {entry['clips']}" if entry else "none there"
