"""Pictures of the figures: ROC, reliability, risk against coverage, and what changes leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from ml.evaluation import metrics
from ml.evaluation.degradations import STRENGTHS
from ml.evaluation.robustness import JPEG, LAUNDERING, QUALITIES, SIZES, SOUND
from ml.evaluation.scoring import DECIDED, FUSED, RATIO, Column, Evaluation

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Distinguishable also with colour blindness; dashes help."""
DASHES = ("-", "--", "-.", ":")
BINS = 10
FEWEST_IN_A_BIN = 5
STYLE: Any = {
    "figure.figsize": (6.4, 5.2),
    "figure.dpi": 140,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}


def write(evaluation: Evaluation, report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Every figure that has something to show. Older ones of other runs are taken away."""
    for old in folder.glob("figure-*.png"):
        old.unlink()
    written = []
    with plt.rc_context(STYLE):
        for name, draw in (("roc", roc), ("reliability", reliability), ("risk", risk_coverage)):
            figure, axes = plt.subplots(layout="constrained")
            if draw(axes, evaluation):
                written.append(folder / f"figure-{name}.png")
                figure.savefig(written[-1])
            plt.close(figure)
        for name, robust in report.get("robustness", {}).items():
            if name != "items" and robust["worst_cell"] and robust["scale"] == RATIO:
                written.append(folder / f"figure-robustness-{name}.png")
                _robustness(name, robust, report["robustness"]["items"], written[-1])
    return written


def _columns(evaluation: Evaluation) -> list[tuple[int, str, Column]]:
    """Colour by position, so that a detector looks the same in every figure."""
    names = [*evaluation.names, FUSED]
    return [(n, name, evaluation.columns[name]) for n, name in enumerate(names)]


def _line(number: int) -> dict[str, Any]:
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": DASHES[number % len(DASHES)]}


def roc(axes: Axes, evaluation: Evaluation) -> bool:
    drawn = False
    for number, name, column in _columns(evaluation):
        fake, scores = evaluation.fake[column.scored], column.order[column.scored]
        if (area := metrics.auc(fake, scores)) is None:
            continue
        alarms, hits, _ = metrics.roc(fake, scores)
        label = f"{name}: AUC {area:.3f}, {(~fake).sum()} real, {fake.sum()} fake"
        if column.scale != RATIO:
            label += " (raw score)"
        axes.plot(alarms, hits, label=label, **_line(number))
        drawn = True
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=0.8)
    axes.axvline(0.05, color="0.7", linewidth=0.8, linestyle=":")
    axes.text(0.055, 0.3, "5 % false alarms", rotation=90, color="0.45", fontsize=8)
    axes.set(
        xlabel="false alarms among genuine files",
        ylabel="hits among manipulated files",
        title="Hits against false alarms",
        xlim=(-0.01, 1.01),
        ylim=(-0.01, 1.01),
    )
    if drawn:
        axes.legend(loc="lower right", fontsize=8)
    return drawn


def reliability(axes: Axes, evaluation: Evaluation) -> bool:
    drawn = False
    for number, name, column in _columns(evaluation):
        known = np.isfinite(column.probabilities)
        predicted, true, count = binned(evaluation.fake[known], column.probabilities[known])
        if not len(count):
            continue
        style = _line(number)
        axes.plot(predicted, true, label=f"{name}: {known.sum()} files", **style)
        axes.scatter(
            predicted, true, s=15 + 200 * count / count.sum(), color=style["color"], alpha=0.6
        )
        drawn = True
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=0.8)
    axes.set(
        xlabel="probability that was said",
        ylabel="share that was manipulated",
        title=f"What was said, and how often it was true\n(bins with at least {FEWEST_IN_A_BIN} "
        "files; area of a dot: files in it)",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    if drawn:
        axes.legend(loc="upper left", fontsize=8)
    return drawn


def binned(
    fake: NDArray[np.bool_], predicted: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean prediction, share of fakes and count of each bin that has enough files."""
    place = np.clip((predicted * BINS).astype(int), 0, BINS - 1)
    count = np.bincount(place, minlength=BINS)
    enough = count >= FEWEST_IN_A_BIN
    safe = np.maximum(count, 1)
    mean = np.bincount(place, predicted, minlength=BINS) / safe
    true = np.bincount(place, fake.astype(float), minlength=BINS) / safe
    return mean[enough], true[enough], count[enough]


def risk_coverage(axes: Axes, evaluation: Evaluation) -> bool:
    drawn = False
    for number, name, column in _columns(evaluation):
        if column.scale != RATIO:
            continue
        fake, scores = evaluation.fake[column.scored], column.scores[column.scored]
        share, risk = risks(fake, scores, len(evaluation.fake))
        style = _line(number)
        axes.plot(share, risk, label=name, **style)
        decided = [
            DECIDED[outcome] != truth
            for outcome, truth in zip(column.decided, evaluation.fake, strict=True)
            if outcome in DECIDED
        ]
        if decided:
            at = len(decided) / len(evaluation.fake), float(np.mean(decided))
            axes.scatter(*at, marker="*", s=140, color=style["color"], zorder=3)
        drawn = True
    axes.set(
        xlabel="share of all files that would be answered, the surest first",
        ylabel="share of wrong answers among them",
        title="Risk against coverage (star: what is decided as it is served)",
        xlim=(-0.01, 1.01),
    )
    axes.set_ylim(bottom=0)
    if drawn:
        axes.legend(loc="upper left", fontsize=8)
    return drawn


def risks(
    fake: NDArray[np.bool_], ratios: NDArray[np.float64], total: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors among the surest k, for each k at which no equally sure file is left out."""
    order = np.argsort(-np.abs(ratios), kind="stable")
    sure = np.abs(ratios)[order]
    wrong = np.cumsum((ratios > 0)[order] != fake[order])
    ends = np.append(np.flatnonzero(np.diff(sure)), len(sure) - 1).astype(int)
    return (ends + 1) / max(total, 1), wrong[ends] / (ends + 1)


# === Robustness ===


def _robustness(name: str, robust: Mapping[str, Any], items: int, path: Path) -> None:
    by = {(cell["family"], cell["level"]): cell for cell in robust["cells"]}
    seven = [[by.get((f, str(level))) for level in range(1, 6)] for f in STRENGTHS]
    square = [[by.get((JPEG, f"{q} x {s:g}")) for q in QUALITIES] for s in SIZES]
    other = [cell for cell in robust["cells"] if cell["family"] in (LAUNDERING, SOUND)]
    panels: list[tuple[str, list[list[Any]], Sequence[str], Sequence[str]]] = [
        ("strength", seven, list(STRENGTHS), [str(level) for level in range(1, 6)]),
        (
            "JPEG quality (rows: size)",
            square,
            [f"{s:g}" for s in SIZES],
            [str(q) for q in QUALITIES],
        ),
        ("", [[cell] for cell in other], [cell["level"] for cell in other], ["AUC"]),
    ]
    panels = [panel for panel in panels if any(cell for row in panel[1] for cell in row)]
    figure, all_axes = plt.subplots(
        1,
        len(panels),
        figsize=(4.6 * len(panels), 4.4),
        width_ratios=[max(len(panel[3]), 2) for panel in panels],
        layout="constrained",
        squeeze=False,
    )
    for axes, (label, rows, names, heads) in zip(all_axes[0], panels, strict=True):
        image = _heat(axes, rows, names, heads, label)
    figure.colorbar(image, ax=list(all_axes[0]), label="AUC", shrink=0.8)
    fall = robust["mean_drop"]
    clean = np.mean([c["auc_clean"] for c in robust["cells"] if c["auc_clean"] is not None])
    suffix = f", untouched {clean:.2f}"
    suffix += f"; mean fall over the seven kinds {fall:+.3f}" if fall is not None else ""
    figure.suptitle(f"{name} after what happens on the way, {items} files{suffix}", fontsize=11)
    figure.savefig(path)
    plt.close(figure)


def _heat(
    axes: Axes, rows: list[list[Any]], names: Sequence[str], heads: Sequence[str], label: str
) -> Any:
    values = np.array(
        [[np.nan if c is None or c["auc"] is None else c["auc"] for c in row] for row in rows]
    )
    image = axes.imshow(values, vmin=0.5, vmax=1.0, cmap="viridis", aspect="auto")
    axes.set_xticks(range(len(heads)), heads)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(label)
    axes.grid(visible=False)
    for (row, column), value in np.ndenumerate(values):
        text = "-" if np.isnan(value) else f"{value:.2f}"
        axes.text(
            column, row, text, ha="center", va="center", fontsize=8,
            color="black" if value > 0.8 or np.isnan(value) else "white",
        )  # fmt: skip
    return image
