"""Does an ear that others trained tell machines from people where no one of the source was shown?

On what each layer hears stands a plain classifier; the mean of the chosen layers' scores is the
answer. Variants are compared by leave-one-source-out on train and val alone; the one with the
lowest equal error rate there is then, once, tried on the test split, clean and degraded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ml.training.sound import measure
from ml.training.sound.borrowed import ANY_WAY, AS_IT_IS, WAYS, Heard, Job
from ml.training.sound.data import FOLDS
from ml.training.sound.store import CLIP, ENGINE, VOCODED, Row

Scores = dict[int, float]
Watch = Callable[[Sequence["Variant"]], Any]
SOFTNESS = 5.0
"""The classifier's C."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Which layers are asked, and what the classifiers were shown beside the clips."""

    layers: tuple[int, ...]
    made: bool = False
    """Engines' speech and vocoded copies."""
    worn: bool = False
    """Clips degraded in any way, both classes alike."""

    def shows(self, job: Job, row: Row) -> bool:
        if job[1] != AS_IT_IS:
            return self.worn and job[1] == ANY_WAY
        return row.origin == CLIP or (self.made and row.origin in (ENGINE, VOCODED))

    def __str__(self) -> str:
        beside = [name for name, there in (("made", self.made), ("degraded", self.worn)) if there]
        many = "layers" if len(self.layers) > 1 else "layer"
        return f"{many} {', '.join(map(str, self.layers))}; {', '.join(['clips', *beside])}"


FAR = (0, 1, 3, 5)
"""The convolutions, and how far up what they heard has gone."""
VARIANTS = (
    *(Variant((layer,)) for layer in range(7)),
    Variant((1,), made=True),
    Variant((1,), worn=True),
    *(Variant((layer,), made=True, worn=True) for layer in FAR),
    Variant(FAR),
    Variant((0, 1), made=True, worn=True),
    Variant((1, 3), made=True, worn=True),
    Variant(FAR, made=True, worn=True),
)


def judged(
    heard: Heard,
    variant: Variant,
    may_see: Callable[[Row], bool],
    asked: Callable[[Job], bool],
) -> Mapping[Job, float]:
    """Scores of the jobs that are asked for, by classifiers that saw only what they may."""
    row_of = [heard.rows[number] for number, _ in heard.jobs]
    seen = [k for k, row in enumerate(row_of) if may_see(row) and variant.shows(heard.jobs[k], row)]
    wanted = [k for k, job in enumerate(heard.jobs) if asked(job)]
    if not wanted:
        return {}
    labels = np.array([row_of[k].is_fake for k in seen])
    scores = np.mean(
        [_classified(heard.values[:, layer], seen, labels, wanted) for layer in variant.layers],
        axis=0,
    )
    return {heard.jobs[k]: float(score) for k, score in zip(wanted, scores, strict=True)}


def _classified(
    values: NDArray[np.float32], seen: list[int], labels: NDArray[np.bool_], wanted: list[int]
) -> NDArray[np.float64]:
    """A support vector machine with radial basis, on numbers of unit spread among those seen."""
    scale = StandardScaler().fit(values[seen])
    shown, asked = scale.transform(values[seen]), scale.transform(values[wanted])
    classifier = SVC(C=SOFTNESS, kernel="precomputed", class_weight="balanced")
    classifier.fit(_alike(shown, shown), labels)
    return np.asarray(classifier.decision_function(_alike(asked, shown)))


def _alike(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """exp(-squared distance / numbers), the kernel; by one product, for speed."""
    squares = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None]
    distance = np.maximum(squares - 2 * some @ others.T, 0.0)
    return np.asarray(np.exp(-distance / some.shape[1]), np.float64)


def out_of_source(heard: Heard, variant: Variant) -> Scores:
    """Every clip of train and val, scored by classifiers that never met its source, nor a copy
    or a sister of it; they did not meet the test split either."""
    scores: Scores = {}
    for fold in FOLDS:
        found = judged(
            heard,
            variant,
            lambda row, fold=fold: row.split != "test" and not fold.holds_out(row.source),
            lambda job, fold=fold: _is_clip(heard, job) and fold.holds_out(_row(heard, job).source),
        )
        scores |= {number: score for (number, _), score in found.items()}
    return scores


def each_layer_once(heard: Heard) -> Callable[[Variant], Scores]:
    """`out_of_source`, where a layer that several variants ask answers once."""
    kept: dict[Variant, Scores] = {}

    def scores(variant: Variant) -> Scores:
        answers = []
        for layer in variant.layers:
            alone = replace(variant, layers=(layer,))
            if alone not in kept:
                kept[alone] = out_of_source(heard, alone)
            answers.append(kept[alone])
        return {n: float(np.mean([answer[n] for answer in answers])) for n in answers[0]}

    return scores


def _row(heard: Heard, job: Job) -> Row:
    return heard.rows[job[0]]


def _is_clip(heard: Heard, job: Job) -> bool:
    row = _row(heard, job)
    return job[1] == AS_IT_IS and row.origin == CLIP and row.split != "test"


def on_test(heard: Heard, variant: Variant) -> dict[str, Scores]:
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
        way: {number: score for (number, went), score in found.items() if went == way}
        for way in (AS_IT_IS, *WAYS)
    }


def compared(
    heard: Heard, plain: Heard | None = None, watch: Watch = lambda variants: variants
) -> dict[str, Any]:
    """All figures: the variants out of source, then the best of them on the test split. `plain`
    is something simpler than the ear, heard by one layer."""
    answers = each_layer_once(heard)
    lines = [_line(heard, variant, answers(variant)) for variant in watch(VARIANTS)]
    best = min(lines, key=lambda line: line["eer"])
    found = on_test(heard, best["variant"])
    slope, offset, threshold = (best["platt"][name] for name in ("slope", "offset", "threshold"))
    test = {
        way: measure.summary(scores, heard.rows)
        | {"cllr": measure.cllr(scores, heard.rows, slope, offset)}
        | {label: _share(heard, scores, label, threshold) for label in ("real", "fake")}
        for way, scores in found.items()
    }
    return {
        "plain": plain
        and _line(plain, "mel statistics; clips", out_of_source(plain, Variant((0,)))),
        "variants": lines,
        "best": best,
        "test": test,
        "test_sources": sources_of(measure.by_source(found[AS_IT_IS], heard.rows, threshold)),
    }


def _line(heard: Heard, variant: Variant | str, scores: Scores) -> dict[str, Any]:
    platt = measure.calibrated(scores, heard.rows)
    return {
        "variant": variant,
        "platt": platt,
        "cllr": measure.cllr(scores, heard.rows, platt["slope"], platt["offset"]),
        **measure.summary(scores, heard.rows),
        **sources_of(measure.by_source(scores, heard.rows, platt["threshold"])),
    }


def _share(heard: Heard, scores: Scores, label: str, threshold: float) -> float:
    return float(
        np.mean([v > threshold for n, v in scores.items() if heard.rows[n].label == label])
    )


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
    best, test = told["best"], told["test"]
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
        f"What the best by EER ({best['variant']}) flags at its threshold, out of source, and in "
        "the test split:",
        "",
        "| source | out of source | test split |",
        "|---|---|---|",
    ]
    for label in ("real", "fake"):
        outside, inside = best[label], told["test_sources"][label]
        text += [
            f"| {label} {name} | {_of(outside.get(name))} | {_of(inside.get(name))} |"
            for name in sorted({*outside, *inside})
        ]
    text += [
        "",
        "The same on the test split, threshold and calibration as they were:",
        "",
        "| way | AUC | EER | Cllr | real flagged | fake flagged | clips |",
        "|---|---|---|---|---|---|---|",
    ]
    text += [
        f"| {way} | {line['auc']:.2f} | {line['eer']:.0%} | {line['cllr']:.2f} "
        f"| {line['real']:.0%} | {line['fake']:.0%} | {line['reals'] + line['fakes']} |"
        for way, line in test.items()
    ]
    return "\n".join(text)


def _of(entry: Mapping[str, Any] | None) -> str:
    return f"{entry['flagged']:.0%} of {entry['clips']}" if entry else "none there"
