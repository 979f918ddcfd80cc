"""The figures for a person, and no digit more than the number of items carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ml.evaluation.scoring import FUSED, RATIO

ROWS = (
    ("items", "n"),
    ("scored share", "coverage"),
    ("scored: real", "reals"),
    ("scored: fake", "fakes"),
    ("ranked by", "scale"),
    ("AUC", "auc"),
    ("  95 % from", "auc_low"),
    ("  to", "auc_high"),
    ("average precision", "ap"),
    ("equal error rate", "eer"),
    ("hits at 1 % false alarms", "tpr_at_1_fpr"),
    ("hits at 5 % false alarms", "tpr_at_5_fpr"),
    ("balanced accuracy, frozen", "balanced_accuracy"),
    ("hits, frozen", "tpr"),
    ("false alarms, frozen", "fpr"),
    ("Brier", "brier"),
    ("calibration error (ECE)", "ece"),
    ("Cllr", "cllr"),
    ("min Cllr", "min_cllr"),
    ("decided share", "decided_share"),
    ("accuracy of decided", "decided_accuracy"),
    ("not applicable", "not_applicable"),
    ("failed", "failed"),
    ("ran without a score", "unscored"),
    ("declared, no detection", "declared"),
)
PARTED = (
    ("fpr_by_source", "reals_by_source", "False alarms by source, at the frozen operating point",
     "false alarms"),
    ("cllr_by_source", None, "Cllr by genuine source, against all fakes", "Cllr against"),
    ("auc_by_method", None, "AUC by method, against all genuine items", "AUC"),
)  # fmt: skip
"""Reported part by part: the figure, of how many it is (if reported), its title on the terminal
and on a page."""
FOR_A_THIRD_DIGIT = 100
"""Items of each class; with fewer, a third digit is noise."""
NOTHING = "-"


def printed(report: Mapping[str, Any], console: Console) -> None:
    columns = {**report["detectors"], FUSED: report[FUSED]}
    console.print(_main(columns))
    for key, of, title, _ in PARTED:
        if parts := list(_parts(columns, key, of)):
            table = _table(title, columns)
            for part, cells in parts:
                table.add_row(Text(part), *cells)
            console.print(table)
    if robust := report.get("robustness"):
        for name in columns:
            if robust[name]["worst_cell"] and robust[name]["scale"] == RATIO:
                console.print(_robustness(name, robust))
    for warning in report.get("warnings", ()):
        console.print(Text(f"Look at this: {warning}", style="yellow"))


def _main(columns: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    table = _table("", columns)
    for title, key in ROWS:
        table.add_row(title, *(number(found[key], found) for found in columns.values()))
    return table


def _parts(
    columns: Mapping[str, Mapping[str, Any]], key: str, of: str | None = None
) -> Iterator[tuple[str, list[str]]]:
    """A row a source or method that any of the columns knows."""
    for part in sorted({part for found in columns.values() for part in found[key] or ()}):
        cells = []
        for found in columns.values():
            value = (found[key] or {}).get(part)
            counted = f" of {found[of][part]}" if of and value is not None else ""
            cells.append(number(value, found) + counted)
        yield clean(part), cells


def _robustness(name: str, robust: Mapping[str, Any]) -> RenderableType:
    """A row a kind of change; what each strength leaves of the AUC."""
    figures = robust[name]
    table = Table(
        title=f"AUC of {name} after changes, on {robust['items']} files",
        title_justify="left",
        box=None,
        pad_edge=False,
        caption=_drop(figures),
        caption_justify="left",
    )
    for head in ("", "untouched", "after, by strength", "mean fall"):
        table.add_column(head, justify="left" if head in ("", "after, by strength") else "right")
    for family, fall in figures["drop_by_family"].items():
        cells = [cell for cell in figures["cells"] if cell["family"] == family]
        named = [f"{cell['auc']:.2f}" if cell["auc"] is not None else NOTHING for cell in cells]
        if not cells[0]["level"].isdigit():
            named = [f"{c['level']}: {value}" for c, value in zip(cells, named, strict=True)]
        clean = np.mean([cell["auc_clean"] for cell in cells if cell["auc_clean"] is not None])
        table.add_row(family, f"{clean:.2f}", "  ".join(named), f"{fall:+.2f}")
    return table


def _drop(figures: Mapping[str, Any]) -> str:
    worst = f"worst: {figures['worst_cell']} ({figures['worst_auc']:.2f})"
    if figures["mean_drop"] is None:
        return worst
    return f"mean fall over the seven kinds {figures['mean_drop']:+.3f}; {worst}"


def _table(title: str, columns: Sequence[str] | Mapping[str, Any]) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    return table


def number(value: Any, found: Mapping[str, Any]) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        many = min(found["reals"], found["fakes"]) >= FOR_A_THIRD_DIGIT
        return f"{value:.3f}" if many else f"{value:.2f}"
    return str(value)


def clean(text: str) -> str:
    """A manifest may hold escapes; a terminal must not obey them."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def markdown(report: Mapping[str, Any], names: Sequence[str] | None = None) -> str:
    """The same figures as one table for a page; of these columns, or of all."""
    columns = {**report["detectors"], FUSED: report[FUSED]}
    chosen = {name: columns[name] for name in names or columns}
    lines = [
        "| | " + " | ".join(chosen) + " |",
        "|---|" + "---:|" * len(chosen),
    ]

    def row(title: str, cells: Sequence[str]) -> None:
        if any(cell != NOTHING for cell in cells):
            lines.append(f"| {title.strip()} | " + " | ".join(cells) + " |")

    for title, key in ROWS:
        row(title, [number(found[key], found) for found in chosen.values()])
    for key, _, _, title in PARTED:
        for part, cells in _parts(chosen, key):
            row(f"{title}: {part}", cells)
    if robust := report.get("robustness"):
        title = f"mean fall of AUC over the seven kinds of change, {robust['items']} files"
        row(title, [number(robust[name]["mean_drop"], found) for name, found in chosen.items()])
        row("worst of all changes", [_worst(robust[name]) for name in chosen])
    return "\n".join(lines) + "\n"


def _worst(figures: Mapping[str, Any]) -> str:
    if not figures["worst_cell"] or figures["scale"] != RATIO:
        return NOTHING
    return f"{figures['worst_cell']} (AUC {figures['worst_auc']:.2f})"


def scored(report: Mapping[str, Any]) -> list[str]:
    """The columns that say something: detectors with a ratio, and the verdict."""
    ratios = [name for name, found in report["detectors"].items() if found["scale"] == RATIO]
    return [*ratios, FUSED]
