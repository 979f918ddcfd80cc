"""Reports what a tuned encoder adds to the small network, on the faces that `altered_rows` wrote.

    python -m lab.image_encoders.altered_report FOLDER RUN [--write docs/training-face.md]
    python -m lab.image_encoders.altered_report FOLDER RUN --without-swaps OTHER

The two are combined as they are served; the test split is only measured. Gains have bootstrap
intervals over people. OTHER is a run that was trained without swaps.
For each run only the faces scored by `altered_scores` count.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.common.speaking import say
from lab.face.calibrate import FEWEST_OF_A_SOURCE, for_card, upper_bound
from lab.face.release import FACE
from lab.image_encoders import forgery_release
from lab.image_encoders.beside_forgery import auc, hits
from ml.evaluation import pages

SWAPS = "swaps"
DRAWS = 400
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    small: Floats
    large: Floats
    kind: NDArray[np.str_]
    source: NDArray[np.str_]
    person: NDArray[np.str_]
    number: NDArray[np.int64]
    degraded: NDArray[np.bool_]

    @classmethod
    def read(cls, folder: Path, split: str, run: str) -> Part:
        """The faces that the run scored."""
        parts = [np.load(file) for file in sorted(folder.glob(f"{run}-{split}*.npy"))]
        large = np.fmax.reduce(parts).astype(np.float64)
        known = np.isfinite(large)
        names = ("kind", "source", "person", "number", "degraded")
        with np.load(folder / f"altered-{split}.npz") as stored:
            small = stored["small"].astype(np.float64)[known]
            return cls(small, large[known], *(stored[name][known] for name in names))

    @property
    def genuine(self) -> NDArray[np.bool_]:
        return np.asarray(self.kind == "", np.bool_)

    def of(self, rows: NDArray[np.bool_]) -> Part:
        return Part(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Together:
    """The sum of both, with the shares that `forgery_release` gives them."""

    small: float
    large: float

    @classmethod
    def fitted(cls, val: Part) -> Together:
        return cls(*forgery_release.halves(val.small[val.genuine], val.large[val.genuine]))

    def __call__(self, part: Part) -> Floats:
        return self.small * part.small + self.large * part.large


def calibrated(val: Part, scores: Floats) -> dict[str, Any]:
    """As `lab.face.calibrate.fitted`: of genuine faces the highest of all sources' bounds."""
    fake = ~val.genuine
    genuine = [scores[~fake]]
    genuine += [scores[~fake & (val.source == name)] for name in np.unique(val.source[~fake])]
    return for_card(
        fake, scores, val.person,
        found_at=max(
            upper_bound(values, FACE.found_alpha)
            for number, values in enumerate(genuine)
            if not number or len(values) >= FEWEST_OF_A_SOURCE
        ),
        found_alpha=FACE.found_alpha, clear_alpha=FACE.clear_alpha,
        reals=len(np.unique(val.number[~fake])), fakes=len(np.unique(val.number[fake])),
    )  # fmt: skip


def gained(part: Part, before: Floats, after: Floats, figure: Any) -> tuple[float, float]:
    """The 95 % interval of the gain, with people resampled."""
    random = np.random.default_rng(3)
    _, place = np.unique(part.person, return_inverse=True)
    of = [np.flatnonzero(place == n) for n in range(place.max() + 1)]
    fake = ~part.genuine
    gains = []
    for _ in range(DRAWS):
        rows = np.concatenate([of[n] for n in random.integers(len(of), size=len(of))])
        if fake[rows].any() and not fake[rows].all():
            gains.append(figure(fake[rows], after[rows]) - figure(fake[rows], before[rows]))
    low, high = np.quantile(gains, [0.025, 0.975])
    return float(low), float(high)


def as_text(val: Part, test: Part, without: Part | None) -> str:
    val = val.of(val.genuine | (val.kind == SWAPS))
    together = Together.fitted(val)
    swaps = test.of(test.genuine | (test.kind == SWAPS))
    own = swaps.of((swaps.source == "dfdc") | (swaps.kind == SWAPS))
    lines = [
        f"Combined with the spreads of {len(np.unique(val.number[val.genuine]))} genuine faces of "
        f"the validation split, measured on {_counts(swaps)}.",
        "",
        "| swaps of the test split | AUC | hits at 5 % false alarms | against the genuine of their "
        "own collection: AUC | hits |",
        "|---|---|---|---|---|",
    ]
    judges: dict[str, Callable[[Part], Floats]] = {
        "small network alone": lambda p: p.small,
        "tuned encoder alone": lambda p: p.large,
        "both, as served": together,
    }
    for name, scores in judges.items():
        figures = [f(~p.genuine, scores(p)) for p in (swaps, own) for f in (auc, hits)]
        lines.append(f"| {name} | " + " | ".join(f"{one:.3f}" for one in figures) + " |")
    spans = [gained(p, p.small, together(p), f) for p in (swaps, own) for f in (auc, hits)]
    cells = " | ".join(f"{low:+.3f} to {high:+.3f}" for low, high in spans)
    lines.append(f"| gained by both over the small network, 95 % | {cells} |")
    if without is not None:
        met = without.of(without.genuine | (without.kind == SWAPS))
        inner = met.of((met.source == "dfdc") | (met.kind == SWAPS))
        figures = [f(~p.genuine, p.large) for p in (met, inner) for f in (auc, hits)]
        lines.append(
            f"| tuned encoder that met no picture of the collection ({_counts(met)}) | "
            + " | ".join(f"{one:.3f}" for one in figures) + " |"
        )  # fmt: skip
    lines += ["", *_kinds(test, together, without), "", *_alarms(val, test, together)]
    return "\n".join(lines)


def _counts(part: Part) -> str:
    fakes = int((~part.genuine).sum())
    return f"{len(part.small) - fakes} genuine and {fakes} swapped faces"


def _kinds(test: Part, together: Together, without: Part | None) -> list[str]:
    lines = [
        "| altered how (AUC against all genuine faces of the test split) | faces | small network | "
        "tuned encoder | both | tuned encoder that met no swap |",
        "|---|---|---|---|---|---|",
    ]
    for kind in sorted(set(test.kind) - {"", SWAPS}):
        some = test.of(test.genuine | (test.kind == kind))
        figures = [auc(~some.genuine, s) for s in (some.small, some.large, together(some))]
        last = ""
        if without is not None:
            rest = without.of(without.genuine | (without.kind == kind))
            last = f"{auc(~rest.genuine, rest.large):.3f}"
        cells = " | ".join(f"{one:.3f}" for one in figures)
        count = int((test.kind == kind).sum())
        lines.append(f"| {kind.replace('_', ' ')} | {count} | {cells} | {last} |")
    return lines


def _alarms(val: Part, test: Part, together: Together) -> list[str]:
    alone, both = calibrated(val, val.small), calibrated(val, together(val))
    lines = [
        "| genuine faces called altered, at bounds frozen on the validation split | faces | "
        "small network | both |",
        "|---|---|---|---|",
    ]
    for source in np.unique(test.source[test.genuine]):
        some = test.of(test.genuine & (test.source == source))
        shares = (
            float(np.mean(some.small >= alone["found_at"])),
            float(np.mean(together(some) >= both["found_at"])),
        )
        lines.append(f"| {source} | {len(some.small)} | {shares[0]:.1%} | {shares[1]:.1%} |")
    swaps = test.of(test.kind == SWAPS)
    found = (
        float(np.mean(swaps.small >= alone["found_at"])),
        float(np.mean(together(swaps) >= both["found_at"])),
    )
    lines.append(f"| *swaps found there* | {len(swaps.small)} | {found[0]:.1%} | {found[1]:.1%} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path)
    parser.add_argument("run")
    parser.add_argument("--without-swaps", metavar="OTHER")
    parser.add_argument("--write", type=Path, metavar="FILE", help="between the marks `tuned`")
    options = parser.parse_args()
    val, test = (Part.read(options.folder, split, options.run) for split in ("val", "test"))
    test, without = test.of(~test.degraded), None
    if options.without_swaps:
        without = Part.read(options.folder, "test", options.without_swaps)
        without = without.of(~without.degraded)
    text = as_text(val, test, without)
    if options.write:
        pages.written(options.write, "tuned", text)
    say(text)


if __name__ == "__main__":
    main()
